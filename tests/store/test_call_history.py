"""Pages of the call history: by number and by key, on either database, quick by indexes."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import event

from softswitch.store.call_history import _SAME, CallFilter, PageWanted
from softswitch.store.calls import PURGE_CHUNK, CallEnd, CallStart, finish_call, insert_call
from softswitch.store.store import Store
from tests.postgresql import execute

COUNT = 25


@pytest.fixture
async def history(store: Store) -> Store:
    """Calls 0 to 24, always two that began at the same time."""
    await asyncio.gather(
        *(
            store.write(
                insert_call(
                    CallStart(
                        call_id=f"c{number:02}",
                        start_time=number // 2,
                        source=f"{number % 3}",
                        caller_id="1",
                        dialed="2",
                    )
                )
            )
            for number in range(COUNT)
        )
    )
    return store


async def ids(store: Store, page: PageWanted, wanted: CallFilter | None = None) -> list[str]:
    return [call.call_id for call in (await store.list_calls(wanted, page)).calls]


@pytest.mark.parametrize("oldest_first", [True, False])
@pytest.mark.parametrize("source", [None, "1"])
async def test_pages_by_number_and_by_key_are_the_same(
    history: Store, oldest_first: bool, source: str | None
) -> None:
    wanted = CallFilter(source=source)
    expected = [
        f"c{number:02}" for number in range(COUNT) if source is None or str(number % 3) == source
    ]
    if not oldest_first:
        expected.reverse()
    for limit in (1, 4, 7, COUNT, 100):
        pages: list[str] = []
        keyed: list[str] = []
        for number in range(COUNT // limit + 2):
            page = PageWanted(limit=limit, offset=number * limit, oldest_first=oldest_first)
            pages += await ids(history, page, wanted)
            page = PageWanted(
                limit=limit, after=keyed[-1] if keyed else None, oldest_first=oldest_first
            )
            keyed += await ids(history, page, wanted)
        assert pages == keyed == expected


async def test_a_page_behind_a_page_and_behind_a_call_that_is_not_there(history: Store) -> None:
    page = PageWanted(limit=3, offset=3, after="c04", oldest_first=True)
    assert await ids(history, page) == ["c08", "c09", "c10"]
    assert await ids(history, PageWanted(after="nonsense")) == []


async def test_every_filter_has_an_index(file_store: Store, file_url: str) -> None:
    asked: list[tuple[str, object]] = []
    engine = file_store._engines.awaiting.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *said: asked.append((said[2], said[3])))
    values = {name: "x" for name in (*_SAME, "call_id") if name != "outcome"}
    filters = [CallFilter(**{name: value}) for name, value in values.items()]  # type: ignore[arg-type]
    filters += [CallFilter(since=1.0), CallFilter(until=1.0), CallFilter(ended=False)]
    for wanted in filters:
        await file_store.list_calls(wanted)
    queries = [(text, values) for text, values in asked if text != "BEGIN"]
    assert len(queries) == 2 * len(filters)
    async with file_store.reader.connect() as connection:
        for statement, parameters in queries:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
            steps = [row[3] for row in plan]
            assert not any(step == "SCAN calls" for step in steps), (statement, steps)


async def test_old_calls_are_removed_that_have_ended(store: Store, url: str) -> None:
    count = PURGE_CHUNK + 7
    await asyncio.gather(
        *(
            store.write(
                insert_call(
                    CallStart(
                        call_id=f"c{number}",
                        start_time=number,
                        source="1",
                        caller_id="1",
                        dialed="2",
                    )
                ),
                finish_call(
                    CallEnd(call_id=f"c{number}", end_time=number, outcome="busy", state="Busy")
                ),
            )
            for number in range(count)
        )
    )
    await store.write(
        insert_call(CallStart(call_id="lasts", start_time=0, source="1", caller_id="1", dialed="2"))
    )
    assert await store.forget_calls(count - 2) == count - 2
    left = execute(url, "SELECT call_id FROM calls ORDER BY start_time")
    assert left == [("lasts",), (f"c{count - 2}",), (f"c{count - 1}",)]


async def test_the_chain_of_a_call_is_found_from_each_of_its_calls(history: Store) -> None:
    steps = [{"at": 1.5, "what": "rang", "number": "2"}]
    for number, chain in ((40, "c20"), (41, "c20"), (42, "c21")):
        start = CallStart(
            call_id=f"c{number}",
            start_time=number,
            source="1",
            caller_id="1",
            dialed="2",
            chain=chain,
        )
        await history.write(insert_call(start))
    facts = {"end_time": 50, "outcome": "answered", "state": ""}
    end = CallEnd(call_id="c22", chain="c20", steps=steps, **facts)  # type: ignore[arg-type]
    await history.write(finish_call(end))
    for call_id in ("c20", "c22", "c40", "c41"):
        found = await history.chain_of(call_id)
        assert [call.call_id for call in found] == ["c20", "c22", "c40", "c41"]
    assert [call.call_id for call in await history.chain_of("c05")] == ["c05"]
    assert list((await history.chain_of("c22"))[1].steps) == steps
    assert await history.chain_of("unknown") == ()
