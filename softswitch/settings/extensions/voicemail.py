"""The settings of a voicemail extension."""

from __future__ import annotations

from typing import Literal

from softswitch.settings.extensions.base import ExtensionSettings


class VoicemailExtension(ExtensionSettings):
    """A number where calls of extensions with a mailbox are taken, and where messages are heard."""

    type: Literal["voicemail"]
