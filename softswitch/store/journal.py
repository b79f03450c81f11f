"""The group commit: the writes of all callers in one transaction, acknowledged after it.

A commit costs about half a millisecond of CPU and the time of an fsync, a row in it some 15 µs. So
writes gather while a commit runs and for a pause after it that grows with its duration: an idle
switch commits at once, a busy one commits many rows together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

import structlog
from sqlalchemy import Connection

from softswitch.store.database.changes import Change, execute, grouped
from softswitch.store.database.writer import Writer
from softswitch.store.errors import (
    DatabaseAway,
    DatabaseTaken,
    JournalClosed,
    JournalFull,
    StoreError,
)
from softswitch.telemetry.metrics import Metric

_LOG = structlog.get_logger("softswitch.store")
_Result = TypeVar("_Result")

CAPACITY = 20_000
"Writes that may wait; with more of them, `write` raises JournalFull at once."
PAUSE_FACTOR = 30.0
"The pause after a commit, in durations of that commit: commits take a thirtieth of the time."
PAUSE_LIMIT = 0.04
"Seconds that a write waits at most for others to join it."
LOOK_EVERY = 0.5
"Seconds between two looks whether a transaction takes too long."


Companion = Callable[[Sequence[Change], "asyncio.Future[None]"], Sequence[Change]]
"Given what is written and the future of it: what is to be written in the same transaction."


class _Write(NamedTuple):
    changes: Sequence[Change]
    done: asyncio.Future[None]


class Journal:
    """The only writer of the database; lives in one event loop and one thread of its own."""

    def __init__(self, writer: Writer, *, capacity: int = CAPACITY) -> None:
        self._writer = writer
        self._capacity = capacity
        self._waiting: list[_Write] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._committing: asyncio.Task[None] | None = None
        self._closed = False
        self.companions: list[Companion] = []
        "Add changes to every write, which come to disk together with it or not at all."
        self.is_away = False
        "Whether the last transaction failed since the database as a whole refused or was silent."
        self.taken: asyncio.Future[StoreError] = asyncio.get_running_loop().create_future()
        "Done, with the sentence, when another switch has taken the database."
        self.commits = 0
        "Transactions committed."
        self.rows = 0
        "Rows written, after changes of the same row were joined."
        self.failures = 0
        "Writes that the database refused."

    @property
    def waiting(self) -> int:
        """Writes that no transaction has taken up yet."""
        return len(self._waiting)

    def metrics(self) -> Iterator[Metric]:
        """How much waits, and whether the database answers."""
        yield Metric(
            "store_changes_waiting", "Changes that wait for the database", lambda: self.waiting
        )
        yield Metric(
            "store_changes_refused_total", "Changes that were not written", lambda: self.failures
        )
        yield Metric("store_up", "Whether the database answers", lambda: not self.is_away)

    def write(self, *changes: Change) -> asyncio.Future[None]:
        """Write these changes in one transaction; the future is done when they are on disk.

        All or none of them are written. The future raises StoreError when the database refuses.
        Raises JournalFull and JournalClosed at once. A future that nobody awaits is no error: the
        journal itself logs what failed.
        """
        if self._closed:
            raise JournalClosed("the journal is closed")
        if len(self._waiting) >= self._capacity:
            raise JournalFull(f"{self._capacity} writes are waiting for the database")
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        done.add_done_callback(_retrieve)
        for accompany in self.companions:
            changes = (*changes, *accompany(changes, done))
        self._waiting.append(_Write(changes, done))
        if self._committing is None:
            self._committing = loop.create_task(self._commit_waiting())
        return done

    async def run(self, work: Callable[[Connection], _Result]) -> _Result:
        """What `work` returns, after the commit of a transaction of its own. Raises StoreError."""
        try:
            result = await self._in_thread(lambda: self._writer.transact(work))
        except StoreError as error:
            self._learn([error])
            raise
        self._learn([None])
        return result

    async def check(self) -> None:
        """See that the database answers and is still ours. Raises StoreError."""
        await self.run(lambda connection: connection.exec_driver_sql("SELECT 1").close())

    async def close(self) -> None:
        """Commit what is waiting, then end the thread; later writes raise JournalClosed."""
        if self._closed:
            return
        self._closed = True
        while self._committing is not None:
            await asyncio.wait([self._committing])
        await self._in_thread(self._writer.disconnect)
        self._thread.shutdown()

    async def _commit_waiting(self) -> None:
        """Commit batch after batch until a pause has brought no further write."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                began = perf_counter()
                try:
                    results = await self._in_thread(partial(self._commit, batch))
                except Exception:
                    # Only a mistake of this program leads here; no caller may be left waiting.
                    _LOG.exception("the journal failed")
                    results = [StoreError("the journal failed")] * len(batch)
                self._report(batch, results)
                if not self._closed:
                    pause = PAUSE_FACTOR * (perf_counter() - began)
                    await asyncio.sleep(min(pause, PAUSE_LIMIT))
        finally:
            self._committing = None

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        """Run it in the thread, and see that no transaction takes for ever."""
        running = asyncio.get_running_loop().run_in_executor(self._thread, work)
        running.add_done_callback(_retrieve)
        while not running.done():
            await asyncio.wait((running,), timeout=LOOK_EVERY)
            self._writer.end_overdue()
        return running.result()

    def _report(self, batch: Sequence[_Write], results: Sequence[StoreError | None]) -> None:
        self._learn(results)
        failed = [error for error in results if error is not None]
        if failed:
            self.failures += len(failed)
            _LOG.error("writes failed", count=len(failed), of=len(batch), error=str(failed[0]))
        for write, error in zip(batch, results, strict=True):
            if write.done.cancelled():
                continue
            if error is None:
                write.done.set_result(None)
            else:
                write.done.set_exception(error)

    def _learn(self, results: Sequence[StoreError | None]) -> None:
        """Note whether the database answers, before any caller hears of its write."""
        away = isinstance(results[-1], DatabaseAway)
        if self.is_away and not away:
            _LOG.info("the database answers again")
        self.is_away = away
        taken = next((error for error in results if isinstance(error, DatabaseTaken)), None)
        if taken is not None and not self.taken.done():
            _LOG.critical("another switch uses the database", error=str(taken))
            self.taken.set_result(taken)

    # In the thread:

    def _commit(self, batch: Sequence[_Write]) -> list[StoreError | None]:
        """Commit the batch; for every write None or the error that it met."""
        groups = grouped(change for write in batch for change in write.changes)
        try:
            self._writer.transact(lambda connection: execute(connection, groups))
        except StoreError as error:
            if len(batch) == 1 or isinstance(error, DatabaseAway | DatabaseTaken):
                return [error] * len(batch)
            # One row that the database does not take must not take its neighbours with it.
            return self._commit_each(batch)
        self.commits += 1
        self.rows += sum(len(rows) for _, rows in groups)
        return [None] * len(batch)

    def _commit_each(self, batch: Sequence[_Write]) -> list[StoreError | None]:
        """Commit one write after the other, until the database itself fails."""
        results: list[StoreError | None] = []
        for write in batch:
            [result] = self._commit([write])
            results.append(result)
            if isinstance(result, DatabaseAway | DatabaseTaken):
                return results + [result] * (len(batch) - len(results))
        return results


def _retrieve(done: asyncio.Future[Any]) -> None:
    """Mark the exception as seen: `_report` logs it, or whoever waits still hears of it."""
    if not done.cancelled():
        done.exception()
