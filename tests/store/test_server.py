"""A PostgreSQL server that stops, hangs or is taken by another switch."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from softswitch.store.bindings import save
from softswitch.store.database.lock import ADVISORY
from softswitch.store.database.postgresql import with_bounds
from softswitch.store.database.urls import read_url
from softswitch.store.errors import DatabaseAway, DatabaseTaken, StoreError
from softswitch.store.store import Store
from tests.postgresql import PostgreSql
from tests.store.rows import binding

SHORT = 1.0
"The time limit of these stores, in seconds."


async def opened(server: PostgreSql, spool: Path) -> Store:
    return await Store.open(server.url(), spool, time_limit=SHORT)


async def written(store: Store, number: int) -> None:
    """Write until the database takes it, as a phone registers again."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await store.write(save(binding(number)))
            except DatabaseAway:
                await asyncio.sleep(0.2)


async def test_a_hanging_server_is_an_error_after_the_time_limit(
    own_postgresql: PostgreSql, spool: Path
) -> None:
    store = await opened(own_postgresql, spool)
    await store.write(save(binding(1)))
    assert len(await store.load_bindings()) == 1
    own_postgresql.hang()
    began = time.monotonic()
    results = await asyncio.gather(
        store.write(save(binding(2))), store.load_bindings(), store.list_calls(),
        return_exceptions=True,
    )  # fmt: skip
    assert [type(result) for result in results] == [DatabaseAway] * 3
    assert time.monotonic() - began < 4 * SHORT
    assert store.journal.is_away
    own_postgresql.resume()
    await written(store, 3)
    assert {row.id for row in await store.load_bindings()} >= {1, 3}
    await store.close()


async def test_a_server_that_starts_again_is_used_again(
    own_postgresql: PostgreSql, spool: Path
) -> None:
    store = await opened(own_postgresql, spool)
    await store.write(save(binding(1)))
    assert len(await store.load_bindings()) == 1
    own_postgresql.stop()
    with pytest.raises(DatabaseAway):
        await store.write(save(binding(2)))
    with pytest.raises(DatabaseAway):
        await store.load_bindings()
    own_postgresql.start()
    await store.write(save(binding(3)))
    assert [row.id for row in await store.load_bindings()] == [1, 3]
    await store.close()


async def test_a_server_that_was_started_again_meanwhile_refuses_nothing(
    own_postgresql: PostgreSql, spool: Path
) -> None:
    """A connection that died is not used."""
    store = await opened(own_postgresql, spool)
    assert await store.load_bindings() == []
    own_postgresql.stop()
    own_postgresql.start()
    assert await store.load_bindings() == []
    await store.write(save(binding(1)))
    await store.close()


async def test_more_queries_than_connections_wait_for_the_time_limit(
    own_postgresql: PostgreSql, spool: Path
) -> None:
    store = await Store.open(own_postgresql.url(), spool, time_limit=4 * SHORT)
    assert await store.load_bindings() == []
    results = await asyncio.gather(
        *(asleep(store, 0.5 * SHORT) for _ in range(8)), *(store.load_bindings() for _ in range(30))
    )
    assert results[-1] == []
    with pytest.raises(DatabaseAway, match=r"the server took too long|all connections"):
        await asleep(store, 6 * SHORT)
    await store.close()


async def asleep(store: Store, seconds: float) -> None:
    """A query that takes so long."""
    async with store.reader.connect() as connection:
        await connection.execute(text(f"SELECT pg_sleep({seconds})"))


# Whose database it is.


async def test_two_switches_do_not_share_a_database(
    own_postgresql: PostgreSql, spool: Path
) -> None:
    store = await opened(own_postgresql, spool)
    with pytest.raises(StoreError, match="is in use by another switch"):
        await opened(own_postgresql, spool.with_name("other.spool"))
    await store.close()
    await (await opened(own_postgresql, spool)).close()


async def test_a_restart_of_the_server_frees_nothing(
    own_postgresql: PostgreSql, spool: Path
) -> None:
    """The lock is regained before anything is written, and then holds others off again."""
    store = await opened(own_postgresql, spool)
    own_postgresql.stop()
    own_postgresql.start()
    await written(store, 1)
    with pytest.raises(StoreError, match="is in use by another switch"):
        await opened(own_postgresql, spool.with_name("other.spool"))
    await store.close()


async def test_a_lock_that_was_lost_is_regained_without_a_write(
    own_postgresql: PostgreSql, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("softswitch.store.store.WATCH", 0.1)
    monkeypatch.setattr("softswitch.store.store.WATCH_AWAY", 0.1)
    store = await opened(own_postgresql, spool)
    watching = asyncio.create_task(store.watch())
    own_postgresql.stop()
    own_postgresql.start()
    number = ADVISORY & 0xFFFFFFFF
    held = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {number}"
    async with asyncio.timeout(10):
        while await asyncio.to_thread(own_postgresql.execute, held) != [(1,)]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await store.close()


async def test_another_switch_that_took_the_database_ends_this_one(
    own_postgresql: PostgreSql, spool: Path
) -> None:
    store = await opened(own_postgresql, spool)
    own_postgresql.stop()
    own_postgresql.start()
    other = await opened(own_postgresql, spool.with_name("other.spool"))
    with pytest.raises(DatabaseTaken, match="is in use by another switch"):
        await store.write(save(binding(1)))
    assert "is in use by another switch" in str(store.journal.taken.result())
    await other.close()
    with pytest.raises(DatabaseTaken):
        await store.write(save(binding(2)))
    await store.close()
    assert own_postgresql.execute("SELECT count(*) FROM bindings") == [(0,)]


async def test_our_own_session_that_the_server_still_has_is_no_other_switch(
    own_postgresql: PostgreSql, spool: Path
) -> None:
    """A connection may break without the server's noticing: it keeps the lock for hours."""
    store = await opened(own_postgresql, spool)
    writer = store.journal._writer
    lost = await store.journal.run(lambda connection: connection)
    writer._connection, writer._socket = None, None  # the server hears nothing of it
    await written(store, 1)
    assert not store.journal.taken.done()
    lost.invalidate()
    await store.close()


async def test_commits_wait_for_the_disk_where_the_server_would_not(
    postgresql: PostgreSql, spool: Path
) -> None:
    url = postgresql.empty_database()
    assert postgresql.execute("SHOW synchronous_commit") == [("off",)]
    store = await Store.open(url, spool)
    said = await store.journal.run(
        lambda connection: connection.exec_driver_sql("SHOW synchronous_commit").scalar()
    )
    assert said == "on"
    await store.close()


def test_time_limits_of_the_url_are_kept(postgresql: PostgreSql) -> None:
    url = with_bounds(read_url(f"{postgresql.url()}?connect_timeout=17").blocking, 3.0)
    assert url.query["connect_timeout"] == "17"
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "3s"
