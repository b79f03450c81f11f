"""ListCallHistory on a real database: its rows, and filters in any letter case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from softswitch.commands.base.replies import Listing
from softswitch.store.calls import CallEnd, CallStart, finish_call, insert_call
from softswitch.store.store import Store
from tests.ozml.scene import ScriptScene


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[ScriptScene]:
    """A history of three calls: one hung up, one transferred, one that lasts."""
    store = await Store.open(f"sqlite:///{tmp_path}/switch.db", tmp_path / "spool")
    for number, (call_id, source) in enumerate((("a1", "Carrier"), ("A1", "anna"), ("b2", "1000"))):
        start = CallStart(
            call_id=call_id,
            start_time=1_000.0 + number,
            source=source,
            caller_id="1000",
            dialed="1001",
            destination="1001",
        )
        await store.write(insert_call(start))
    for call_id, state in (("a1", "CallerHangUp"), ("A1", "TransferCompleted")):
        end = CallEnd(
            call_id=call_id,
            end_time=1_020.0,
            ring_time=1_003.0,
            answer_time=1_008.0,
            outcome="answered",
            state=state,
            media={"caller": {"codec": "PCMU", "mos": 4.2}},
        )
        await store.write(finish_call(end))
    yield ScriptScene(store=store)
    await store.close()


async def listed(scene: ScriptScene, **fields: str) -> Listing:
    reply = await scene.command("ListCallHistory", **fields)
    assert reply is not None
    assert reply.listing is not None
    return reply.listing


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, ["a1", "A1", "b2"]),
        ({"Order": "desc"}, ["b2", "A1", "a1"]),
        ({"State": "callerhungup"}, ["a1"]),
        ({"State": "TRANSFERCOMPLETED"}, ["A1"]),
        ({"State": "ringing"}, ["b2"]),
        ({"Source": "CARRIER"}, ["a1"]),
        ({"Source": "Anna"}, ["A1"]),
        ({"Direction": "internal", "Type": "AUDIO"}, ["a1", "A1", "b2"]),
        ({"CallId": "a1"}, ["a1"]),
        ({"CallId": "A1"}, ["A1"]),
        ({"General": "CARR"}, ["a1"]),
        ({"RowsPerPage": "1", "PageNumber": "1"}, ["A1"]),
    ],
)
async def test_filters(scene: ScriptScene, fields: dict[str, str], found: list[str]) -> None:
    assert [row["CallId"] for row in (await listed(scene, **fields)).rows] == found


async def test_a_row_tells_how_long_it_rang_and_lasted_and_how_it_sounded(
    scene: ScriptScene,
) -> None:
    listing = await listed(scene, CallId="a1", Quality="true")
    (row,) = listing.rows
    assert listing.total == 1
    assert (row["RingDuration"], row["Duration"]) == ("5.000", "12.000")
    assert (row["CallerCodec"], row["CallerMos"]) == ("PCMU", "4.2")
    (row,) = (await listed(scene, CallId="b2")).rows
    assert "EndTime" not in row
    assert "RingDuration" not in row
