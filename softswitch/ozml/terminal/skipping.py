"""An event loop whose clock jumps to the next timer whenever nothing else is to do."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class _Skipping(selectors.DefaultSelector):
    """Waits for no timer: the time until the next one is added to the clock."""

    now = 0.0
    waiting_outside = 0
    "How many are waiting for something that takes real time."

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.waiting_outside or timeout is None:
            began = time.monotonic()
            outside = super().select(min(timeout, 0.05) if timeout is not None else 0.05)
            self.now += time.monotonic() - began
            return outside
        ready = super().select(0)
        if not ready:
            self.now += max(timeout, 0)
        return ready


class SkippingLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop on a clock that skips waiting."""

    def __init__(self) -> None:
        self.skipping = _Skipping()
        super().__init__(self.skipping)

    def time(self) -> float:
        return self.skipping.now

    @asynccontextmanager
    async def real_time(self) -> AsyncIterator[None]:
        """While it lasts the clock skips nothing and the loop waits for the outside."""
        self.skipping.waiting_outside += 1
        try:
            yield
        finally:
            self.skipping.waiting_outside -= 1
