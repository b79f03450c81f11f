"""Bans of sources that guess passwords and PINs: every service counts wrong ones by this piece.

A ban is for one source and one account first, so that guesses from elsewhere lock nobody out. A
source that guesses at many accounts is banned for all of them. Each further ban lasts twice as long
as the last. While it lasts, the right password is refused as the wrong one is, so nothing can be
learned; what comes is dropped, and the log says so once. Afterwards the right password is taken.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from softswitch.guard.events import SecurityEvents
from softswitch.guard.rates import RequestSource
from softswitch.telemetry.metrics import Metric

CAPACITY = 50_000
"Pairs of source and account whose failures are remembered, and as many whose bans are."
LONGEST = 86_400.0
"Seconds of the longest ban; after as many without a ban the next one is a short one again."
ALL_ACCOUNTS = 10
"A source is banned for all accounts at so many times the failures that one account allows."
NAME_LENGTH = 64
"Characters of an account that are remembered: senders choose it."


class Ban(NamedTuple):
    """A ban that lasts."""

    service: str
    source: str
    account: str
    "Empty for all accounts."
    seconds: float
    "How long it still lasts."
    dropped: int
    "Attempts that were dropped."


class BanTerms(NamedTuple):
    """When bans begin and how long they last."""

    failures: int = 5
    "Wrong passwords for one account from one source within `window` that begin a ban."
    window: float = 60.0
    "Seconds."
    ban_time: float = 300.0
    "Seconds of the first ban."


BanListener = Callable[[str, str, str, float], None]
"Given service, source, account and the seconds of a ban that begins; 0 of one that is lifted."


class _Sentence:
    """The bans of one source and one account: the last one, and how many there were."""

    __slots__ = ("count", "dropped", "until")

    def __init__(self) -> None:
        self.until = 0.0
        self.count = 0
        self.dropped = 0


class Bans:
    """Failures and bans of one service, by source and account; an empty account is all of them."""

    __slots__ = (
        "_capacity", "_clock", "_events", "_failures", "_listeners", "_sentences", "_terms",
        "service",
    )  # fmt: skip

    def __init__(
        self,
        service: str,
        terms: BanTerms | None = None,
        events: SecurityEvents | None = None,
        *,
        capacity: int = CAPACITY,
        clock: Callable[[], float] = time.monotonic,
        listeners: Sequence[BanListener] = (),
    ) -> None:
        """`service` names what is guessed at; `clock` counts seconds and is never set back."""
        self._listeners = listeners
        self.service = service
        self._terms = terms or BanTerms()
        self._events = events or SecurityEvents()
        self._capacity = capacity
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], list[float]] = OrderedDict()
        "Times of the failures within the window, fewer than the limit."
        self._sentences: OrderedDict[tuple[str, str], _Sentence] = OrderedDict()

    # -- what services ask -------------------------------------------------------------------------

    def refuses(self, source: RequestSource, account: str = "") -> bool:
        """Whether what comes from there for that account is to be dropped, right or wrong."""
        if source.trusted or not self._sentences:
            return False
        now, name = self._clock(), account[:NAME_LENGTH]
        for key in ((source.key, ""), (source.key, name)):
            sentence = self._sentences.get(key)
            if sentence is not None and now < sentence.until:
                sentence.dropped += 1
                self._events.report_dropped(
                    self.service, *key, sentence.until - now, is_first=sentence.dropped == 1
                )
                return True
        return False

    def retry_after(self, source: RequestSource, account: str = "") -> int:
        """Seconds to tell who is refused, until it is taken again: whole ones, at least one."""
        ends = (
            sentence.until
            for key in ((source.key, ""), (source.key, account[:NAME_LENGTH]))
            if (sentence := self._sentences.get(key)) is not None
        )
        return max(1, math.ceil(max(ends, default=0.0) - self._clock()))

    def wrong(self, source: RequestSource, account: str) -> None:
        """Count a wrong password or PIN; perhaps a ban begins with it."""
        if not source.trusted:
            name = account[:NAME_LENGTH]
            self._count((source.key, name), self._terms.failures)
            self._count((source.key, ""), self._terms.failures * ALL_ACCOUNTS)

    def right(self, source: RequestSource, account: str) -> None:
        """Forget the failures of a user whose password was right at last."""
        self._failures.pop((source.key, account[:NAME_LENGTH]), None)

    # -- what operators ask ------------------------------------------------------------------------

    def standing(self) -> Iterator[Ban]:
        """The bans that last, the oldest first."""
        now = self._clock()
        for (source, account), sentence in self._sentences.items():
            if now < sentence.until:
                left = sentence.until - now
                yield Ban(self.service, source, account, left, sentence.dropped)

    def lift(self, source: str | None = None, account: str | None = None) -> int:
        """End bans, of all sources and accounts that are not named; return how many there were.

        What was counted against them is forgotten, too.
        """
        lifted = [
            (ban.source, ban.account)
            for ban in self.standing()
            if source in (None, ban.source) and account in (None, ban.account)
        ]
        for key in lifted:
            del self._sentences[key]
            self._failures.pop(key, None)
            self._tell(key, 0.0)
        return len(lifted)

    # ----------------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Forget failures and bans that are too old to matter."""
        now = self._clock()
        while self._failures:
            key, failures = next(iter(self._failures.items()))
            if now - failures[-1] < self._terms.window:
                break
            del self._failures[key]
        for key, sentence in list(self._sentences.items()):
            if now > sentence.until + LONGEST:
                del self._sentences[key]

    def _count(self, key: tuple[str, str], limit: int) -> None:
        now = self._clock()
        failures = [at for at in self._failures.pop(key, ()) if now - at < self._terms.window]
        failures.append(now)
        if len(failures) >= limit:
            self._begin(key, now)
            return
        if len(self._failures) >= self._capacity:
            self._failures.popitem(last=False)
        self._failures[key] = failures

    def _begin(self, key: tuple[str, str], now: float) -> None:
        sentence = self._sentences.pop(key, None)
        if sentence is None or now > sentence.until + LONGEST:
            sentence = _Sentence()
        if len(self._sentences) >= self._capacity:
            self._sentences.popitem(last=False)
        self._sentences[key] = sentence
        seconds = min(self._terms.ban_time * 2.0 ** min(sentence.count, 30), LONGEST)
        sentence.until, sentence.dropped = now + seconds, 0
        sentence.count += 1
        self._events.report_ban(self.service, *key, seconds)
        self._tell(key, seconds)

    def _tell(self, key: tuple[str, str], seconds: float) -> None:
        for listener in self._listeners:
            listener(self.service, *key, seconds)

    def __len__(self) -> int:
        return max(len(self._failures), len(self._sentences))


class BanList:
    """The bans of all services, for the operator."""

    def __init__(
        self,
        terms: BanTerms | None = None,
        events: SecurityEvents | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._terms = terms or BanTerms()
        self._events = events or SecurityEvents()
        self._clock = clock
        self._services: list[Bans] = []
        self.listeners: list[BanListener] = []
        "Told of each ban that begins, and of each that is lifted; must not block or raise."

    def open(self, service: str, *, times: int = 1, window: float | None = None) -> Bans:
        """The bans of one more service, which begin at `times` the failures of the terms."""
        terms = self._terms._replace(failures=self._terms.failures * times)
        if window is not None:
            terms = terms._replace(window=window)
        bans = Bans(service, terms, self._events, clock=self._clock, listeners=self.listeners)
        self._services.append(bans)
        return bans

    def forget(self) -> None:
        """Forget failures and bans of all services that are too old to matter."""
        for bans in self._services:
            bans.forget()

    def standing(self) -> list[Ban]:
        """The bans that last, by service."""
        return [ban for bans in self._services for ban in bans.standing()]

    def lift(
        self, *, service: str | None = None, source: str | None = None, account: str | None = None
    ) -> int:
        """End the bans that fit what is given; return how many there were."""
        return sum(
            bans.lift(source, account) for bans in self._services if service in (None, bans.service)
        )

    def metrics(self) -> Iterator[Metric]:
        """How many bans last."""
        yield Metric("bans", "Bans that last, by service", self._counts, "service")

    def _counts(self) -> dict[str, float]:
        return {bans.service: sum(1 for _ in bans.standing()) for bans in self._services}
