"""The group commit: many writes in one transaction, each of them told the truth."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from softswitch.store.bindings import SAVE, drop, save
from softswitch.store.calls import (
    CallEnd,
    CallProgress,
    CallStart,
    finish_call,
    insert_call,
    update_call,
)
from softswitch.store.database.changes import grouped
from softswitch.store.database.writer import Writer
from softswitch.store.errors import DatabaseAway, JournalClosed, JournalFull, StoreError
from softswitch.store.journal import Journal
from softswitch.store.store import Store
from tests.postgresql import PostgreSql, execute
from tests.store.rows import binding


class Unlocked:
    """No lock: the database is the test's own."""

    def take(self, connection: Connection, patience: float) -> None:
        """Nothing is taken."""

    def release(self) -> None:
        """Nothing is released."""


def start(call_id: str) -> CallStart:
    return CallStart(call_id=call_id, start_time=1.0, source="1", caller_id="1", dialed="2")


def end(call_id: str) -> CallEnd:
    return CallEnd(call_id=call_id, end_time=2.0, outcome="answered", state="CallerHungUp")


async def test_a_finished_write_is_visible_to_others(store: Store, url: str) -> None:
    await store.write(save(binding(1)))
    assert execute(url, "SELECT id, uri FROM bindings") == [(1, "sip:1000@192.0.2.1:5060")]


async def test_every_commit_reaches_the_disk(file_store: Store) -> None:
    with file_store._engines.blocking.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


async def test_writes_that_arrive_together_share_a_commit(store: Store, url: str) -> None:
    await asyncio.gather(*(store.write(save(binding(number))) for number in range(1, 101)))
    assert store.journal.rows == 100
    assert store.journal.commits == 1
    assert execute(url, "SELECT count(*) FROM bindings") == [(100,)]


async def test_writes_during_a_commit_go_into_the_next_one(store: Store) -> None:
    first = store.write(save(binding(1)))
    await asyncio.sleep(0)  # the commit begins
    assert store.journal.waiting == 0
    later = [store.write(save(binding(number))) for number in (2, 3, 4)]
    await asyncio.gather(first, *later)
    assert store.journal.commits == 2


def test_refreshes_of_one_row_are_joined_to_the_last() -> None:
    changes = [save(binding(1, cseq=1)), save(binding(2)), save(binding(1, cseq=2))]
    [(kind, joined)] = grouped(changes)
    assert kind is SAVE
    assert [(row["id"], row["cseq"]) for row in joined] == [(2, 1), (1, 2)]


def test_the_last_of_save_and_drop_wins() -> None:
    assert [kind.name for kind, _ in grouped([save(binding(1)), drop(1)])] == ["drop binding"]
    assert [kind.name for kind, _ in grouped([drop(1), save(binding(1))])] == ["save binding"]


def test_inserts_run_before_updates_whatever_came_first() -> None:
    changes = [finish_call(end("old")), insert_call(start("new")), finish_call(end("new"))]
    assert [(kind.name, len(joined)) for kind, joined in grouped(changes)] == [
        ("start of call", 1),
        ("end of call", 2),
    ]


async def test_a_row_that_is_refused_does_not_take_others_with_it(store: Store, url: str) -> None:
    await store.write(insert_call(start("twice")))
    results = await asyncio.gather(
        store.write(save(binding(1))),
        store.write(insert_call(start("twice"))),
        store.write(save(binding(2, uri=None))),
        store.write(save(binding(3, cseq=2**70))),  # no integer of the database
        store.write(insert_call(start("other"))),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [
        type(None), StoreError, StoreError, StoreError, type(None),
    ]  # fmt: skip
    assert execute(url, "SELECT id FROM bindings") == [(1,)]
    assert store.journal.failures == 3


async def test_the_changes_of_one_write_are_all_or_none(store: Store, url: str) -> None:
    await store.write(insert_call(start("twice")))
    with pytest.raises(StoreError):
        await store.write(save(binding(1)), insert_call(start("twice")))
    assert execute(url, "SELECT id FROM bindings") == []


async def test_a_database_that_fails_tells_everybody_and_recovers(store: Store, url: str) -> None:
    execute(url, "ALTER TABLE bindings RENAME TO elsewhere")
    results = await asyncio.gather(
        store.write(save(binding(1))), store.write(save(binding(2))), return_exceptions=True
    )
    assert [type(result) for result in results] == [DatabaseAway, DatabaseAway]
    assert store.journal.is_away
    execute(url, "ALTER TABLE elsewhere RENAME TO bindings")
    await store.write(save(binding(3)))
    assert execute(url, "SELECT id FROM bindings") == [(3,)]
    assert not store.journal.is_away


async def test_a_full_journal_refuses_at_once(store: Store) -> None:
    journal = Journal(Writer(store._engines.blocking, Unlocked(), 5.0), capacity=2)
    writes = [journal.write(save(binding(number))) for number in (1, 2)]
    with pytest.raises(JournalFull):
        journal.write(save(binding(3)))
    await asyncio.gather(*writes)
    await journal.close()


async def test_closing_commits_what_is_waiting(store: Store, url: str) -> None:
    writes = [store.write(save(binding(number))) for number in (1, 2)]
    await store.journal.close()
    assert all(write.done() for write in writes)
    assert execute(url, "SELECT count(*) FROM bindings") == [(2,)]
    with pytest.raises(JournalClosed):
        store.write(save(binding(3)))


async def test_a_caller_that_went_away_disturbs_nobody(store: Store, url: str) -> None:
    gone, stays = store.write(save(binding(1))), store.write(save(binding(2)))
    gone.cancel()
    await stays
    assert execute(url, "SELECT count(*) FROM bindings") == [(2,)]


def test_a_second_change_of_a_row_is_in_a_later_statement() -> None:
    progress = [update_call(CallProgress(call_id=name, ring_time=2.0)) for name in ("a", "b", "a")]
    assert [[row["call"] for row in rows] for _, rows in grouped(progress)] == [["a", "b"], ["a"]]


async def test_the_end_of_a_call_is_its_last_word(store: Store) -> None:
    await asyncio.gather(
        store.write(insert_call(start("a"))),
        store.write(insert_call(start("b"))),
        store.write(finish_call(end("a"))),
        store.write(update_call(CallProgress(call_id="b", state="InCall"))),
        store.write(finish_call(end("b"))),
    )
    assert {call.state for call in (await store.list_calls()).calls} == {"CallerHungUp"}


async def test_a_thousand_rows_are_one_statement_on_a_server(
    postgresql: PostgreSql, spool: Path
) -> None:
    store = await Store.open(postgresql.empty_database(), spool)
    executed: list[str] = []
    event.listen(
        store._engines.blocking, "before_cursor_execute", lambda *said: executed.append(said[2])
    )
    await asyncio.gather(*(store.write(save(binding(number))) for number in range(1000)))
    assert [said.split()[:3] for said in executed] == [["INSERT", "INTO", "bindings"]]
    assert len(await store.load_bindings()) == 1000
    await store.close()


async def test_a_full_disk_is_told_and_when_there_is_room_again_writes_go_on(
    file_url: str, spool: Path
) -> None:
    pages = {"limit": 0}

    def limit(connection: sqlite3.Connection, record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages['limit']}")

    store = await Store.open(file_url, spool)
    event.listen(store._engines.blocking, "connect", limit)
    [(pages["limit"],)] = execute(file_url, "PRAGMA page_count")  # type: ignore[assignment]
    await store.journal._in_thread(store.journal._writer.disconnect)
    long = "x" * 5000
    results = await asyncio.gather(
        *(store.write(save(binding(number, user_agent=long))) for number in range(3)),
        return_exceptions=True,
    )
    assert [str(result) for result in results] == ["the database refused: the disk is full"] * 3
    assert execute(file_url, "SELECT id FROM bindings") == []
    pages["limit"] = 1_000_000
    await store.write(save(binding(1, user_agent=long)))
    assert execute(file_url, "SELECT id FROM bindings") == [(1,)]
    await store.close()
