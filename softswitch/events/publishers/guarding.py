"""Events of bans: when they begin, and when they end or are lifted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from softswitch.events.event import moment
from softswitch.events.event_journal import EventJournal
from softswitch.guard.bans import BanList

Key = tuple[str, str, str]
"Service, source and account; an empty account stands for all."


class BanEvents:
    """Publishes the bans of sources that guess passwords."""

    def __init__(
        self, events: EventJournal, bans: BanList, clock: Callable[[], float] = time.time
    ) -> None:
        self._events = events
        self._clock = clock
        self._ends: dict[Key, asyncio.TimerHandle] = {}
        bans.listeners.append(self.changed)

    def changed(self, service: str, source: str, account: str, seconds: float) -> None:
        """Publish a ban of so many seconds, or the end of one; a listener of bans."""
        key = service, source, account
        if (timer := self._ends.pop(key, None)) is not None:
            timer.cancel()
        if not seconds:
            self._ended(key, "lifted")
            return
        until = moment(self._clock() + seconds)
        data = {**_named(key), "seconds": round(seconds), "until": until}
        self._events.publish("ban.began", source, data)
        loop = asyncio.get_running_loop()
        self._ends[key] = loop.call_later(seconds, self._ran_out, key)

    def _ran_out(self, key: Key) -> None:
        del self._ends[key]
        self._ended(key, "ran out")

    def _ended(self, key: Key, why: str) -> None:
        self._events.publish("ban.ended", key[1], {**_named(key), "why": why})

    def close(self) -> None:
        """Publish no more; bans end with the switch."""
        for timer in self._ends.values():
            timer.cancel()


def _named(key: Key) -> dict[str, object]:
    return dict(zip(("service", "source", "account"), key, strict=True))
