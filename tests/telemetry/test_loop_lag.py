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
    for _ in range(2):
        await asyncio.sleep(0.01)
        time.sleep(0.08)  # noqa: ASYNC251
        await asyncio.sleep(0.01)
    watch.close()
    assert watch.take_worst() > 0.05
    assert watch.take_worst() == 0.0
    assert [event["event"] for event in logged] == ["event loop was late"]
