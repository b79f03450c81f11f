"""The database as the rest of the switch sees it: open, write through the journal, query, close."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from softswitch.store import calls
from softswitch.store.bindings import BindingRow, load_bindings
from softswitch.store.call_history import (
    CallFilter,
    CallPage,
    CallRecord,
    PageWanted,
    chain_of,
    list_calls,
)
from softswitch.store.call_records import CallRecords
from softswitch.store.database import clean_end, sqlite
from softswitch.store.database.changes import Change
from softswitch.store.database.engines import Engines, make_engines
from softswitch.store.database.lock import FileLock, Lock, ServerLock
from softswitch.store.database.reader import Reader
from softswitch.store.database.sentences import sentence
from softswitch.store.database.spool import Spool
from softswitch.store.database.urls import StoreUrl, read_url
from softswitch.store.database.writer import Writer
from softswitch.store.errors import StoreError
from softswitch.store.exchange.audit import drop_audit_before
from softswitch.store.exchange.choices import ChoiceRow, load_choices
from softswitch.store.exchange.settings_entries import EntryRow, load_entries
from softswitch.store.exchange.voicemails import (
    MailboxRow,
    Voicemail,
    load_mailboxes,
    load_voicemails,
)
from softswitch.store.journal import Journal
from softswitch.store.migrations import schema
from softswitch.store.secrets import secret
from softswitch.telemetry.metrics import Metric

_LOG = structlog.get_logger("softswitch.store")

TIME_LIMIT = 5.0
"Seconds that a server may take for what it is asked."
WATCH = 5.0
"Seconds between two looks whether a server is still there."
WATCH_AWAY = 1.0
"The same while the database is away."
PURGE_PAUSE = 0.1
"Seconds between two chunks of old calls that are removed: others write, too."


class Store:
    """One open database; made by `await Store.open(url, spool)`, ended by `await close()`."""

    __slots__ = (
        "_closed", "_engines", "_lock", "call_records", "interrupted", "journal", "reader", "url",
    )  # fmt: skip

    def __init__(self, engines: Engines, lock: Lock, spool: Spool, time_limit: float) -> None:
        self._engines = engines
        self._lock = lock
        self._closed = False
        self.url = engines.url
        self.reader = Reader(engines.awaiting)
        "For queries."
        self.journal = Journal(Writer(engines.blocking, lock, time_limit))
        "For writes."
        self.call_records = CallRecords(self.journal, spool)
        "For records of calls, which are kept while the database is away."
        self.interrupted = 0
        "Calls that an earlier process left open, closed by `open`."

    @classmethod
    async def open(cls, url: str, spool: Path, *, time_limit: float = TIME_LIMIT) -> Store:
        """Open the database of `storage.url`, with the newest schema and no open calls.

        `spool`: the file for records of calls that the database does not take.
        Raises StoreError with a sentence when that is impossible, as it is while another process
        has the same database open.
        """
        where = read_url(url)
        trusted = where.path is not None and clean_end.is_noted(where.path)
        try:
            return await cls._open(where, spool, time_limit)
        except StoreError:
            if not trusted:
                raise
        return await cls._open(where, spool, time_limit)  # with a check of the whole file

    @classmethod
    async def _open(cls, url: StoreUrl, spool: Path, time_limit: float) -> Store:
        try:
            async with AsyncExitStack() as cleanup:
                store = await _built(url, spool, time_limit, cleanup)
                await store._prepare()
                cleanup.pop_all()
                return store
        except (SQLAlchemyError, StoreError) as error:
            said = str(error) if isinstance(error, StoreError) else sentence(error)
            named = said if said.startswith("storage.") else f"storage.url: {url}: {said}"
            raise StoreError(named) from error

    async def _prepare(self) -> None:
        """Bring the schema, and what earlier processes left, up to date. Raises StoreError."""
        await self.journal.check()
        await asyncio.to_thread(schema.bring_up_to_date, self._engines.blocking, self.url.path)
        await self.call_records.restore()
        self.interrupted = await self.journal.run(calls.close_interrupted)

    def write(self, *changes: Change) -> asyncio.Future[None]:
        """`Journal.write`: the future is done when the changes are on disk."""
        return self.journal.write(*changes)

    async def load_bindings(self) -> list[BindingRow]:
        """All contacts, expired ones included."""
        return await load_bindings(self.reader)

    async def load_choices(self, of: str) -> list[ChoiceRow]:
        """What was chosen while running, for things of that kind."""
        return await load_choices(self.reader, of)

    async def load_entries(self) -> list[EntryRow]:
        """All entries of the settings that were made while the switch ran. Raises DatabaseAway."""
        return await load_entries(self.reader)

    async def load_voicemails(self) -> tuple[list[Voicemail], list[MailboxRow]]:
        """All messages of all mailboxes, and what was changed for mailboxes."""
        return await load_voicemails(self.reader), await load_mailboxes(self.reader)

    async def list_calls(
        self, wanted: CallFilter | None = None, page: PageWanted | None = None
    ) -> CallPage:
        """A page of the call history, newest first unless `oldest_first`. Raises DatabaseAway."""
        return await list_calls(self.reader, wanted or CallFilter(), page or PageWanted())

    async def chain_of(self, call_id: str) -> Sequence[CallRecord]:
        """The calls of the chain of a call, oldest first; none when it is not known.

        Raises DatabaseAway.
        """
        return await chain_of(self.reader, call_id)

    async def secret(self, name: str) -> bytes:
        """32 random octets that stay the same after a restart."""
        return await self.journal.run(lambda connection: secret(connection, name))

    async def watch(self) -> None:
        """See every now and then whether the database is there and ours; runs until cancelled."""
        while True:
            await asyncio.sleep(WATCH_AWAY if self.journal.is_away else WATCH)
            try:
                if self.journal.is_away:
                    await self.write(calls.trial(time.time()))
                elif self.url.path is None:
                    await self.journal.check()
            except StoreError as error:
                _LOG.debug("the database is away", error=str(error))

    async def forget_calls(self, before: float) -> int:
        """Remove the calls that began before that time and have ended; returns how many."""
        removed = 0
        while found := await self.journal.run(lambda link: calls.drop_before(link, before)):
            removed += found
            await asyncio.sleep(PURGE_PAUSE)
        return removed

    async def forget_audit(self, before: float) -> int:
        """Remove the rows of the audit log that are older than that; returns how many."""
        removed = 0
        while found := await self.journal.run(lambda link: drop_audit_before(link, before)):
            removed += found
            await asyncio.sleep(PURGE_PAUSE)
        return removed

    def metrics(self) -> Iterator[Metric]:
        """How the database and the spool do."""
        yield from self.journal.metrics()
        yield from self.call_records.metrics()

    async def close(self) -> None:
        """Commit the waiting writes, keep what the database does not take, and close it; once."""
        if self._closed:
            return
        self._closed = True
        await self._end()
        if self.url.path is not None and not self.journal.is_away:
            await asyncio.to_thread(clean_end.note, self.url.path)
        self._lock.release()

    async def _end(self) -> None:
        await self.journal.close()
        await self.call_records.close()
        await self._engines.dispose()


async def _built(url: StoreUrl, spool: Path, time_limit: float, cleanup: AsyncExitStack) -> Store:
    """The parts, one after the other; `cleanup` ends those that there are."""
    lock = await asyncio.to_thread(_lock, url)
    cleanup.callback(lock.release)
    if url.path is not None:
        await asyncio.to_thread(sqlite.prepare, url.path)
    engines = make_engines(url, time_limit)
    store = Store(engines, lock, await asyncio.to_thread(Spool, spool), time_limit)
    cleanup.push_async_callback(store._end)
    return store


def _lock(url: StoreUrl) -> Lock:
    if url.path is None:
        return ServerLock(str(url))
    sqlite.refuse_foreign(url.path)
    return FileLock(url.path)
