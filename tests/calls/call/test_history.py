"""What is written of calls besides their records."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from softswitch.calls.call.history import LIFE_SIGN_SECONDS, History
from tests.calls.scene import FakeJournal
from tests.calls.virtual_time import run


def test_signs_of_life_are_left_while_there_are_calls() -> None:
    async def story() -> None:
        journal, calls = FakeJournal(), ["a call"]
        loop = asyncio.get_running_loop()
        showing = asyncio.create_task(History(journal, loop.time).show_life(calls))
        await asyncio.sleep(2.5 * LIFE_SIGN_SECONDS)
        calls.clear()
        await asyncio.sleep(2 * LIFE_SIGN_SECONDS)
        showing.cancel()
        with suppress(asyncio.CancelledError):
            await showing
        seen = [change.row["seen_at"] for change in journal.changes]
        assert seen == pytest.approx([LIFE_SIGN_SECONDS, 2 * LIFE_SIGN_SECONDS])

    run(story())
