"""Records of calls while the database refuses: on disk at once, in the database when it is back."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from softswitch.store.call_history import PageWanted
from softswitch.store.calls import (
    CallEnd,
    CallProgress,
    CallStart,
    finish_call,
    insert_call,
    update_call,
)
from softswitch.store.store import Store
from tests.postgresql import PostgreSql, execute

CALLS = 20
SHORT = 1.0
"The time limit of the tests' stores, in seconds."


def start(number: int) -> CallStart:
    return CallStart(
        call_id=f"call{number}", start_time=float(number), source="1", caller_id="1", dialed="2"
    )


def end(number: int) -> CallEnd:
    return CallEnd(
        call_id=f"call{number}", end_time=number + 5.0, outcome="answered", state="CallerHungUp",
        media={"caller": {"lost": number}},
    )  # fmt: skip


async def record(store: Store, number: int) -> None:
    """All records of one call, each on disk before the next one."""
    await store.call_records.write(insert_call(start(number)))
    await store.call_records.write(update_call(CallProgress(call_id=f"call{number}", ring_time=1)))
    await store.call_records.write(finish_call(end(number)))


async def settled(store: Store, seconds: float = 10.0) -> None:
    """Wait until the spool is empty."""
    async with asyncio.timeout(seconds):
        while store.call_records.is_behind:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def check_all(store: Store, count: int = CALLS) -> None:
    """See that every call is there, complete, once."""
    page = await store.list_calls(page=PageWanted(limit=1000, oldest_first=True))
    assert [call.call_id for call in page.calls] == [f"call{number}" for number in range(count)]
    assert {call.outcome for call in page.calls} == {"answered"}
    assert [call.media for call in page.calls] == [
        {"caller": {"lost": number}} for number in range(count)
    ]


def files(folder: Path) -> list[Path]:
    """The spools in a folder."""
    return list(folder.glob("*.spool"))


@pytest.fixture
async def failing(url: str, spool: Path) -> AsyncIterator[Store]:
    store = await Store.open(url, spool, time_limit=SHORT)
    yield store
    await store.close()


async def test_records_of_a_database_that_fails_are_spooled_and_written_later(
    failing: Store, url: str
) -> None:
    await record(failing, 0)
    execute(url, "ALTER TABLE calls RENAME TO elsewhere")
    await failing.call_records.write(insert_call(start(1)))
    for number in range(2, CALLS):
        await record(failing, number)
    assert failing.call_records.pending == 3 * (CALLS - 2) + 1
    execute(url, "ALTER TABLE elsewhere RENAME TO calls")
    await failing.call_records.write(finish_call(end(1)))
    await settled(failing)
    await check_all(failing)
    assert failing.call_records.lost == failing.call_records.pending == 0
    await record(failing, CALLS)
    assert failing.call_records.spooled == 3 * (CALLS - 2) + 2, "not spooled any more"


async def test_what_is_spooled_outlives_the_process(url: str, spool: Path) -> None:
    store = await Store.open(url, spool, time_limit=SHORT)
    execute(url, "ALTER TABLE calls RENAME TO elsewhere")
    await asyncio.gather(*(record(store, number) for number in range(CALLS)))
    await store.call_records.write(insert_call(start(CALLS)))
    await store.close()
    assert [file.name for file in files(spool.parent)] == [spool.name]
    execute(url, "ALTER TABLE elsewhere RENAME TO calls")
    again = await Store.open(url, spool)
    assert again.interrupted == 1, "the one that had no end"
    page = await again.list_calls()
    assert page.total == CALLS + 1
    assert page.calls[0].outcome == "interrupted"
    await again.close()
    assert files(spool.parent) == []


async def test_a_record_that_is_there_already_is_not_written_twice(
    failing: Store, url: str
) -> None:
    """A server may commit and end before it says so."""
    await record(failing, 0)
    execute(url, "ALTER TABLE calls RENAME TO elsewhere")
    await failing.call_records.write(insert_call(start(1)))
    await failing.call_records.write(insert_call(start(0)))
    execute(url, "ALTER TABLE elsewhere RENAME TO calls")
    await failing.call_records.write(finish_call(end(1)))
    await settled(failing)
    await check_all(failing, 2)


async def test_a_locked_database_keeps_no_call_waiting(file_url: str, spool: Path) -> None:
    store = await Store.open(file_url, spool)
    with closing(sqlite3.connect(file_url.removeprefix("sqlite:///"))) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        await store.call_records.write(insert_call(start(0)))
        assert 0.9 < time.monotonic() - began < 3, "about a second, then the spool has it"
        for number in range(1, CALLS):
            await store.call_records.write(insert_call(start(number)))
            await store.call_records.write(finish_call(end(number)))
        assert time.monotonic() - began < 4
        other.rollback()
    await store.call_records.write(finish_call(end(0)))
    await settled(store, 20)
    await check_all(store)
    await store.close()


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A file system of that size, where this process may mount one."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("only root can make a full disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_on_a_full_disk_records_take_the_room_that_was_reserved(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    with small_disk(folder, "12m"):
        store = await Store.open(f"sqlite:///{folder}/switch.db", folder / "calls.spool")
        filler = folder / "filler"
        filler.write_bytes(b"x" * shutil.disk_usage(folder).free)
        for number in range(300):
            await record(store, number)
        assert store.journal.is_away
        assert store.call_records.lost == 0
        filler.unlink()
        await settled(store, 30)
        await check_all(store, 300)
        await store.close()


STOPS: dict[str, tuple[Callable[[PostgreSql], Any], Callable[[PostgreSql], Any]]] = {
    "stop": (PostgreSql.stop, PostgreSql.start),
    "hang": (PostgreSql.hang, PostgreSql.resume),
}


@pytest.mark.parametrize("how", STOPS)
async def test_a_server_that_stops_or_hangs_loses_no_record(
    own_postgresql: PostgreSql, spool: Path, how: str
) -> None:
    away, back = STOPS[how]
    store = await Store.open(own_postgresql.url(), spool, time_limit=SHORT)
    await record(store, 0)
    away(own_postgresql)
    began = time.monotonic()
    await asyncio.gather(*(record(store, number) for number in range(1, CALLS)))
    assert time.monotonic() - began < 3
    await asyncio.sleep(2 * SHORT)
    await asyncio.to_thread(back, own_postgresql)
    await settled(store, 30)
    await check_all(store)
    assert store.call_records.lost == 0
    await store.close()
