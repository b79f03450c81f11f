"""Numbers events, writes them to the database, and hands them out once they are on disk.

A number is given when its event is handed to the store's journal, whose writes come to disk in that
order, so events are handed out in the order of their numbers. A number is never used again: after
`kill -9` the first new one follows the newest on disk, and nobody has seen any behind that.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import structlog

from softswitch.events.event import Data, EventBody, NumberedEvent, joined, moment, written
from softswitch.store.database.changes import Change
from softswitch.store.database.reader import Reader
from softswitch.store.errors import JournalClosed, StoreError
from softswitch.store.events.event_rows import (
    EventRow,
    bounds,
    drop_events,
    insert_event,
    load_events,
)
from softswitch.store.journal import Journal
from softswitch.telemetry.metrics import Metric

log = structlog.get_logger("softswitch.events")

IN_MEMORY = 5_000
"Events that readers find without a question to the database."
WAITING = 20_000
"Events that wait while the database does not take them; then the oldest is lost, and counted."
AGAIN = 1.0
"Seconds between two attempts to write what the database has not taken."
READERS = 4
"Pages that are read from the database at a time, for all readers together."


class News(NamedTuple):
    """What has happened, before it has a number."""

    type: str
    subject: str
    data: Data
    call: str
    numbers: Sequence[str]
    at: float


Derive = Callable[[Sequence[Change]], Iterable[News]]
"Says which events changes on disk are, before these are written."


class EventJournal:
    """All events: made by `await EventJournal.open(…)`."""

    def __init__(
        self,
        journal: Journal,
        reader: Reader,
        oldest: int,
        newest: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`oldest` and `newest` are the numbers on disk; `clock` is Unix time in seconds."""
        self._journal = journal
        self._reader = reader
        self._clock = clock
        self._last_number = newest
        self._waiting: deque[News] = deque()
        self._flushing: asyncio.Handle | None = None
        self._recent: deque[NumberedEvent] = deque(maxlen=IN_MEMORY)
        self._before_recent = newest
        "The number behind which all events are in memory."
        self._arrival: asyncio.Future[None] | None = None
        self._turns = asyncio.Semaphore(READERS)
        self.oldest = oldest
        "The number of the oldest event that is kept."
        self.newest = newest
        "The number of the newest event that is on disk."
        self.is_over = False
        "Whether readers are to leave: the switch ends."
        self.deriving: list[Derive] = []
        self.lost = 0
        journal.companions.append(self._accompany)

    @classmethod
    async def open(cls, journal: Journal, reader: Reader) -> EventJournal:
        """Go on behind the newest event on disk. Raises DatabaseAway."""
        return cls(journal, reader, *await bounds(reader))

    def metrics(self) -> Iterator[Metric]:
        """How many events there were, and how many wait."""
        yield Metric("events_last_number", "The number of the newest event", lambda: self.newest)
        yield Metric(
            "events_waiting", "Events that wait for the database", lambda: len(self._waiting)
        )
        yield Metric("events_lost_total", "Events that were never written", lambda: self.lost)

    # -- what happens ------------------------------------------------------------------------------

    @property
    def is_away(self) -> bool:
        """Whether the database does not answer, so that all events wait."""
        return self._journal.is_away

    def publish(
        self,
        kind: str,
        subject: str,
        data: Data,
        *,
        call: str = "",
        numbers: Sequence[str] = (),
    ) -> None:
        """Note what has happened; it is written together with what else happens in this turn.

        `kind` is one of `TYPES`; `data` is not changed any more; `numbers` are the extensions that
        it concerns, of which an application owns one to hear of it.
        """
        if len(self._waiting) >= WAITING:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(News(kind, subject, data, call, numbers, self._clock()))
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        """Write what waits."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        if not self._waiting:
            return
        news = list(self._waiting)
        self._waiting.clear()
        events, changes = self._numbered(news)
        try:
            done = self._journal.write(*changes)
        except JournalClosed:
            self.lost += len(news)
        except StoreError:
            self._keep(news)
        else:
            done.add_done_callback(partial(self._written, events, news))

    def _written(
        self, events: Sequence[NumberedEvent], news: Sequence[News], done: asyncio.Future[None]
    ) -> None:
        """Hand out what is on disk, or try again with new numbers."""
        error = None if done.cancelled() else done.exception()
        if error is None:
            self._hand_out(events)
        elif isinstance(error, StoreError) and not self._journal.taken.done():
            self._keep(news)

    def _keep(self, news: Sequence[News]) -> None:
        """Let what the database has not taken wait, in front of what has happened meanwhile."""
        self._waiting.extendleft(reversed(news))
        while len(self._waiting) > WAITING:
            self._waiting.popleft()
            self.lost += 1
        if self._flushing is not None:
            self._flushing.cancel()
        self._flushing = asyncio.get_running_loop().call_later(AGAIN, self._flush)

    def _accompany(self, changes: Sequence[Change], done: asyncio.Future[None]) -> Sequence[Change]:
        """The events that these changes are, to be written in their transaction."""
        news = [each for derive in self.deriving for each in derive(changes)]
        if not news:
            return ()
        if self._waiting and not self._journal.is_away:
            self._flush()  # it happened before
        events, beside = self._numbered(news)
        done.add_done_callback(partial(self._written_beside, events))
        return beside

    def _written_beside(self, events: Sequence[NumberedEvent], done: asyncio.Future[None]) -> None:
        """Hand out the events of changes that are on disk; those of others have not happened."""
        if not done.cancelled() and done.exception() is None:
            self._hand_out(events)

    def _numbered(self, news: Iterable[News]) -> tuple[list[NumberedEvent], list[Change]]:
        events, changes = [], []
        for each in news:
            self._last_number += 1
            number, kind, call = self._last_number, each.type, each.call
            body = written(
                EventBody(
                    id=number,
                    at=moment(each.at),
                    type=kind,
                    subject=each.subject,
                    data=each.data,
                )
            )
            numbers = joined(each.numbers)
            events.append(NumberedEvent(number, kind, call, tuple(numbers.split()), body))
            row = EventRow(number, each.at, kind, call, numbers, body)
            changes.append(insert_event(row))
        return events, changes

    def _hand_out(self, events: Sequence[NumberedEvent]) -> None:
        """Let all readers have events that are on disk."""
        room = IN_MEMORY - len(self._recent) - len(events)
        if room < 0:
            pushed_out = min(-room, len(self._recent))
            self._before_recent = self._recent[pushed_out - 1].id if pushed_out else self.newest
        self._recent.extend(events)
        if len(events) > IN_MEMORY:
            self._before_recent = events[-IN_MEMORY - 1].id
        self.newest = events[-1].id
        self._wake()

    def _wake(self) -> None:
        arrival, self._arrival = self._arrival, None
        if arrival is not None and not arrival.done():
            arrival.set_result(None)

    # -- what readers ask --------------------------------------------------------------------------

    async def behind(self, number: int, limit: int) -> Sequence[NumberedEvent]:
        """The events behind a number, in order, `limit` at most. Raises DatabaseAway."""
        if number >= self.newest:
            return ()
        if number >= self._before_recent:
            return self._in_memory(number, limit)
        last = self.newest
        async with self._turns:
            rows = await load_events(self._reader, number, last, limit)
        return [NumberedEvent.of_row(row) for row in rows]

    def _in_memory(self, number: int, limit: int) -> Sequence[NumberedEvent]:
        """The same from memory: readers that keep up find theirs at its end."""
        found: list[NumberedEvent] = []
        for event in reversed(self._recent):
            if event.id <= number:
                break
            found.append(event)
        found.reverse()
        return found[:limit]

    async def arrival(self) -> None:
        """Wait until there are further events."""
        if self._arrival is None or self._arrival.done():
            self._arrival = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._arrival)

    def end_reading(self) -> None:
        """Let all readers leave; they may come back to the switch that is started next."""
        self.is_over = True
        self._wake()

    # -- what is kept ------------------------------------------------------------------------------

    async def forget(self, before: float, most: int) -> None:
        """Remove what is older than that time, and what is too much. Raises StoreError."""
        while True:
            kept = await self._journal.run(lambda connection: drop_events(connection, before, most))
            if kept == self.oldest:
                return
            self.oldest = kept

    def close(self) -> None:
        """Write what has happened until now; nothing is taken from then on."""
        self._flush()
