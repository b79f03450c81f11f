"""The rate limit of a connection: the rate of the settings, and pauses after ESME_RTHROTTLED."""

from __future__ import annotations

import asyncio

FIRST_PAUSE, LAST_PAUSE = 0.25, 8.0
"Seconds of the first pause when the peer throttles, and of the longest one."


class RateLimit:
    """Turns come one after the other at a rate; a peer that throttles makes all wait."""

    def __init__(self, rate: float | None) -> None:
        """`rate`: turns a second, None for no bound."""
        self._interval = 1.0 / rate if rate else 0.0
        self._next = 0.0
        self._pause = 0.0

    async def wait(self) -> None:
        """Wait for a turn."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._next <= now and not self._interval:
            return
        turn = max(now, self._next)
        if self._interval:
            self._next = turn + self._interval
        if turn > now:
            await asyncio.sleep(turn - now)

    def slower(self) -> None:
        """The peer throttles: the next turn comes after a pause that doubles."""
        self._pause = min(max(FIRST_PAUSE, self._pause * 2), LAST_PAUSE)
        self._next = max(self._next, asyncio.get_running_loop().time() + self._pause)

    def faster(self) -> None:
        """The peer has taken something: pauses begin small again."""
        self._pause = 0.0
