"""How late the event loop is: the one measure that tells whether something blocks it.

Looked at once the switch is ready: before, it serves nobody. A loop is late, too, where the machine
gives its processors to others; then it has computed nothing meanwhile, and the line says so.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator

import structlog

from softswitch.telemetry.metrics import Metric

INTERVAL = 0.25
"Seconds between two looks."
TOLERATED = 0.05
"Seconds above which a line is logged."
LATELY = 60.0
"Seconds that `worst_lately` is of."
QUIET = 10.0
"Seconds between two such lines."

log = structlog.get_logger()


class LoopLag:
    """Asks to be called at a certain time, and compares when that was; from `watch` to `close`."""

    def __init__(self) -> None:
        self.worst = 0.0
        "The longest delay in seconds since it was last taken."
        self._loop = asyncio.get_running_loop()
        self._lately: deque[float] = deque(maxlen=round(LATELY / INTERVAL))
        self._logged = float("-inf")
        self._due = self._computed = 0.0
        self._handle: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """Begin to look; in the thread of the loop."""
        self._computed = time.thread_time()
        self._due = self._loop.time() + INTERVAL
        self._handle = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        now = self._loop.time()
        late = now - self._due
        self.worst = max(self.worst, late)
        self._lately.append(late)
        if late > TOLERATED and now - self._logged > QUIET:
            self._logged = now
            computed = min(late, time.thread_time() - self._computed)
            log.warning(
                "event loop was late",
                milliseconds=round(late * 1000),
                computing=round(computed * 1000),
            )
        self.watch()

    def worst_lately(self) -> float:
        """The worst delay of the last minute, in seconds."""
        return max(self._lately, default=0.0)

    def take_worst(self) -> float:
        """The worst delay since the last call, in seconds."""
        worst, self.worst = self.worst, 0.0
        return worst

    def metrics(self) -> Iterator[Metric]:
        """The worst delay, for each scrape anew, and how many tasks there are."""
        yield Metric(
            "loop_lateness_seconds",
            "The most that the event loop was late since the last scrape",
            self.take_worst,
        )
        yield Metric("tasks", "Tasks of the event loop", lambda: len(asyncio.all_tasks(self._loop)))

    def close(self) -> None:
        """Stop looking."""
        if self._handle is not None:
            self._handle.cancel()
