"""One heap for all timers of the core, with one call of the event loop for the earliest.

Timers are never stopped (the core ignores those that no longer matter), so a heap of tuples is all
there is. Nearly all that fire have nothing left to do, and a busy switch has thousands: so a run is
followed by a pause in which the next ones gather. Times are seconds of the loop's clock.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

from softswitch.sip.effects import Owner

RESOLUTION = 0.001
"Seconds by which a timer may fire early: the loop's own resolution."
PAUSE = 0.02
"Seconds between two runs, and so the most by which a timer fires late."


class Timers:
    """The timers that are set, earliest first."""

    __slots__ = ("_armed", "_fire", "_handle", "_heap", "_loop", "_number", "_paused_until")

    def __init__(self, loop: asyncio.AbstractEventLoop, fire: Callable[[Owner, str], None]) -> None:
        self._loop = loop
        self._fire = fire
        self._heap: list[tuple[float, int, Owner, str]] = []
        self._number = 0
        self._armed = float("inf")
        self._paused_until = 0.0
        self._handle: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._heap)

    def set(self, owner: Owner, timer: str, seconds: float) -> None:
        """Call `fire(owner, timer)` in so many seconds; equal times fire in order of setting."""
        due = self._loop.time() + seconds
        self._number += 1
        heapq.heappush(self._heap, (due, self._number, owner, timer))
        if due < self._armed:
            self._arm(due)

    def _arm(self, due: float) -> None:
        due = max(due, self._paused_until)
        if due >= self._armed:
            return
        if self._handle is not None:
            self._handle.cancel()
        self._armed = due
        self._handle = self._loop.call_at(due, self._run)

    def _run(self) -> None:
        heap = self._heap
        self._armed, self._handle = float("inf"), None
        now = self._loop.time()
        end, self._paused_until = now + RESOLUTION, now + PAUSE
        due = []
        while heap and heap[0][0] <= end:
            due.append(heapq.heappop(heap))
        try:
            for _, _, owner, timer in due:
                self._fire(owner, timer)
        finally:
            if heap and heap[0][0] < self._armed:
                self._arm(heap[0][0])

    def close(self) -> None:
        """Forget every timer."""
        if self._handle is not None:
            self._handle.cancel()
        self._heap.clear()
        self._armed, self._handle = float("inf"), None
