"""The group commit: the writes of all callers in one transaction, acknowledged after it.

A commit costs about half a millisecond of CPU and the time of an fsync, a row in it some 15 µs. So
writes gather while a commit runs and for a pause after it that grows with its duration: an idle
switch commits at once, a busy one commits many rows together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum
from time import perf_counter
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, Engine, Executable
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from softswitch.store.errors import JournalClosed, JournalFull, StoreError
from softswitch.telemetry.metrics import Metric

_LOG = structlog.get_logger("softswitch.store")

CAPACITY = 20_000
"Writes that may wait; with more of them, `write` raises JournalFull at once."
PAUSE_FACTOR = 30.0
"The pause after a commit, in durations of that commit: commits take a thirtieth of the time."
PAUSE_LIMIT = 0.04
"Seconds that a write waits at most for others to join it."


class Order(IntEnum):
    """When the statements of one batch run; rows of different kinds are grouped by it."""

    INSERT = 0
    UPDATE = 1
    COMPLETE = 2
    "The last update of a row, which none of the others may follow."
    DELETE = 3


@dataclass(frozen=True, eq=False)
class ChangeKind:
    """One kind of write: a statement that is executed with many rows at once."""

    name: str
    "For logs and errors."
    order: Order
    statement: Callable[[str], Executable]
    "The statement for a dialect (`sqlite`, `postgresql`)."
    whole: bool = False
    "A change stands for the whole row: the last one of a batch replaces those before it."
    compiled: dict[str, Executable] = field(default_factory=dict, repr=False)

    def for_dialect(self, dialect: str) -> Executable:
        """The statement, made once a dialect so that SQLAlchemy finds it in its cache."""
        statement = self.compiled.get(dialect)
        if statement is None:
            statement = self.compiled[dialect] = self.statement(dialect)
        return statement


class Change(NamedTuple):
    """One row to write."""

    kind: ChangeKind
    key: tuple[str, object]
    "Table and key of the row: changes of `whole` kinds with the same key replace one another."
    row: Mapping[str, Any]
    "The parameters of the statement."


class _Write(NamedTuple):
    changes: Sequence[Change]
    done: asyncio.Future[None]


class Journal:
    """The only writer of the database; lives in one event loop and one thread of its own."""

    def __init__(self, engine: Engine, *, capacity: int = CAPACITY) -> None:
        self._engine = engine
        self._dialect = engine.dialect.name
        self._capacity = capacity
        self._waiting: list[_Write] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._connection: Connection | None = None
        self._committing: asyncio.Task[None] | None = None
        self._closed = False
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
        """How much waits."""
        yield Metric(
            "store_changes_waiting", "Changes that wait for the database", lambda: self.waiting
        )

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
        self._waiting.append(_Write(changes, done))
        if self._committing is None:
            self._committing = loop.create_task(self._commit_waiting())
        return done

    async def close(self) -> None:
        """Commit what is waiting, then end the thread; later writes raise JournalClosed."""
        if self._closed:
            return
        self._closed = True
        while self._committing is not None:
            await asyncio.wait([self._committing])
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    async def _commit_waiting(self) -> None:
        """Commit batch after batch until a pause has brought no further write."""
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                began = perf_counter()
                try:
                    results = await loop.run_in_executor(self._thread, self._commit, batch)
                except Exception as error:
                    # Only a mistake of this program leads here; no caller may be left waiting.
                    results = [StoreError(f"the journal failed: {error!r}")] * len(batch)
                self._report(batch, results)
                if not self._closed:
                    pause = PAUSE_FACTOR * (perf_counter() - began)
                    await asyncio.sleep(min(pause, PAUSE_LIMIT))
        finally:
            self._committing = None

    def _report(self, batch: Sequence[_Write], results: Sequence[StoreError | None]) -> None:
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

    # In the thread:

    def _commit(self, batch: Sequence[_Write]) -> list[StoreError | None]:
        """Commit the batch; for every write None or the error that it met."""
        try:
            self._transact(change for write in batch for change in write.changes)
        except Exception as error:
            if len(batch) == 1 or _is_database_down(error):
                return [_store_error(error)] * len(batch)
            # One row that the database does not take must not take its neighbours with it.
            return [self._commit([write])[0] for write in batch]
        return [None] * len(batch)

    def _transact(self, changes: Iterable[Change]) -> None:
        groups = grouped(changes)
        connection = self._connection
        try:
            if connection is None:
                connection = self._connection = self._engine.connect()
            with connection.begin():
                for kind, rows in groups:
                    connection.execute(kind.for_dialect(self._dialect), rows)
        except Exception:
            self._disconnect()
            raise
        self.commits += 1
        self.rows += sum(len(rows) for _, rows in groups)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except SQLAlchemyError as error:
                _LOG.warning("closing the database failed", error=str(error))


def grouped(changes: Iterable[Change]) -> list[tuple[ChangeKind, list[Mapping[str, Any]]]]:
    """The rows of each kind, kinds in their order, rows of `whole` kinds joined to the last."""
    kept: dict[object, Change] = {}
    for number, change in enumerate(changes):
        key: object = change.key if change.kind.whole else number
        kept.pop(key, None)
        kept[key] = change
    groups: dict[ChangeKind, list[Mapping[str, Any]]] = {}
    for change in kept.values():
        groups.setdefault(change.kind, []).append(change.row)
    return sorted(groups.items(), key=lambda group: group[0].order)


def _is_database_down(error: Exception) -> bool:
    """Whether the fault lies with the database as a whole and not with one of the rows."""
    return isinstance(error, DBAPIError) and type(error).__name__ in (
        "OperationalError",
        "InterfaceError",
        "InternalError",
    )


def _store_error(error: Exception) -> StoreError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    refused = StoreError(f"the database refused: {cause}")
    refused.__cause__ = error
    return refused


def _retrieve(done: asyncio.Future[None]) -> None:
    """Mark the exception as seen: `_report` has logged it."""
    if not done.cancelled():
        done.exception()
