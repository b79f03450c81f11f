"""The group commit: many writes in one transaction, each of them told the truth."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite

from softswitch.store.bindings import SAVE, drop, save
from softswitch.store.calls import START, CallEnd, CallStart, finish_call, insert_call
from softswitch.store.errors import JournalClosed, JournalFull, StoreError
from softswitch.store.journal import Journal, grouped
from softswitch.store.store import Store
from tests.store.rows import binding


def start(call_id: str) -> CallStart:
    return CallStart(call_id=call_id, start_time=1.0, source="1", caller_id="1", dialed="2")


def end(call_id: str) -> CallEnd:
    return CallEnd(call_id=call_id, end_time=2.0, outcome="answered", state="CallerHungUp")


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """What another process would read now."""
    with sqlite3.connect(path) as connection:
        return connection.execute(query).fetchall()


async def test_a_finished_write_is_visible_to_others(store: Store, path: Path) -> None:
    await store.write(save(binding(1)))
    assert rows(path, "SELECT id, uri FROM bindings") == [(1, "sip:1000@192.0.2.1:5060")]


async def test_every_commit_reaches_the_disk(store: Store) -> None:
    with store._engines.blocking.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


async def test_writes_that_arrive_together_share_a_commit(store: Store, path: Path) -> None:
    await asyncio.gather(*(store.write(save(binding(number))) for number in range(1, 101)))
    assert store.journal.rows == 100
    assert store.journal.commits == 1
    assert rows(path, "SELECT count(*) FROM bindings") == [(100,)]


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


async def test_a_row_that_is_refused_does_not_take_others_with_it(store: Store, path: Path) -> None:
    await store.write(insert_call(start("twice")))
    results = await asyncio.gather(
        store.write(save(binding(1))),
        store.write(insert_call(start("twice"))),
        store.write(save(binding(2, uri="sip:\udcff@x"))),  # no UTF-8
        store.write(save(binding(3, cseq=2**70))),  # no integer of the database
        store.write(insert_call(start("other"))),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [
        type(None), StoreError, StoreError, StoreError, type(None),
    ]  # fmt: skip
    assert rows(path, "SELECT id FROM bindings") == [(1,)]
    assert store.journal.failures == 3


async def test_the_changes_of_one_write_are_all_or_none(store: Store, path: Path) -> None:
    await store.write(insert_call(start("twice")))
    with pytest.raises(StoreError):
        await store.write(save(binding(1)), insert_call(start("twice")))
    assert rows(path, "SELECT id FROM bindings") == []


async def test_a_database_that_fails_tells_everybody_and_recovers(store: Store, path: Path) -> None:
    with sqlite3.connect(path) as breaker:
        breaker.execute("ALTER TABLE bindings RENAME TO elsewhere")
    results = await asyncio.gather(
        store.write(save(binding(1))), store.write(save(binding(2))), return_exceptions=True
    )
    assert [type(result) for result in results] == [StoreError, StoreError]
    with sqlite3.connect(path) as breaker:
        breaker.execute("ALTER TABLE elsewhere RENAME TO bindings")
    await store.write(save(binding(3)))
    assert rows(path, "SELECT id FROM bindings") == [(3,)]


async def test_a_full_journal_refuses_at_once(store: Store) -> None:
    journal = Journal(store._engines.blocking, capacity=2)
    writes = [journal.write(save(binding(number))) for number in (1, 2)]
    with pytest.raises(JournalFull):
        journal.write(save(binding(3)))
    await asyncio.gather(*writes)
    await journal.close()


async def test_closing_commits_what_is_waiting(store: Store, path: Path) -> None:
    writes = [store.write(save(binding(number))) for number in (1, 2)]
    await store.journal.close()
    assert all(write.done() for write in writes)
    assert rows(path, "SELECT count(*) FROM bindings") == [(2,)]
    with pytest.raises(JournalClosed):
        store.write(save(binding(3)))


async def test_a_caller_that_went_away_disturbs_nobody(store: Store, path: Path) -> None:
    gone, stays = store.write(save(binding(1))), store.write(save(binding(2)))
    gone.cancel()
    await stays
    assert rows(path, "SELECT count(*) FROM bindings") == [(2,)]


def test_statements_exist_for_both_databases() -> None:
    for dialect in ("sqlite", "postgresql"):
        assert "ON CONFLICT (id) DO UPDATE" in _sql(SAVE.for_dialect(dialect), dialect)
        assert "INSERT INTO calls" in _sql(START.for_dialect(dialect), dialect)


def _sql(statement: object, dialect: str) -> str:
    dialects = {"sqlite": sqlite.dialect, "postgresql": postgresql.dialect}
    return str(statement.compile(dialect=dialects[dialect]()))  # type: ignore[attr-defined]


async def test_a_full_disk_is_told_and_when_there_is_room_again_writes_go_on(
    url: str, path: Path
) -> None:
    pages = {"limit": 0}

    def limit(connection: sqlite3.Connection, record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages['limit']}")

    store = await Store.open(url)
    event.listen(store._engines.blocking, "connect", limit)
    store._engines.blocking.dispose()
    [(pages["limit"],)] = rows(path, "PRAGMA page_count")  # type: ignore[assignment]
    long = "x" * 5000
    results = await asyncio.gather(
        *(store.write(save(binding(number, user_agent=long))) for number in range(3)),
        return_exceptions=True,
    )
    assert [str(result) for result in results] == [
        "the database refused: database or disk is full"
    ] * 3
    assert rows(path, "SELECT id FROM bindings") == []
    pages["limit"] = 1_000_000
    store._engines.blocking.dispose()
    await store.write(save(binding(1, user_agent=long)))
    assert rows(path, "SELECT id FROM bindings") == [(1,)]
    await store.close()
