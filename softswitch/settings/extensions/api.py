"""The settings of an API extension."""

from __future__ import annotations

from typing import Literal

from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.settings.values import Url


class ApiExtension(ExtensionSettings):
    """A number whose calls are handed to a web application."""

    type: Literal["api"]
    url: Url | None = None
    "Where IncomingCall is posted; without the key, to `notifications.incoming_call`."
