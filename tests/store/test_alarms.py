"""Alarm reports are there once written, also after the store was opened anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from softswitch.store.alarms import AlarmRecord, insert_alarm
from softswitch.store.store import Store
from softswitch.store.tables import ALARMS

BURGLARY = AlarmRecord(
    id="a1",
    received_at=100.0,
    call_id="c1",
    caller="3000",
    digits="1234181131010158",
    account="1234",
    qualifier="NewEvent",
    code="131",
    name="Perimeter",
    partition="01",
    zone="015",
)


async def test_reports_are_kept(url: str, spool: Path) -> None:
    store = await Store.open(url, spool)
    await store.write(insert_alarm(BURGLARY))
    await store.write(insert_alarm(replace(BURGLARY, id="a2", received_at=200.0, account="5678")))
    await store.close()
    again = await Store.open(url, spool)
    async with again.reader.connect() as connection:
        rows = await connection.execute(select(ALARMS).order_by(ALARMS.c.received_at))
        kept = [AlarmRecord(**row._mapping) for row in rows]
    assert [alarm.id for alarm in kept] == ["a1", "a2"]
    assert kept[0] == BURGLARY
    await again.close()
