"""One reader of events: what comes behind its number, page after page, for as long as it asks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from softswitch.events.event import HEARTBEAT, LOST, EventBody, NumberedEvent, moment, written
from softswitch.events.event_journal import EventJournal
from softswitch.events.filters import EventFilter, may_have
from softswitch.guard.rights import User
from softswitch.store.errors import DatabaseAway

log = structlog.get_logger("softswitch.events")

PAGE = 500
"Events that are looked at before others have their turn."
AGAIN = 1.0
"Seconds between two questions to a database that does not answer."


@dataclass(frozen=True, slots=True)
class Portion:
    """What a reader is sent at once."""

    events: Sequence[NumberedEvent]
    "Empty where nothing has happened for a while."
    number: int
    "Behind which the reader goes on: all events up to it have been looked at."


class Following:
    """One reader, who wants some of the events that a user may have."""

    __slots__ = ("_began", "_journal", "_user", "_wanted", "number")

    def __init__(
        self, journal: EventJournal, after: int | None, wanted: EventFilter, user: User
    ) -> None:
        """`after` is the number of the last event that it has; None for what happens from now on,
        0 for all that are kept."""
        self._journal = journal
        self._wanted = wanted
        self._user = user
        self._began = False
        self.number = journal.newest if after is None else after
        if after == 0:
            self.number = journal.oldest - 1

    async def next(self, seconds: float) -> Portion:
        """The next events; an empty portion where there are none for so many seconds."""
        lost = self._what_is_lost()
        if lost is not None:
            return Portion((lost,), self.number)
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            found = await self._page()
            if found or self._journal.is_over:
                return Portion(found, self.number)
            try:
                async with asyncio.timeout_at(deadline):
                    if self.number >= self._journal.newest:
                        await self._journal.arrival()
                    else:
                        await asyncio.sleep(0)  # the page held nothing for this reader
            except TimeoutError:
                return Portion((), self.number)

    async def _page(self) -> list[NumberedEvent]:
        newest = self._journal.newest
        try:
            events = await self._journal.behind(self.number, PAGE)
        except DatabaseAway as error:
            log.debug("events not read", error=str(error))
            await asyncio.sleep(AGAIN)
            return []
        self.number = events[-1].id if events else max(self.number, newest)
        return [each for each in events if self._wanted.takes(each) and may_have(self._user, each)]

    def _what_is_lost(self) -> NumberedEvent | None:
        """Tells of events behind its number that are kept no more, or of a number of the future."""
        journal, asked = self._journal, self.number
        if asked > journal.newest and not self._began:
            self.number = journal.newest
            why = (
                f"there is no event {asked} yet, the newest is {journal.newest}: the database is "
                "an older one than the one that you have read from"
            )
        elif asked < journal.oldest - 1:
            self.number = journal.oldest - 1
            why = f"the events behind {asked} are kept no more, the oldest is {journal.oldest}"
        else:
            self._began = True
            return None
        self._began = True
        return made_up(LOST, self.number, {"after": asked, "oldest": journal.oldest, "detail": why})


def heartbeat(number: int) -> NumberedEvent:
    """What a reader is sent that has nothing to hear: where it stands."""
    return made_up(HEARTBEAT, number, {})


def made_up(kind: str, number: int, data: dict[str, object]) -> NumberedEvent:
    """An event that is told to one reader only and is not kept; `number` is where that one is."""
    shape = EventBody(id=number, at=moment(time.time()), type=kind, subject="", data=data)
    return NumberedEvent(number, kind, "", (), written(shape))
