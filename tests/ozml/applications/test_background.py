"""Tasks that nobody waits for: their failures are logged, and none outlives its owner."""

from __future__ import annotations

import asyncio
from typing import Any

from softswitch.commands.base.codes import Code, CommandError
from softswitch.ozml.applications.background import Background


async def test_what_ends_well_or_badly_is_let_go_and_failures_are_logged(logged: list[Any]) -> None:
    background, done = Background(), list[str]()

    async def work(error: Exception | None = None) -> None:
        done.append("work")
        if error is not None:
            raise error

    background.start(work())
    background.start(work(CommandError(Code.CALL_NOT_FOUND, "17")))
    background.start(work(ValueError("a fault of ours")))
    for _ in range(3):
        await asyncio.sleep(0)
    assert done == ["work"] * 3
    assert [(event["event"], event["log_level"]) for event in logged] == [
        ("command failed", "info"),
        ("task failed", "error"),
    ]
    await background.close()


async def test_what_has_not_ended_is_cancelled_at_the_end() -> None:
    background, ended = Background(), asyncio.Event()

    async def for_ever() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    background.start(for_ever())
    await asyncio.sleep(0)
    await background.close()
    assert ended.is_set()
