"""Events are handed out in the order of their numbers, once they are on disk; none is lost."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from softswitch.events.event import NumberedEvent
from softswitch.events.event_journal import IN_MEMORY, EventJournal, News
from softswitch.store.alarms import REPORT, AlarmRecord, insert_alarm
from softswitch.store.errors import DatabaseAway, StoreError
from softswitch.store.exchange.choices import ChoiceRow, load_choices, save_choice
from softswitch.store.store import Store

ALARM = AlarmRecord(
    id="a1", received_at=1.0, call_id="c", caller="3000", digits="", account="1234",
    qualifier="NewEvent", code="131", name="Perimeter", partition="01", zone="015",
)  # fmt: skip
CHOICE = ChoiceRow("extension", "1000", {"on": True}, 5.0, "admin")


async def arrived(journal: EventJournal, number: int) -> list[NumberedEvent]:
    """All events, once that one has come."""
    async with asyncio.timeout(10):
        while journal.newest < number:
            await journal.arrival()
    found: list[NumberedEvent] = []
    while page := await journal.behind(found[-1].id if found else 0, 1000):
        found += page
    return found


async def test_what_is_published_has_numbers_in_its_order(journal: EventJournal) -> None:
    for turn in range(3):
        journal.publish("trunk.changed", f"t{turn}", {"turn": turn}, numbers=("1000", "", "1 2"))
    assert journal.newest == 0  # nothing is handed out that is not on disk
    events = await arrived(journal, 3)
    assert [each.id for each in events] == [1, 2, 3]
    body = json.loads(events[1].body)
    assert body["type"] == "trunk.changed"
    assert body["subject"] == "t1"
    assert body["data"] == {"turn": 1}
    assert body["at"].endswith("Z")
    assert events[0].numbers == ("1000",)  # a number holds no blank, and is not empty


async def test_numbers_go_on_behind_those_of_an_earlier_process(
    journal: EventJournal, store: Store, url: str, tmp_path: Path
) -> None:
    journal.publish("error", "a", {})
    journal.publish("error", "b", {})
    await arrived(journal, 2)
    await store.close()
    again = await Store.open(url, tmp_path / "calls.spool")
    follower = await EventJournal.open(again.journal, again.reader)
    assert (follower.oldest, follower.newest) == (1, 2)
    follower.publish("error", "c", {})
    assert [each.id for each in await arrived(follower, 3)] == [1, 2, 3]
    await again.close()


async def test_removing_all_old_events_leaves_the_newest_number(
    journal: EventJournal, store: Store
) -> None:
    for turn in range(2500):
        journal.publish("error", str(turn), {})
    await arrived(journal, 2500)
    await journal.forget(1e12, 1000)
    assert journal.oldest == 2500
    again = await EventJournal.open(store.journal, store.reader)
    assert (again.oldest, again.newest) == (2500, 2500)


async def test_only_so_many_events_are_kept(journal: EventJournal, store: Store) -> None:
    for turn in range(50):
        journal.publish("error", str(turn), {})
    await arrived(journal, 50)
    await journal.forget(0.0, 20)
    assert journal.oldest == 31
    again = await EventJournal.open(store.journal, store.reader)
    assert [each.id for each in await again.behind(30, 100)] == list(range(31, 51))


async def test_a_change_and_its_event_come_to_disk_together(
    journal: EventJournal, store: Store
) -> None:
    journal.deriving.append(
        lambda changes: [
            News("settings.changed", str(each.row["name"]), {}, "", (), 1.0) for each in changes
            if each.kind.name == "save choice"
        ]
    )  # fmt: skip
    journal.publish("error", "before", {})
    await store.write(save_choice(CHOICE))
    assert journal.newest == 2  # before the one who has made the change hears of it
    events = await journal.behind(0, 10)
    assert [each.type for each in events] == ["error", "settings.changed"]
    again = await EventJournal.open(store.journal, store.reader)
    assert again.newest == 2
    assert await load_choices(store.reader, "extension") == [CHOICE]


async def test_a_change_that_is_refused_has_no_event(journal: EventJournal, store: Store) -> None:
    journal.deriving.append(
        lambda changes: [
            News("alarm.received", str(each.row["id"]), {}, "", (), 1.0) for each in changes
            if each.kind is REPORT
        ]
    )  # fmt: skip
    await store.write(insert_alarm(ALARM))
    with pytest.raises(StoreError):
        await store.write(insert_alarm(ALARM))  # its id is taken
    await store.write(insert_alarm(replace(ALARM, id="a2")))
    events = await journal.behind(0, 10)
    assert [json.loads(each.body)["subject"] for each in events] == ["a1", "a2"]
    again = await EventJournal.open(store.journal, store.reader)
    assert await again.behind(0, 10) == events


async def test_a_journal_that_is_closed_takes_nothing(journal: EventJournal, store: Store) -> None:
    journal.publish("error", "in time", {})
    journal.close()
    await store.journal.close()
    journal.publish("error", "late", {})
    await asyncio.sleep(0)
    assert (journal.newest, journal.lost) == (1, 1)


async def test_what_the_database_does_not_take_is_written_later(
    journal: EventJournal,
) -> None:
    refused: list[int] = []
    write = journal._journal.write

    def away(*changes: object) -> asyncio.Future[None]:
        if len(refused) < 1:
            refused.append(len(changes))
            raise DatabaseAway("away")
        return write(*changes)  # type: ignore[arg-type]

    journal._journal.write = away  # type: ignore[method-assign,assignment]
    journal.publish("error", "a", {})
    await asyncio.sleep(0)
    journal.publish("error", "b", {})
    events = await arrived(journal, 3)
    assert refused == [1]
    assert [json.loads(each.body)["subject"] for each in events] == ["a", "b"]


async def test_texts_that_are_none_do_no_harm(journal: EventJournal) -> None:
    journal.publish("error", "\ud800", {"name": "a\0b\udfff\n"})
    [event] = await arrived(journal, 1)
    assert "\n" not in event.body
    assert json.loads(event.body)["data"]["name"].startswith("a")


async def test_readers_find_the_same_in_memory_and_on_disk(
    journal: EventJournal, store: Store
) -> None:
    many = IN_MEMORY + 300
    for turn in range(many):
        journal.publish("error", str(turn), {})
        if turn % 700 == 0:
            await asyncio.sleep(0)
    events = await arrived(journal, many)
    assert [each.id for each in events] == list(range(1, many + 1))
    assert await journal.behind(many - 3, 2) == events[-3:-1]
    assert await journal.behind(299, 2) == events[299:301]
