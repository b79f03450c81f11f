"""Phones that are challenged and do not answer: one line in the log says so, and what to try.

Some phones know no algorithm but MD5, some read only the first of several challenges, and some have
no password. None of them says why it does not register. Only accounts that exist are watched, so
that those who search for numbers write nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import structlog

_LOG = structlog.get_logger("softswitch.security")

PATIENCE = 5.0
"Seconds that an answer may take; phones answer at once."
QUIET = 600.0
"Seconds for which one line about a phone is enough."
CAPACITY = 10_000
"Phones that are awaited or have their line; beyond it the oldest are forgotten."
LINES = 10
"Lines of one look; the others are counted in one more."
WATCHED = frozenset(("REGISTER", "INVITE", "MESSAGE"))
"Methods whose challenges a phone must answer; to OPTIONS a 401 is as good a sign of life as any."


class _Challenge(NamedTuple):
    """A challenge that waits for its answer."""

    at: float
    method: str
    remote: str
    algorithms: tuple[str, ...]


class UnansweredChallenges:
    """The challenges that wait for answers, by source and account; times are Unix seconds."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, str], _Challenge] = OrderedDict()
        "In the order of their times."
        self._said: OrderedDict[tuple[str, str], float] = OrderedDict()
        "Those that have their line, and when they got it."

    def challenged(
        self,
        source: str,
        account: str,
        *,
        method: str,
        remote: str,
        algorithms: tuple[str, ...],
        now: float,
    ) -> None:
        """Await the answer to a challenge with these algorithms; a repeat changes nothing."""
        key = (source, account)
        if method not in WATCHED or key in self._waiting or key in self._said:
            return
        if len(self._waiting) >= CAPACITY:
            self._waiting.popitem(last=False)
        self._waiting[key] = _Challenge(now, method, remote, algorithms)

    def answered(self, source: str, account: str) -> None:
        """The phone answers challenges, rightly or not."""
        self._waiting.pop((source, account), None)

    def look(self, now: float) -> None:
        """Write the lines that are due."""
        while self._said and next(iter(self._said.values())) <= now - QUIET:
            self._said.popitem(last=False)
        lines = 0
        while self._waiting and next(iter(self._waiting.values())).at <= now - PATIENCE:
            key, challenge = self._waiting.popitem(last=False)
            if len(self._said) >= CAPACITY:
                self._said.popitem(last=False)
            self._said[key] = now
            lines += 1
            if lines <= LINES:
                _write(key[1], challenge)
        if lines > LINES:
            _LOG.warning("more challenges not answered", phones=lines - LINES)

    async def run(self, clock: Callable[[], float] = time.time) -> None:
        """Look once a second; never ends."""
        while True:
            await asyncio.sleep(1)
            self.look(clock())

    def __len__(self) -> int:
        return len(self._waiting)


def _write(account: str, challenge: _Challenge) -> None:
    _LOG.warning(
        "challenge not answered",
        account=account,
        method=challenge.method,
        remote=challenge.remote,
        offered=", ".join(challenge.algorithms),
        advice=advice(challenge.algorithms),
    )


def advice(algorithms: tuple[str, ...]) -> str:
    """What to try when these were offered."""
    if algorithms != ("MD5",):
        return (
            "many phones know only MD5 or read only the first challenge: "
            'set digest = ["MD5"] for this extension, or in [sip] for all'
        )
    return (
        "check that the phone has a password and this username, that its server is "
        "this address, and that answers reach it (NAT: sip.advertise, or SIP over TCP)"
    )
