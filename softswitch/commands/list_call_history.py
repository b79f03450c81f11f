"""List the calls that have ended or still run.

command=ListCallHistory&Direction=Internal&PageNumber=0&RowsPerPage=20
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP
from softswitch.commands.base.replies import Listing, Reply
from softswitch.commands.base.switch_context import HistoryPage
from softswitch.commands.base.values import ParameterKind, whole
from softswitch.guard.rights import Right

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?", re.ASCII)


def read_time(text: str) -> datetime:
    """Local time as `2013-01-17 13:32:12`, or a day."""
    if not _TIME.fullmatch(text.strip()):
        raise ValueError(text)
    return datetime.fromisoformat(text.strip())


LocalTime = Annotated[
    datetime, ParameterKind("local time", read_time, "a time such as 2013-01-17 13:32:12")
]


SPELLINGS = {"callerhungup": "CallerHangUp", "calleehangup": "CalleeHungUp"}
"The reference writes `HangUp` in one state and `HungUp` in the other; both are read in both."


def read_state(text: str) -> str:
    """A state as the history spells it."""
    return SPELLINGS.get(text.strip().lower(), text.strip())


ResultState = Annotated[str, ParameterKind("state", read_state, "a state such as CallerHangUp")]


class CallDirection(StrEnum):
    """Where a call came from and went to."""

    INTERNAL = "Internal"
    EXTERNAL = "External"
    INBOUND = "Inbound"
    OUTBOUND = "Outbound"


class HistoryOrder(StrEnum):
    """Which record comes first."""

    OLDEST_FIRST = "asc"
    NEWEST_FIRST = "desc"


@dataclass(frozen=True, kw_only=True)
class ListCallHistory(Command):
    """List records of calls, oldest first; filters match whole values, in any letter case.

    `General` reads every record between `From` and `To`; the other filters have indexes.
    """

    contexts = HTTP
    right = Right.SEE_OWN
    aliases = ("GetCallHistory",)

    caller_id: str | None = parameter(default=None, example="400")
    "The number that the callee saw."
    call_id: str | None = parameter(default=None, example="fba20")
    "One call."
    source: str | None = parameter(default=None, example="102")
    "The caller's extension."
    destination: str | None = parameter(default=None, example="200")
    "The callee's extension."
    dialed: str | None = parameter(default=None, example="300")
    "The number that was dialled."
    direction: CallDirection | None = parameter(default=None, example="Internal")
    "Internal, External, Inbound or Outbound."
    state: ResultState | None = parameter(default=None, example="CallerHangUp")
    """How the call ended: CallerHangUp, CalleeHungUp, TransferCompleted, Completed, Cancelled, Busy
    or Error; while it lasts Ringing, InCall or Hold."""
    type: str | None = parameter(default=None, example="Audio")
    "Audio."
    from_: LocalTime | None = parameter(default=None, name="From", example="2013-01-17 13:32:12")
    "Calls that started at this time or later."
    to: LocalTime | None = parameter(default=None, example="2013-01-18")
    "Calls that started before this time."
    general: str | None = parameter(default=None, example="Reception")
    "Part of the call id, of a number or of the caller's name, in any letter case."
    page_number: Annotated[int, whole(0, 10_000_000)] = parameter(default=0, example="0")
    "From 0."
    rows_per_page: Annotated[int, whole(1, 1_000)] = parameter(
        default=20, aliases=("Limit",), example="20"
    )
    "Records on a page."
    after: str | None = parameter(default=None, example="fba20")
    """The CallId of the last record of the page before: the list goes on behind it. This is as
    quick in a long history as in a short one, also when new records come meanwhile."""
    order: HistoryOrder = HistoryOrder.OLDEST_FIRST
    "asc or desc by the start."
    quality: bool = parameter(default=False, example="true")
    """Adds how good the sound of each party was, as far as it is known: CallerCodec,
    CallerPacketsIn, CallerPacketsOut, CallerLostPercent, CallerLatePackets, CallerJitterMs,
    CallerRoundTripMs, CallerMos (how the party sounded here, 1 to 4.5), CallerRemoteMos (how we
    sounded there), CallerDiagnosis (what was wrong) and CallerSrtp (the suite that
    encrypted it); likewise CalleeCodec and so on."""

    async def run(self, context: Context) -> Reply:
        filters: dict[str, str | datetime] = {}
        for field in (
            "caller_id",
            "call_id",
            "source",
            "destination",
            "dialed",
            "direction",
            "state",
            "type",
            "from_",
            "to",
        ):
            value = getattr(self, field)
            if value is not None:
                filters[field.rstrip("_")] = value
        if self.general is not None:
            filters["text"] = self.general
        page = HistoryPage(
            number=self.page_number,
            rows=self.rows_per_page,
            after=self.after,
            descending=self.order is HistoryOrder.NEWEST_FIRST,
        )
        total, rows = await context.switch.call_history(filters, page, quality=self.quality)
        return Reply(listing=Listing("CallHistory", "Call", rows, total))
