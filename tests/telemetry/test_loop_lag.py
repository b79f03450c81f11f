"""How late the event loop is, with a loop that is really held up."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from softswitch.telemetry import loop_lag
from softswitch.telemetry.loop_lag import LoopLag


async def test_what_holds_up_the_loop_is_seen_and_logged_once(
    monkeypatch: pytest.MonkeyPatch, logged: list[Any]
) -> None:
    monkeypatch.setattr(loop_lag, "INTERVAL", 0.005)
    watch = LoopLag()
    watch.watch()
    for _ in range(2):
        await asyncio.sleep(0.01)
        time.sleep(0.08)  # noqa: ASYNC251
        await asyncio.sleep(0.01)
    watch.close()
    assert watch.take_worst() > 0.05
    assert watch.take_worst() == 0.0
    assert [event["event"] for event in logged] == ["event loop was late"]
    assert logged[0]["computing"] < 40  # it slept: nothing was computed


async def test_what_the_loop_itself_has_computed_is_told(
    monkeypatch: pytest.MonkeyPatch, logged: list[Any]
) -> None:
    monkeypatch.setattr(loop_lag, "INTERVAL", 0.005)
    watch = LoopLag()
    watch.watch()
    await asyncio.sleep(0)
    began = time.thread_time()
    while time.thread_time() < began + 0.08:
        pass
    await asyncio.sleep(0.01)
    watch.close()
    assert logged[0]["milliseconds"] >= logged[0]["computing"] > 50


async def test_what_is_before_it_watches_does_not_count(
    monkeypatch: pytest.MonkeyPatch, logged: list[Any]
) -> None:
    monkeypatch.setattr(loop_lag, "INTERVAL", 0.005)
    watch = LoopLag()
    await asyncio.sleep(0.01)
    time.sleep(0.08)  # noqa: ASYNC251
    await asyncio.sleep(0.01)
    watch.close()
    assert watch.take_worst() == 0.0
    assert not logged
