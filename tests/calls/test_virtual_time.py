"""The clock of the tests itself."""

from __future__ import annotations

import asyncio

import pytest

from tests.calls.virtual_time import run


def test_waiting_costs_no_time() -> None:
    async def story() -> float:
        loop = asyncio.get_running_loop()
        before = loop.time()
        await asyncio.gather(asyncio.sleep(32), asyncio.sleep(3600))
        return loop.time() - before

    assert run(story()) == pytest.approx(3600)


def test_a_deadlock_is_reported() -> None:
    async def story() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="no timer is set"):
        run(story())


def test_a_task_left_behind_fails() -> None:
    async def story() -> None:
        story.left = asyncio.create_task(asyncio.sleep(1e6))  # type: ignore[attr-defined]

    with pytest.raises(AssertionError, match="left behind"):
        run(story())
