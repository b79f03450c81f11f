"""Alarm reports as a receiving centre looks through them, and finds those that wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from softswitch.store.alarms import AlarmRecord
from softswitch.store.database.reader import Reader
from softswitch.store.lists.pages import PartWanted, read_part
from softswitch.store.tables import ALARMS


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFilter:
    """Which reports to list; None does not filter, texts compare whole."""

    account: str | None = None
    code: str | None = None
    qualifier: str | None = None
    caller: str | None = None
    call_id: str | None = None
    acknowledged: bool | None = None
    "False: only those that wait for somebody."
    since: float | None = None
    "Seconds since 1970; what came then or later."
    until: float | None = None
    "What came before."


@dataclass(frozen=True, slots=True)
class AlarmPage:
    """One page of reports."""

    total: int
    "All that the filter lets through."
    alarms: Sequence[AlarmRecord]


_SAME = ("account", "code", "qualifier", "caller", "call_id")


async def list_alarms(reader: Reader, wanted: AlarmFilter, part: PartWanted) -> AlarmPage:
    """The reports that the filter lets through, those of the part. Raises DatabaseAway."""
    order = (ALARMS.c.received_at, ALARMS.c.id)
    total, rows = await read_part(reader, ALARMS, order, _conditions(wanted), part)
    return AlarmPage(total, [AlarmRecord(**row._mapping) for row in rows])


async def find_alarm(reader: Reader, alarm_id: str) -> AlarmRecord | None:
    """The report with that id. Raises DatabaseAway."""
    async with reader.connect() as connection:
        row = (await connection.execute(select(ALARMS).where(ALARMS.c.id == alarm_id))).first()
    return None if row is None else AlarmRecord(**row._mapping)


def _conditions(wanted: AlarmFilter) -> list[ColumnElement[bool]]:
    columns = ALARMS.c
    conditions: list[ColumnElement[bool]] = [
        columns[name] == getattr(wanted, name)
        for name in _SAME
        if getattr(wanted, name) is not None
    ]
    if wanted.acknowledged is not None:
        waits = columns.acknowledged_at.is_(None)
        conditions.append(~waits if wanted.acknowledged else waits)
    if wanted.since is not None:
        conditions.append(columns.received_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(columns.received_at < wanted.until)
    return conditions
