"""Alarm reports by Contact ID: one row a report, written before its kissoff (SIA DC-05)."""

from __future__ import annotations

from dataclasses import dataclass, fields

from softswitch.store.database.changes import Change, ChangeKind, Order
from softswitch.store.database.given import types_of
from softswitch.store.tables import ALARMS


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRecord:
    """One report."""

    id: str
    received_at: float
    "Seconds since 1970."
    call_id: str
    caller: str
    "The number that called."
    digits: str
    "The 16 digits as they came."
    account: str
    qualifier: str
    "`NewEvent`, `NewRestore` or `StatusReport`; another one as its digit."
    code: str
    name: str
    "What the code means; `unknown` when the standard has no such code."
    partition: str
    zone: str


REPORT = ChangeKind("alarm", Order.INSERT, types_of(ALARMS), lambda given: given.inserted(ALARMS))
_FIELDS = tuple(field.name for field in fields(AlarmRecord))


def insert_alarm(alarm: AlarmRecord) -> Change:
    """The report's row."""
    return Change(REPORT, ("alarms", alarm.id), {name: getattr(alarm, name) for name in _FIELDS})
