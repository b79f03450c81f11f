"""The settings of a schedule."""

from __future__ import annotations

from typing import Literal

from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.settings.values import Number


class ScheduleExtension(ExtensionSettings):
    """A number that leads to one number while a calendar is open, and else to another."""

    type: Literal["schedule"]
    calendar: str
    "The name of one of [[calendars]]."
    open: Number
    "Where calls go while it is open; the schedule must be allowed its route."
    closed: Number
    "Where they go while it is closed."
    managers: tuple[Number, ...] = ()
    "The extensions that may open and close the calendar by a code; without the key, all."

    def overflows(self) -> dict[str, str]:
        """The numbers that calls go on to, by their keys."""
        return {"open": self.open, "closed": self.closed}
