"""Tasks that run beside calls and requests: each is owned, and ended at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import structlog

from softswitch.commands.base.codes import CommandError

log = structlog.get_logger("script")


class Background:
    """Owns tasks, logs their failures, and ends those that are left."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Future[None]] = set()

    def start(self, work: Awaitable[None]) -> None:
        """Run the work in a task of its own."""
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
        """Cancel the tasks that have not ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
