"""The settings of an echo extension."""

from __future__ import annotations

from typing import Literal

from softswitch.settings.extensions.base import ExtensionSettings


class EchoExtension(ExtensionSettings):
    """A number that plays back what it receives."""

    type: Literal["echo"]
