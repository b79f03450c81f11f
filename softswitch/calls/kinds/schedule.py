"""The schedule extension: its calls go on to one number by day and to another by night."""

from __future__ import annotations

from softswitch.calls.numbers.extension import Extension, ExtensionKind, IsOpen
from softswitch.settings.extensions.schedule import ScheduleExtension


def leads_to(extension: Extension, is_open: IsOpen) -> str:
    """The number that its calendar names for now."""
    settings = extension.settings_as(ScheduleExtension)
    return settings.open if is_open(settings.calendar) else settings.closed


SCHEDULE = ExtensionKind(
    name="schedule", api_name="Schedule", settings=ScheduleExtension, leads_to=leads_to
)
