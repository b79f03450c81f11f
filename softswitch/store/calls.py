"""The call history: one row a call, inserted at its start and completed at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import Connection, Executable, case, delete, func, select, update

from softswitch.store.database.changes import Change, ChangeKind, Order
from softswitch.store.database.given import Given, types_of
from softswitch.store.tables import CALLS, LIFE
from softswitch.store.texts import storable

INTERRUPTED = "interrupted"
"The outcome of a call during which the switch stopped."
PURGE_CHUNK = 1000
"Calls that one `drop_before` removes at most."
_CALLS = "calls"
"Whose signs of life `close_interrupted` looks at."


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
    chain: str = ""
    "The id of the first call of its chain; empty for a first one."


@dataclass(frozen=True, slots=True, kw_only=True)
class CallProgress:
    """Times that are known while a call lasts, for the case that its end is never written."""

    call_id: str
    ring_time: float | None = None
    answer_time: float | None = None
    destination: str | None = None
    "None leaves what the start record says; so does it in the other fields."
    state: str | None = None
    chain: str | None = None
    steps: Sequence[Mapping[str, Any]] | None = None
    "What has happened so far: `at` in seconds since 1970, `what`, and facts by name."


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
    chain: str | None = None
    "None leaves what the start record says."
    steps: Sequence[Mapping[str, Any]] = ()
    "What has happened, as in CallProgress."


_AT_START = {"state": "", "outcome": "", "ended_by": "", "reason": "", "media": {}, "steps": []}
"Values of the columns that are filled at the end."


def _complete(given: Given, names: Sequence[str]) -> Executable:
    """`UPDATE calls SET …` of those columns; a value that is NULL leaves the column alone."""
    return (
        update(CALLS)
        .where(CALLS.c.call_id == given["call"])
        .values({name: func.coalesce(given[f"new_{name}"], CALLS.c[name]) for name in names})
    )


def _completion(name: str, order: Order, columns: Sequence[str]) -> ChangeKind:
    types = {"call": CALLS.c.call_id.type} | {f"new_{each}": _TYPES[each] for each in columns}
    return ChangeKind(name, order, types, lambda given: _complete(given, columns))


_TYPES = types_of(CALLS)
_START = tuple(f.name for f in fields(CallStart))
_PROGRESS = tuple(f.name for f in fields(CallProgress) if f.name != "call_id")
_END = tuple(f.name for f in fields(CallEnd) if f.name != "call_id")

START = ChangeKind("start of call", Order.INSERT, _TYPES, lambda given: given.inserted(CALLS))
RESTORE = ChangeKind(
    "start of call", Order.INSERT, _TYPES, lambda given: given.inserted_once(CALLS)
)
PROGRESS = _completion("progress of call", Order.UPDATE, _PROGRESS)
END = _completion("end of call", Order.COMPLETE, _END)
LIFE_SIGN = ChangeKind(
    "sign of life", Order.UPDATE, types_of(LIFE), lambda given: given.upserted(LIFE), whole=True
)

SPOOLED = {kind.name: kind for kind in (RESTORE, PROGRESS, END, LIFE_SIGN)}
"The kinds that are written from the spool, by their names: a start that is there is left alone."


def insert_call(start: CallStart) -> Change:
    """The start record."""
    row = _AT_START | {name: _storable(getattr(start, name)) for name in _START}
    return Change(START, ("calls", start.call_id), row)


def update_call(progress: CallProgress) -> Change:
    """Times known so far."""
    return Change(PROGRESS, ("calls", progress.call_id), _parameters(progress, _PROGRESS))


def finish_call(end: CallEnd) -> Change:
    """The end record."""
    return Change(END, ("calls", end.call_id), _parameters(end, _END))


def sign_of_life(now: float) -> Change:
    """The time until which the switch, and with it every open call, is known to have lasted."""
    return Change(LIFE_SIGN, ("life", _CALLS), {"of": _CALLS, "seen_at": now})


def trial(now: float) -> Change:
    """A row that tells nothing: whether it can be written tells whether the database takes any."""
    return Change(LIFE_SIGN, ("life", "store"), {"of": "store", "seen_at": now})


def _parameters(values: CallProgress | CallEnd, names: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {f"new_{name}": _storable(getattr(values, name)) for name in names}
    row["call"] = values.call_id
    return row


def _storable(value: Any) -> Any:
    """A text that the spool takes as well: a peer's name must not cost the record."""
    return storable(value) if isinstance(value, str) else value


def close_interrupted(connection: Connection) -> int:
    """Close the calls that an earlier process left open; returns how many there were.

    Their end is the last time that is known of them: the last sign of life, or what was written of
    them later. To be run before the first call of this process begins.
    """
    written = func.coalesce(CALLS.c.answer_time, CALLS.c.ring_time, CALLS.c.start_time)
    seen = select(LIFE.c.seen_at).where(LIFE.c.of == _CALLS).scalar_subquery()
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
    return connection.execute(statement).rowcount


def drop_before(connection: Connection, time: float) -> int:
    """Remove calls that began before that time and have ended; returns how many there were.

    Only the oldest are removed at once: a long transaction would keep others waiting.
    """
    old = (
        select(CALLS.c.call_id)
        .where(CALLS.c.start_time < time, CALLS.c.end_time.is_not(None))
        .order_by(CALLS.c.start_time, CALLS.c.call_id)
        .limit(PURGE_CHUNK)
    )
    return connection.execute(delete(CALLS).where(CALLS.c.call_id.in_(old))).rowcount
