"""When to try again: each wait is twice the one before, between two bounds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BackOff:
    """Waits in seconds between attempts."""

    first: float = 5.0
    last: float = 600.0

    def wait(self, attempts: int) -> float:
        """Seconds to wait after so many failed attempts, at least one."""
        return min(self.last, self.first * 2.0 ** min(attempts - 1, 30))
