"""The traces that `/v1` shows; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.operations import Operation
from softswitch.trace.shown import TraceShown

MOST_SHOWN = 1000
"Lines in one answer."

Limit = Annotated[int, Meta(ge=1, le=MOST_SHOWN, description="The most lines in the answer.")]
Offset = Annotated[int, Meta(ge=0, description="How many of the first lines to leave out.")]


class TracePage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the lines are shown."""

    limit: Limit = MOST_SHOWN
    offset: Offset = 0


TRACE_OPERATIONS = (
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
