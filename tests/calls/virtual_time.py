"""An event loop whose clock jumps to the next timer: half a minute of waiting costs nothing.

Nothing in these tests touches a socket, so a loop that would wait for one waits for ever: that is
reported as an error instead.
"""

from __future__ import annotations

import asyncio
import itertools
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Never waits: the time that it was asked to wait is added to the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise RuntimeError("everything waits and no timer is set")
        self.now += max(timeout, 0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop on virtual time, in seconds since its start."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

        self._order = itertools.count()

    def time(self) -> float:
        return self._clock.now

    def run_in_executor(  # type: ignore[override]
        self, _executor: Any, work: Callable[..., T], *arguments: Any
    ) -> asyncio.Future[T]:
        """Do it in another thread, in no time."""
        done: asyncio.Future[T] = self.create_future()
        with ThreadPoolExecutor(1) as pool:
            doing = pool.submit(work, *arguments)
        if (error := doing.exception()) is not None:
            done.set_exception(error)
        else:
            done.set_result(doing.result())
        return done

    def call_at(  # type: ignore[override]
        self, when: float, *arguments: Any, **more: Any
    ) -> asyncio.TimerHandle:
        """Keep timers of the same moment in the order in which they were set."""
        return super().call_at(when + next(self._order) * 1e-9, *arguments, **more)


def run(story: Coroutine[Any, Any, T]) -> T:
    """Run a test's story on virtual time; a task left over at its end fails the test."""

    async def watched() -> T:
        result = await story
        for _ in range(10):
            await asyncio.sleep(0)
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert not left, f"tasks left behind: {left}"
        return result

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(watched())
