"""Which pairs of ports are free: even for RTP, the odd one above for RTCP (RFC 3550 section 11).

A pair is drawn at random, so that an attacker cannot guess the port of the next call, and rests for
some seconds after its call, so that late packets of that call do not reach the next one.
"""

from __future__ import annotations

import random
from collections import deque

KEPT = 4
"Pairs of a pool that emergency calls alone may draw: two calls of two parties."
KEPT_OF = 4
"A pool that is small keeps no more than one of so many."


class PortPool:
    """The pairs of one worker. Bounds `low` and `high` are ports and both belong to the range."""

    def __init__(
        self,
        low: int,
        high: int,
        *,
        share: int = 0,
        shares: int = 1,
        quarantine: float = 5.0,
        choose: random.Random | None = None,
    ) -> None:
        """Take every `shares`-th pair of the range, beginning with the one numbered `share`."""
        pairs = range(low + low % 2, high, 2)
        self._free = list(pairs[share::shares])
        self._resting: deque[tuple[float, int]] = deque()
        self._quarantine = quarantine
        self._choose = choose or random.SystemRandom()
        self.size = len(self._free)
        self.kept = min(KEPT, self.size // (KEPT_OF * 2) * 2)
        "How many of them are for emergency calls alone."

    @property
    def free(self) -> int:
        """How many pairs can be drawn now."""
        return len(self._free)

    @property
    def resting(self) -> int:
        """How many pairs are in quarantine."""
        return len(self._resting)

    def draw(self, *, is_urgent: bool = False) -> int | None:
        """Return the even port of a random free pair, or None when all are in use or resting.

        The last few are for emergency calls, which are urgent.
        """
        if len(self._free) <= (0 if is_urgent else self.kept):
            return None
        chosen = self._choose.randrange(len(self._free))
        self._free[chosen], self._free[-1] = self._free[-1], self._free[chosen]
        return self._free.pop()

    def give_back(self, port: int, now: float) -> None:
        """Let the pair rest, and then be free; also for one that another program occupies."""
        self._resting.append((now + self._quarantine, port))

    def wake(self, now: float) -> None:
        """Free the pairs that have rested long enough."""
        while self._resting and self._resting[0][0] <= now:
            self._free.append(self._resting.popleft()[1])
