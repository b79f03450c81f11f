"""The records of calls, which are never lost: what the database does not take is spooled.

A record is on disk when the database has it, or the spool. While the spool holds anything, further
records go there, behind it; meanwhile it is written to the database, by the ids of the calls, so
what is there already does no harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import msgspec
import structlog

from softswitch.store.calls import SPOOLED
from softswitch.store.database.changes import Change
from softswitch.store.database.spool import Spool, SpoolPart
from softswitch.store.errors import DatabaseAway, JournalClosed, StoreError
from softswitch.store.journal import Journal
from softswitch.telemetry.metrics import Metric

_LOG = structlog.get_logger("softswitch.store")

PATIENCE = 1.0
"Seconds that the database has for a record before the spool takes it, too."
RETRY = 1.0
"Seconds between two attempts to write what is spooled."
CHUNK = 500
"Records that are written from the spool together."
CAPACITY = 20_000
"Records that may wait in memory for the spool."


class SpooledChange(msgspec.Struct, frozen=True, array_like=True):
    """One frame of the spool."""

    kind: str
    key: Any
    row: dict[str, Any]

    def change(self) -> Change:
        """The change that it was made of, by the id of its call."""
        return Change(SPOOLED[self.kind], ("calls", self.key), self.row)


class _Record(NamedTuple):
    change: Change
    done: asyncio.Future[None]


class CallRecords:
    """Writes records of calls, to the database or to the spool."""

    def __init__(self, journal: Journal, spool: Spool) -> None:
        self._journal = journal
        self._spool = spool
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._waiting: list[_Record] = []
        "For the spool."
        self._appending: asyncio.Task[None] | None = None
        self._returning: asyncio.Task[None] | None = None
        self._begun = Spool.first
        "The offset of what has not been returned to the database yet."
        self._pending = 0
        "Records that the spool holds."
        self._is_full = False
        "Whether the last attempt to spool failed."
        self._closed = False
        self.spooled = self.returned = self.lost = 0

    @property
    def is_behind(self) -> bool:
        """Whether records wait for the database."""
        return bool(self._waiting) or not self._spool.is_empty

    @property
    def pending(self) -> int:
        """Records that are on this machine, but not in the database yet."""
        return self._pending + len(self._waiting)

    def metrics(self) -> Iterator[Metric]:
        """How many records were spooled, and what became of them."""
        name = "store_call_records_"
        yield Metric(f"{name}waiting", "Records of calls in the spool", lambda: self.pending)
        yield Metric(f"{name}spooled_total", "Records that were spooled", lambda: self.spooled)
        yield Metric(
            f"{name}returned_total",
            "Records that were written from the spool",
            lambda: self.returned,
        )
        yield Metric(
            f"{name}lost_total", "Records that neither took, or never can", lambda: self.lost
        )

    async def restore(self) -> None:
        """Write what an earlier process has spooled. Raises StoreError."""
        try:
            while not self._spool.is_empty:
                await self._return_chunk()
        except OSError as error:
            raise StoreError(f"storage.spool: {self._spool.path}: {error.strerror}") from error

    def write(self, change: Change) -> asyncio.Future[None]:
        """The future is done when the record is on disk, in the database or in the spool.

        It raises StoreError where neither takes it; while the spool is full, the record waits in
        memory for one that is not.
        """
        done = asyncio.get_running_loop().create_future()
        done.add_done_callback(_retrieve)
        record = _Record(change, done)
        if self.is_behind or self._journal.is_away:
            self._keep(record)
            return done
        try:
            written = self._journal.write(change)
        except StoreError:
            self._keep(record)
            return done
        patience = asyncio.get_running_loop().call_later(PATIENCE, self._keep, record)

        def settle(written: asyncio.Future[None]) -> None:
            patience.cancel()
            error = written.exception()
            if done.done():
                return
            if error is None:
                done.set_result(None)
            elif isinstance(error, DatabaseAway) or self._journal.taken.done():
                self._keep(record)
            else:
                self.lost += 1
                _LOG.error("call record refused", call=change.key[1], error=str(error))
                done.set_exception(error)

        written.add_done_callback(settle)
        return done

    async def close(self) -> None:
        """See that all records are on disk; what is spooled is written at the next start."""
        self._closed = True
        if self._returning is not None:
            self._returning.cancel()
            await asyncio.wait([self._returning])
        while self._appending is not None:
            await asyncio.wait([self._appending])
        if self._pending:
            _LOG.warning("call records wait in the spool", count=self._pending)
        await self._in_thread(self._spool.close)
        self._thread.shutdown()

    def _keep(self, record: _Record) -> None:
        """Hand a record to the spool."""
        if record.done.done():
            return
        if len(self._waiting) >= CAPACITY:
            self.lost += 1
            record.done.set_exception(StoreError(f"{CAPACITY} records wait for the spool"))
            return
        self._waiting.append(record)
        loop = asyncio.get_running_loop()
        if self._appending is None:
            self._appending = loop.create_task(self._append_waiting())
        if self._returning is None and not self._closed:
            self._returning = loop.create_task(self._return_all())

    async def _append_waiting(self) -> None:
        try:
            while self._waiting:
                records = self._waiting[:CHUNK]
                try:
                    await self._in_thread(
                        self._spool.append, [_frame(record.change) for record in records]
                    )
                except OSError as error:
                    if self._refused(records, error):
                        return
                    await asyncio.sleep(RETRY)
                    continue
                self._is_full = False
                del self._waiting[: len(records)]
                self.spooled += len(records)
                self._pending += len(records)
                for record in records:
                    if not record.done.done():
                        record.done.set_result(None)
        finally:
            self._appending = None

    def _refused(self, records: Sequence[_Record], error: OSError) -> bool:
        """Tell that these are in memory only; whether that is the end of it."""
        if not self._is_full:
            _LOG.error("call records cannot be spooled", count=len(records), error=str(error))
        self._is_full = True
        for record in records:
            if not record.done.done():
                record.done.set_exception(StoreError(f"the spool refused: {error.strerror}"))
        if self._closed:
            self.lost += len(self._waiting)
            _LOG.error("call records lost", count=len(self._waiting))
            self._waiting.clear()
        return self._closed

    async def _return_all(self) -> None:
        """Write what is spooled as soon as the database takes it, until nothing is left."""
        _LOG.warning("call records are spooled", file=str(self._spool.path))
        before = self.returned
        try:
            while self.is_behind:
                await asyncio.sleep(RETRY)
                try:
                    while not self._spool.is_empty:
                        await self._return_chunk()
                except JournalClosed:
                    return
                except (StoreError, OSError) as error:
                    _LOG.debug("call records stay in the spool", error=str(error))
            _LOG.info("call records are in the database", count=self.returned - before)
        finally:
            self._returning = None

    async def _return_chunk(self) -> None:
        """Write the next records of the spool; they stay on StoreError and OSError."""
        found: SpoolPart = await self._in_thread(self._spool.read, self._begun, CHUNK)
        changes = [
            msgspec.msgpack.decode(each, type=SpooledChange).change() for each in found.contents
        ]
        writes = [self._journal.write(change) for change in changes]
        results = await asyncio.gather(*writes, return_exceptions=True)
        for change, result in zip(changes, results, strict=True):
            if isinstance(result, DatabaseAway) or self._journal.taken.done():
                raise DatabaseAway(str(result))
            if isinstance(result, StoreError):
                self.lost += 1
                _LOG.error("call record refused", call=change.key[1], error=str(result))
        self._begun = found.end
        self.returned += len(changes)
        self._pending = max(0, self._pending - len(changes))
        if not changes:
            _LOG.error("the rest of the spool cannot be read", file=str(self._spool.path))
        if self._appending is None and (self._begun >= self._spool.end or not changes):
            await self._in_thread(self._spool.clear)
            self._begun = Spool.first

    async def _in_thread(self, work: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)


def _frame(change: Change) -> bytes:
    return msgspec.msgpack.encode(SpooledChange(change.kind.name, change.key[1], dict(change.row)))


def _retrieve(done: asyncio.Future[None]) -> None:
    """Mark the exception as seen: it has been logged."""
    if not done.cancelled():
        done.exception()
