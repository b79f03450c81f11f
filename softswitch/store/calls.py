"""The call history: one row a call, inserted at its start and completed at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from softswitch.store.database.upsert import upsert
from softswitch.store.journal import Change, ChangeKind, Order
from softswitch.store.tables import CALLS, LIFE

INTERRUPTED = "interrupted"
"The outcome of a call during which the switch stopped."


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStart:
    """What is known when a call begins. Times are seconds since 1970."""

    call_id: str
    "The switch's own id of the call, as the API shows it."
    start_time: float
    source: str
    "The extension or trunk that the call comes from."
    caller_id: str
    "The caller's number as it is shown."
    dialed: str
    caller_name: str = ""
    destination: str = ""
    "The extension or trunk that the call goes to; the end record may correct it."
    type: str = "Audio"
    direction: str = "Internal"
    "Internal, External, Inbound or Outbound."
    state: str = "Ringing"
    "The state as the API shows it."


@dataclass(frozen=True, slots=True, kw_only=True)
class CallProgress:
    """Times that are known while a call lasts, for the case that its end is never written."""

    call_id: str
    ring_time: float | None = None
    answer_time: float | None = None
    destination: str | None = None
    "None leaves what the start record says; so does it in the other fields."
    state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnd:
    """What is known when a call has ended."""

    call_id: str
    end_time: float
    outcome: str
    "answered, busy, cancelled, … as `calls/endings/outcomes.py` names them."
    state: str
    "The result state as the API shows it: CallerHangUp, CalleeHungUp, TransferCompleted, …"
    ring_time: float | None = None
    answer_time: float | None = None
    destination: str | None = None
    "Who answered or was rung; None leaves what the start record says."
    direction: str | None = None
    "Likewise: the way out is only known once the number has been looked up."
    caller_code: int | None = None
    "The final response sent on leg A."
    callee_code: int | None = None
    "The final response that leg B gave."
    ended_by: str = ""
    "caller, callee, system or command."
    reason: str = ""
    "A sentence or a Reason header's text."
    media: Mapping[str, Any] = field(default_factory=dict)
    "Statistics of the legs, as JSON."


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One row of the call history."""

    call_id: str
    start_time: float
    ring_time: float | None
    answer_time: float | None
    end_time: float | None
    "None while the call lasts."
    type: str
    direction: str
    source: str
    caller_id: str
    caller_name: str
    dialed: str
    destination: str
    state: str
    outcome: str
    "Empty while the call lasts."
    caller_code: int | None
    callee_code: int | None
    ended_by: str
    reason: str
    media: Mapping[str, Any]

    @property
    def talk_time(self) -> float:
        """Seconds from the answer to the end; 0 for a call that was not answered or still lasts."""
        if self.answer_time is None or self.end_time is None:
            return 0.0
        return max(0.0, self.end_time - self.answer_time)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls to list; None does not filter.

    Texts compare whole but for `text`, and in any letter case but for `call_id`.
    """

    call_id: str | None = None
    caller_id: str | None = None
    source: str | None = None
    destination: str | None = None
    dialed: str | None = None
    direction: str | None = None
    state: str | None = None
    type: str | None = None
    outcome: str | None = None
    since: float | None = None
    "Calls that started at this time or later, seconds since 1970."
    until: float | None = None
    "Calls that started before this time."
    ended: bool | None = None
    "True: only calls that have ended; False: only calls that last."
    text: str | None = None
    "Part of the call id, a number or the caller's name."


@dataclass(frozen=True, slots=True)
class CallPage:
    """One page of the history."""

    total: int
    "All calls that the filter lets through."
    calls: Sequence[CallRecord]


_AT_START = {"state": "", "outcome": "", "ended_by": "", "reason": "", "media": {}}
"Values of the columns that are filled at the end."


def _complete(names: Sequence[str]) -> Executable:
    """`UPDATE calls SET …` of those columns; a parameter that is NULL leaves the column alone."""
    columns = {name: CALLS.c[name] for name in names}
    new = {name: bindparam(f"new_{name}", type_=column.type) for name, column in columns.items()}
    return (
        update(CALLS)
        .where(CALLS.c.call_id == bindparam("call"))
        .values({name: func.coalesce(new[name], column) for name, column in columns.items()})
    )


_START = tuple(f.name for f in fields(CallStart))
_PROGRESS = tuple(f.name for f in fields(CallProgress) if f.name != "call_id")
_END = tuple(f.name for f in fields(CallEnd) if f.name != "call_id")

START = ChangeKind("start of call", Order.INSERT, lambda _: insert(CALLS))
PROGRESS = ChangeKind("progress of call", Order.UPDATE, lambda _: _complete(_PROGRESS))
LIFE_SIGN = ChangeKind(
    "sign of life", Order.UPDATE, lambda dialect: upsert(LIFE, dialect), whole=True
)
END = ChangeKind("end of call", Order.COMPLETE, lambda _: _complete(_END))


def insert_call(start: CallStart) -> Change:
    """The start record."""
    row = _AT_START | {name: getattr(start, name) for name in _START}
    return Change(START, ("calls", start.call_id), row)


def update_call(progress: CallProgress) -> Change:
    """Times known so far."""
    return Change(PROGRESS, ("calls", progress.call_id), _parameters(progress, _PROGRESS))


def finish_call(end: CallEnd) -> Change:
    """The end record."""
    return Change(END, ("calls", end.call_id), _parameters(end, _END))


def sign_of_life(now: float) -> Change:
    """The time until which the switch, and with it every open call, is known to have lasted."""
    return Change(LIFE_SIGN, ("life", "calls"), {"of": "calls", "seen_at": now})


def _parameters(values: CallProgress | CallEnd, names: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {f"new_{name}": getattr(values, name) for name in names}
    row["call"] = values.call_id
    return row


async def close_interrupted(engine: AsyncEngine) -> int:
    """Close the calls that an earlier process left open; returns how many there were.

    Their end is the last time that is known of them: the last sign of life, or what was written of
    them later. To be run before the first call of this process begins.
    """
    written = func.coalesce(CALLS.c.answer_time, CALLS.c.ring_time, CALLS.c.start_time)
    seen = select(LIFE.c.seen_at).scalar_subquery()
    last_known = case((seen > written, seen), else_=written)
    statement = (
        update(CALLS)
        .where(CALLS.c.end_time.is_(None))
        .values(
            end_time=last_known,
            outcome=INTERRUPTED,
            state="Error",
            ended_by="system",
            reason="the switch stopped during the call",
        )
    )
    async with engine.begin() as connection:
        return (await connection.execute(statement)).rowcount


_SAME = (
    "call_id", "caller_id", "source", "destination", "dialed", "direction", "state", "type",
    "outcome",
)  # fmt: skip
"Fields of CallFilter that are compared with the column of the same name."
_ANY_CASE = frozenset(_SAME) - {"call_id"}
"Those of them that are compared in any letter case."
_SEARCHED = ("call_id", "source", "caller_id", "caller_name", "dialed", "destination")
"Columns that `text` is looked for in."


def _is(column: ColumnElement[str], text: str, *, any_case: bool) -> ColumnElement[bool]:
    """Whether a column holds that text; a number has no letter case, so its index is used."""
    if any_case and text.lower() != text.upper():
        return func.lower(column) == text.lower()
    return column == text


def _conditions(wanted: CallFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        _is(CALLS.c[name], getattr(wanted, name), any_case=name in _ANY_CASE)
        for name in _SAME
        if getattr(wanted, name) is not None
    ]
    if wanted.since is not None:
        conditions.append(CALLS.c.start_time >= wanted.since)
    if wanted.until is not None:
        conditions.append(CALLS.c.start_time < wanted.until)
    if wanted.ended is not None:
        open_ = CALLS.c.end_time.is_(None)
        conditions.append(~open_ if wanted.ended else open_)
    if wanted.text is not None:
        conditions.append(
            or_(*(CALLS.c[name].icontains(wanted.text, autoescape=True) for name in _SEARCHED))
        )
    return conditions


async def list_calls(
    engine: AsyncEngine,
    wanted: CallFilter,
    *,
    offset: int = 0,
    limit: int = 20,
    oldest_first: bool = False,
) -> CallPage:
    """The calls that the filter lets through, `limit` of them from `offset` on."""
    conditions = _conditions(wanted)
    start = CALLS.c.start_time
    page = (
        select(CALLS)
        .where(*conditions)
        .order_by(start.asc() if oldest_first else start.desc(), CALLS.c.call_id)
        .offset(offset)
        .limit(limit)
    )
    async with engine.connect() as connection:
        total = await connection.scalar(select(func.count()).select_from(CALLS).where(*conditions))
        rows = (await connection.execute(page)).all()
    return CallPage(total or 0, [CallRecord(**row._mapping) for row in rows])
