"""The table [trace]: what is kept of every call, message and alarm, and for how long."""

from __future__ import annotations

from softswitch.settings.values import Section


class TraceSettings(Section):
    """The timelines of calls, messages and alarms."""

    enabled: bool = True
    "Whether there are any."
