"""Alarm reports by Contact ID: one row a report, written before its kissoff (SIA DC-05).

The kissoff tells the panel that the report is on disk; that a person has seen to it is written
later, once: who was first stays.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import Executable, update

from softswitch.store.database.changes import Change, ChangeKind, Order
from softswitch.store.database.given import Given, types_of
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
    acknowledged_at: float | None = None
    "Seconds since 1970; None while it waits for somebody."
    acknowledged_by: str = ""
    "The user who has seen to it."
    note: str = ""
    "What that user has noted."


def _acknowledge(given: Given) -> Executable:
    return (
        update(ALARMS)
        .where(ALARMS.c.id == given["alarm"], ALARMS.c.acknowledged_at.is_(None))
        .values(acknowledged_at=given["now"], acknowledged_by=given["by"], note=given["of_note"])
    )


_TYPES = types_of(ALARMS)
ACKNOWLEDGE = ChangeKind(
    "acknowledgement of alarm",
    Order.UPDATE,
    {
        "alarm": _TYPES["id"],
        "now": _TYPES["acknowledged_at"],
        "by": _TYPES["acknowledged_by"],
        "of_note": _TYPES["note"],
    },
    _acknowledge,
)
REPORT = ChangeKind("alarm", Order.INSERT, _TYPES, lambda given: given.inserted(ALARMS))
_FIELDS = tuple(field.name for field in fields(AlarmRecord))


def insert_alarm(alarm: AlarmRecord) -> Change:
    """The report's row."""
    return Change(REPORT, ("alarms", alarm.id), {name: getattr(alarm, name) for name in _FIELDS})


def acknowledge(alarm_id: str, by: str, now: float, note: str) -> Change:
    """Write that a user has seen to a report, where nobody has before."""
    row = {"alarm": alarm_id, "now": now, "by": by, "of_note": note}
    return Change(ACKNOWLEDGE, ("alarms", alarm_id), row)
