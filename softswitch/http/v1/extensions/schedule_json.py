"""A schedule as JSON; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.operations import Operation


class ScheduleShown(msgspec.Struct, frozen=True, kw_only=True):
    """Where the calls of a schedule go now, and why."""

    calendar: Annotated[str, Meta(description="The name of its calendar.")]
    open: Annotated[str, Meta(description="Where calls go while the calendar is open.")]
    closed: Annotated[str, Meta(description="Where they go while it is closed.")]
    is_open: Annotated[bool, Meta(description="Whether it is open now.")]
    why: Annotated[str, Meta(description="Its hours, the holiday, or `by hand`.")]
    by_hand: Annotated[
        bool | None, Meta(description="Whether it is held open or closed; null by its hours.")
    ]


class SchedulePatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Opens or closes the calendar of a schedule by hand."""

    by_hand: Annotated[
        bool | None, Meta(description="True is open, false closed, null as its hours say.")
    ]


_NONE = ("No schedule has that number.", Problem)

SCHEDULE_OPERATIONS = (
    Operation(
        path="/extensions/{number}/schedule",
        id="showSchedule",
        right=Right.SEE_OWN,
        summary="Where the calls of a schedule go now, and why.",
        answers={200: ("The schedule.", ScheduleShown), 404: _NONE},
    ),
    Operation(
        path="/extensions/{number}/schedule",
        method="patch",
        id="changeSchedule",
        right=Right.OPERATE_OWN,
        summary="Open or close the calendar of a schedule by hand.",
        body=SchedulePatch,
        answers={
            200: ("The schedule as it is now.", ScheduleShown),
            400: ("A value is wrong; nothing has changed.", Problem),
            404: _NONE,
            503: ("The database takes nothing; nothing has changed.", Problem),
        },
    ),
)
"What `schedule_api.py` serves."
