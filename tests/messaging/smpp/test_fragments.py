"""Parts of long messages: what is on disk counts, whichever peer has gone meanwhile."""

from __future__ import annotations

import asyncio
import time

import pytest

from softswitch.messaging.smpp.fragments import PATIENCE, Fragments
from softswitch.messaging.smpp.text import Piece
from softswitch.store.database.changes import Change
from softswitch.store.message_fragments import Fragment


class Disk:
    """Takes every change when the test says so."""

    def __init__(self) -> None:
        self.writes: list[asyncio.Future[None]] = []
        self.slow = False

    def write(self, *changes: Change) -> asyncio.Future[None]:
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.writes.append(written)
        if not self.slow:
            written.set_result(None)
        return written

    async def load_fragments(self) -> list[Fragment]:
        return []


async def test_a_message_is_whole_once_though_its_bringer_goes_away() -> None:
    disk, now = Disk(), [time.time()]
    fragments = Fragments("sms", disk, "gsm7", lambda: now[0])
    await fragments.add(Piece(3, b"one ", reference=7, parts=2, part=1), "1", "2")
    _, whole = await fragments.add(Piece(3, b"two", reference=7, parts=2, part=2), "1", "2")
    assert whole is not None
    assert whole.text == "one two"
    disk.slow = True
    bringer = asyncio.create_task(fragments.done(whole))
    await asyncio.sleep(0)
    bringer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await bringer
    disk.writes[-1].set_result(None)
    await asyncio.sleep(0)
    now[0] += PATIENCE
    assert fragments.overdue() == []
    assert len(fragments) == 0
