"""The call history: one record a call, found again by every filter of the API."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from softswitch.store.call_history import CallFilter, PageWanted
from softswitch.store.calls import (
    INTERRUPTED,
    CallEnd,
    CallProgress,
    CallStart,
    finish_call,
    insert_call,
    sign_of_life,
    update_call,
)
from softswitch.store.store import Store

STARTS = (
    CallStart(
        call_id="first", start_time=100.0, source="1000", caller_id="1000", caller_name="Reception",
        dialed="2000", destination="2000",
    ),
    CallStart(
        call_id="second", start_time=200.0, source="carrier", caller_id="+3612345", dialed="1000",
        destination="1000", direction="Inbound",
    ),
    CallStart(
        call_id="third", start_time=300.0, source="1000", caller_id="1000", dialed="0049",
        destination="carrier", direction="Outbound", type="Video",
    ),
)  # fmt: skip


@pytest.fixture
async def history(store: Store) -> Store:
    for start in STARTS:
        await store.write(insert_call(start))
    await store.write(
        finish_call(
            CallEnd(
                call_id="first", ring_time=101.0, answer_time=105.0, end_time=165.5,
                outcome="answered", state="CalleeHungUp", caller_code=200, callee_code=200,
                ended_by="callee", reason="", media={"caller": {"lost": 3}},
            )
        )
    )  # fmt: skip
    return store


async def test_a_record_is_complete_after_its_end(history: Store) -> None:
    page = await history.list_calls(CallFilter(call_id="first"))
    [record] = page.calls
    assert (record.source, record.caller_name, record.dialed) == ("1000", "Reception", "2000")
    assert (record.outcome, record.state, record.ended_by) == ("answered", "CalleeHungUp", "callee")
    assert (record.ring_time, record.answer_time, record.end_time) == (101.0, 105.0, 165.5)
    assert (record.caller_code, record.callee_code) == (200, 200)
    assert record.media == {"caller": {"lost": 3}}
    assert record.talk_time == 60.5
    assert record.destination == "2000"


async def test_a_call_that_lasts_has_no_end(history: Store) -> None:
    [record] = (await history.list_calls(CallFilter(call_id="second"))).calls
    assert record.end_time is None
    assert record.outcome == ""
    assert record.talk_time == 0.0


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (CallFilter(), ["third", "second", "first"]),
        (CallFilter(source="1000"), ["third", "first"]),
        (CallFilter(destination="1000"), ["second"]),
        (CallFilter(dialed="2000"), ["first"]),
        (CallFilter(caller_id="+3612345"), ["second"]),
        (CallFilter(direction="Outbound"), ["third"]),
        (CallFilter(direction="outbound"), ["third"]),
        (CallFilter(state="calleehungup"), ["first"]),
        (CallFilter(type="Video"), ["third"]),
        (CallFilter(state="CalleeHungUp"), ["first"]),
        (CallFilter(state="calleehungup"), ["first"]),
        (CallFilter(source="CARRIER"), ["second"]),
        (CallFilter(destination="Carrier", type="video", direction="outbound"), ["third"]),
        (CallFilter(call_id="FIRST"), []),
        (CallFilter(outcome="answered"), ["first"]),
        (CallFilter(since=200.0), ["third", "second"]),
        (CallFilter(until=200.0), ["first"]),
        (CallFilter(ended=True), ["first"]),
        (CallFilter(ended=False), ["third", "second"]),
        (CallFilter(text="recep"), ["first"]),
        (CallFilter(text="%"), []),
        (CallFilter(source="1000", direction="Internal"), ["first"]),
        (CallFilter(source="' OR 1=1 --"), []),
    ],
)
async def test_filters(history: Store, wanted: CallFilter, found: list[str]) -> None:
    page = await history.list_calls(wanted)
    assert [record.call_id for record in page.calls] == found
    assert page.total == len(found)


async def test_pages_count_all_that_match(history: Store) -> None:
    page = await history.list_calls(page=PageWanted(offset=1, limit=1))
    assert page.total == 3
    assert [record.call_id for record in page.calls] == ["second"]


async def test_open_calls_of_an_earlier_process_are_closed_with_their_last_known_time(
    history: Store, url: str, spool: Path
) -> None:
    await history.write(
        update_call(CallProgress(call_id="second", ring_time=201.0, answer_time=203.0))
    )
    await history.close()
    again = await Store.open(url, spool)
    assert again.interrupted == 2
    page = await again.list_calls(CallFilter(outcome=INTERRUPTED))
    assert [(record.call_id, record.end_time, record.ended_by) for record in page.calls] == [
        ("third", 300.0, "system"),
        ("second", 203.0, "system"),
    ]
    assert (await again.list_calls(CallFilter(call_id="first"))).calls[0].outcome == "answered"
    await again.close()


async def test_open_calls_of_an_earlier_process_lasted_until_its_last_sign_of_life(
    history: Store, url: str, spool: Path
) -> None:
    await history.write(
        update_call(CallProgress(call_id="second", ring_time=201.0, answer_time=203.0))
    )
    for seen in (210.0, 290.0):
        await history.write(sign_of_life(seen))
    await history.close()
    again = await Store.open(url, spool)
    page = await again.list_calls(CallFilter(outcome=INTERRUPTED))
    assert [(record.call_id, record.end_time, record.talk_time) for record in page.calls] == [
        ("third", 300.0, 0.0),
        ("second", 290.0, 87.0),
    ]
    await again.close()


async def test_progress_leaves_alone_what_it_does_not_say(history: Store) -> None:
    await history.write(update_call(CallProgress(call_id="second", ring_time=201.0)))
    await history.write(update_call(CallProgress(call_id="second", answer_time=203.0)))
    [record] = (await history.list_calls(CallFilter(call_id="second"))).calls
    assert (record.ring_time, record.answer_time) == (201.0, 203.0)
    assert (record.destination, record.state) == ("1000", "Ringing")


async def test_what_a_peer_calls_itself_does_not_cost_the_record(store: Store) -> None:
    strange = replace(STARTS[0], call_id="strange", caller_name="A\0nna \udcff")
    await store.write(insert_call(strange))
    [record] = (await store.list_calls(CallFilter(call_id="strange"))).calls
    assert record.caller_name == "A\ufffdnna \ufffd"
