"""A reader is sent what comes behind its number: all of it, in order, and what it may have."""

from __future__ import annotations

import asyncio
import json

import pytest

from softswitch.events.event import LOST
from softswitch.events.event_journal import EventJournal
from softswitch.events.filters import ALL, EventFilter, UnknownType
from softswitch.events.following import Following
from softswitch.guard.rights import OwnNumbers, User

ADMIN = User("admin")
OF_1000 = User("app", "application", OwnNumbers.of(["1000"]))


async def publish(journal: EventJournal, *numbers: str, kind: str = "leg.changed") -> None:
    for number in numbers:
        journal.publish(kind, number, {}, call=f"call-{number}", numbers=(number,))
    last = journal._last_number + len(numbers)
    async with asyncio.timeout(10):
        while journal.newest < last:
            await journal.arrival()


async def subjects(following: Following) -> list[str]:
    """What is there now."""
    found: list[str] = []
    while events := (await following.next(0)).events:
        found += [json.loads(each.body)["subject"] for each in events]
    return found


async def test_without_a_number_a_reader_hears_what_happens_from_now_on(
    journal: EventJournal,
) -> None:
    await publish(journal, "1", "2")
    following = Following(journal, None, ALL, ADMIN)
    assert await subjects(following) == []
    waiting = asyncio.ensure_future(following.next(10))
    await publish(journal, "3")
    assert [each.id for each in (await waiting).events] == [3]


async def test_a_reader_that_comes_back_misses_nothing(journal: EventJournal) -> None:
    await publish(journal, "1", "2", "3", "4")
    assert await subjects(Following(journal, 2, ALL, ADMIN)) == ["3", "4"]
    assert await subjects(Following(journal, 0, ALL, ADMIN)) == ["1", "2", "3", "4"]
    assert await subjects(Following(journal, 4, ALL, ADMIN)) == []


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (EventFilter.of("trunk"), ["t"]),
        (EventFilter.of("trunk.changed,leg"), ["1000", "t", "1001"]),
        (EventFilter.of(number="1001"), ["1001"]),
        (EventFilter.of(call="call-1000"), ["1000"]),
        (EventFilter.of("trunk", number="1001"), []),
    ],
)
async def test_a_reader_hears_what_it_wants(
    journal: EventJournal, wanted: EventFilter, expected: list[str]
) -> None:
    await publish(journal, "1000")
    await publish(journal, "t", kind="trunk.changed")
    await publish(journal, "1001")
    assert await subjects(Following(journal, 0, wanted, ADMIN)) == expected


async def test_an_application_hears_of_its_own_extensions_only(journal: EventJournal) -> None:
    await publish(journal, "1001", "1000", "1002")
    journal.publish("ban.began", "192.0.2.1", {})
    await publish(journal, "1000")
    following = Following(journal, 0, ALL, OF_1000)
    assert await subjects(following) == ["1000", "1000"]
    assert following.number == journal.newest


async def test_a_reader_is_told_what_is_kept_no_more(journal: EventJournal) -> None:
    await publish(journal, *map(str, range(1, 21)))
    await journal.forget(0.0, 5)
    following = Following(journal, 3, ALL, ADMIN)
    [lost] = (await following.next(0)).events
    assert (lost.type, lost.id) == (LOST, 15)
    told = json.loads(lost.body)["data"]
    assert told["after"] == 3
    assert told["oldest"] == 16
    assert "kept no more" in told["detail"]
    assert await subjects(following) == ["16", "17", "18", "19", "20"]
    assert await subjects(Following(journal, 15, ALL, ADMIN)) == ["16", "17", "18", "19", "20"]


async def test_a_number_of_the_future_is_told_as_such(journal: EventJournal) -> None:
    await publish(journal, "1", "2")
    following = Following(journal, 1000, ALL, ADMIN)
    [lost] = (await following.next(0)).events
    assert (lost.type, lost.id) == (LOST, 2)
    assert "no event 1000 yet" in json.loads(lost.body)["data"]["detail"]
    await publish(journal, "3")
    assert await subjects(following) == ["3"]


async def test_a_reader_with_nothing_to_hear_knows_where_it_stands(journal: EventJournal) -> None:
    following = Following(journal, 0, EventFilter.of("alarm"), ADMIN)
    await publish(journal, "1", "2")
    portion = await following.next(0.01)
    assert (portion.events, portion.number) == ((), 2)


async def test_readers_leave_when_the_switch_ends(journal: EventJournal) -> None:
    waiting = asyncio.ensure_future(Following(journal, None, ALL, ADMIN).next(60))
    await asyncio.sleep(0)
    journal.end_reading()
    async with asyncio.timeout(10):
        assert not (await waiting).events


def test_a_type_that_there_is_not_is_named() -> None:
    with pytest.raises(UnknownType, match=r"types has 'calls', expected some of call, leg"):
        EventFilter.of("trunk,calls")
