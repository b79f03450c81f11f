"""The traces that `/v1` shows; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.operations import Operation
from softswitch.trace.shown import ShownLine, TraceShown

MOST_SHOWN = 1000
"Lines in one answer."

Limit = Annotated[int, Meta(ge=1, le=MOST_SHOWN, description="The most lines in the answer.")]
Offset = Annotated[int, Meta(ge=0, description="How many of the first lines to leave out.")]


class TracePage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the lines are shown."""

    limit: Limit = MOST_SHOWN
    offset: Offset = 0


FROM_NOW = 2**53 - 1
"Higher than the number of any line."


class Since(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From where on the last lines are shown."""

    after: Annotated[
        int,
        Meta(ge=0, description="The `next` of the answer before; without it, no lines are shown."),
    ] = FROM_NOW
    limit: Limit = MOST_SHOWN


class FollowedLine(ShownLine, frozen=True, kw_only=True):
    """A line, and what it is about."""

    call_id: Annotated[str, Meta(description="The id of the call, message or alarm.")]


class RecentShown(msgspec.Struct, frozen=True, kw_only=True):
    """The last lines of all traces."""

    next: Annotated[int, Meta(description="The `after` of the next question.")]
    missed: Annotated[int, Meta(description="Lines that came and are forgotten again.")]
    lines: list[FollowedLine]


TRACE_OPERATIONS = (
    Operation(
        path="/traces/recent",
        id="showRecentLines",
        right=Right.SEE_OWN,
        summary="The lines that have come to the traces of all calls since the question before.",
        query=Since,
        answers={
            200: ("The lines, oldest first.", RecentShown),
            400: ("A parameter is wrong.", Problem),
        },
    ),
    Operation(
        path="/calls/{call_id}/trace",
        id="showTrace",
        right=Right.SEE_OWN,
        summary="What happened to a call, which may have ended, line by line, oldest first.",
        query=TracePage,
        answers={
            200: ("A page of the lines.", TraceShown),
            400: ("A parameter is wrong.", Problem),
            404: ("There is no trace of such a call.", Problem),
        },
    ),
    Operation(
        path="/calls/{call_id}/trace.pcap",
        id="exportTrace",
        right=Right.SEE_OWN,
        summary="The SIP messages of a call as a capture file, without secrets.",
        answers={
            200: ("The file.", "application/vnd.tcpdump.pcap"),
            404: ("There is no trace of such a call.", Problem),
        },
    ),
)
"What `trace_api.py` serves."
