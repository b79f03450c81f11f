"""Callbacks that extensions have asked for: who is to be called when whom gets free.

Kept in memory: a restart forgets them. The times are those of 3GPP TS 23.093 (completion of calls
to busy subscribers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

LIFE = 45 * 60
"Seconds that a request waits."
MOST = 5
"Requests of one extension; a further one replaces its oldest."


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """An extension that wants to talk to another one when that gets free."""

    extension: str
    wanted: str
    until: float
    "On the clock of `CallbackRequests`."


class CallbackRequests:
    """The requests that wait, the oldest first."""

    __slots__ = ("_now", "_waiting")

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` is seconds of a clock that never goes back."""
        self._now = now
        self._waiting: list[CallbackRequest] = []

    def ask(self, extension: str, wanted: str) -> None:
        """Wait for an extension; asked twice, it waits once, from now on."""
        self.drop(extension, wanted)
        own = [each for each in self.waiting() if each.extension == extension]
        if len(own) >= MOST:
            self._waiting.remove(own[0])
        self._waiting.append(CallbackRequest(extension, wanted, self._now() + LIFE))

    def drop(self, extension: str, wanted: str = "") -> int:
        """Forget what an extension has asked for, all or one; returns how many requests."""
        kept = [
            each
            for each in self._waiting
            if each.extension != extension or wanted not in ("", each.wanted)
        ]
        dropped = len(self._waiting) - len(kept)
        self._waiting = kept
        return dropped

    def kept(self) -> Iterable[str]:
        """The extensions that wait, or are waited for."""
        return {number for each in self._waiting for number in (each.extension, each.wanted)}

    def forget(self, numbers: Iterable[str]) -> None:
        """Let nobody wait for extensions that are gone, and these for nobody."""
        gone = set(numbers)
        for each in list(self._waiting):
            if not gone.isdisjoint((each.extension, each.wanted)):
                self.drop(each.extension, each.wanted)

    def waiting(self) -> list[CallbackRequest]:
        """Those that have not been waiting for too long."""
        now = self._now()
        self._waiting = [each for each in self._waiting if each.until > now]
        return list(self._waiting)
