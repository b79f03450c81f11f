"""Work that nobody waits for, and that somebody owns all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import structlog

from softswitch.commands.base.codes import CommandError

log = structlog.get_logger("script")


class Background:
    """Lets work go on, tells of its failure, and ends what is left."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Future[None]] = set()

    def start(self, work: Awaitable[None]) -> None:
        """Let it go on."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Future[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, CommandError):
            log.info("command failed", error=error.message)
        else:
            log.error("task failed", exc_info=error)

    async def close(self) -> None:
        """End what still goes on."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
