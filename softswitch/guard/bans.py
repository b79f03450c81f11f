"""Bans of sources that guess passwords: for the guessed account, each twice as long as the last.

A ban holds for one source and one account, so guesses from elsewhere do not lock a phone out. A
source that guesses at many accounts is banned for all of them.
"""

from __future__ import annotations

from collections import OrderedDict

CAPACITY = 50_000
"Pairs of source and account that are remembered."
LONGEST = 86_400.0
"Seconds of the longest ban; after as many without a failure the next ban is a short one again."
ALL_ACCOUNTS = 10
"A source is banned for all accounts at so many times the failures that one account allows."


class _Record:
    __slots__ = ("bans", "failures", "until")

    def __init__(self) -> None:
        self.failures: list[float] = []
        "Times of the failures within the window, fewer than the limit."
        self.until = 0.0
        self.bans = 0


class Bans:
    """Failures and bans by source and account; an empty account stands for all of them."""

    __slots__ = ("_ban_time", "_capacity", "_limit", "_records", "_window")

    def __init__(
        self,
        failures: int = 5,
        window: float = 60.0,
        ban_time: float = 300.0,
        *,
        capacity: int = CAPACITY,
    ) -> None:
        self._limit = failures
        self._window = window
        self._ban_time = ban_time
        self._capacity = capacity
        self._records: OrderedDict[tuple[str, str], _Record] = OrderedDict()

    def banned(self, source: str, account: str, now: float) -> bool:
        """Whether that source may not try that account now."""
        record = self._records.get((source, account))
        return record is not None and now < record.until

    def failed(self, source: str, account: str, now: float) -> float:
        """Count a wrong password; returns the seconds of the ban that begins with it, or 0."""
        return max(
            self._count((source, account), self._limit, now),
            self._count((source, ""), self._limit * ALL_ACCOUNTS, now),
        )

    def succeeded(self, source: str, account: str) -> None:
        """Forget the failures of a user whose password was right at last."""
        record = self._records.get((source, account))
        if record is not None:
            record.failures.clear()

    def _count(self, key: tuple[str, str], limit: int, now: float) -> float:
        record = self._records.get(key)
        if record is None:
            if len(self._records) >= self._capacity:
                self._records.popitem(last=False)
            record = self._records[key] = _Record()
        else:
            self._records.move_to_end(key)
            if now > record.until + LONGEST:
                record.bans = 0
        record.failures = [time for time in record.failures if now - time < self._window]
        record.failures.append(now)
        if len(record.failures) < limit:
            return 0.0
        record.failures.clear()
        seconds = min(self._ban_time * 2.0 ** min(record.bans, 30), LONGEST)
        record.bans += 1
        record.until = now + seconds
        return seconds

    def __len__(self) -> int:
        return len(self._records)
