"""Work that others ask of the task of a call."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

from softswitch.calls.call.inbox_events import Work
from tests.calls.scene import Scene, connected
from tests.calls.virtual_time import run


def test_work_that_nobody_waits_for_ends_without_a_complaint() -> None:
    async def story() -> None:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
        scene = Scene()
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        call.put(None, Work(scene.settle, asyncio.get_running_loop().create_future()))
        call.leave_work()
        a.hangup()
        await scene.settle()
        gc.collect()
        assert complaints == []

    run(story())
