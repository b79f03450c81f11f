"""Alarm reports are there once written, also after the store was opened anew."""

from __future__ import annotations

from dataclasses import replace

from softswitch.store.alarms import AlarmRecord, insert_alarm, list_alarms
from softswitch.store.store import Store

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


async def test_reports_are_kept_newest_first(url: str) -> None:
    store = await Store.open(url)
    await store.write(insert_alarm(BURGLARY))
    await store.write(insert_alarm(replace(BURGLARY, id="a2", received_at=200.0, account="5678")))
    await store.close()
    again = await Store.open(url)
    assert [alarm.id for alarm in await list_alarms(again.engine)] == ["a2", "a1"]
    assert await list_alarms(again.engine, account="1234") == [BURGLARY]
    assert len(await list_alarms(again.engine, offset=1, limit=5)) == 1
    await again.close()
