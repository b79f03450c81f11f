"""The database as the rest of the switch sees it: open, write through the journal, query, close."""

from __future__ import annotations

import asyncio

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from softswitch.store import calls, migrate
from softswitch.store.bindings import BindingRow, load_bindings
from softswitch.store.database import sqlite
from softswitch.store.database.lock import FileLock, ServerLock
from softswitch.store.database.urls import StoreUrl, read_url
from softswitch.store.errors import StoreError
from softswitch.store.journal import Change, Journal
from softswitch.store.secrets import secret


class Store:
    """One open database; made by `await Store.open(url)`, ended by `await close()`."""

    __slots__ = ("_blocking", "_lock", "engine", "interrupted", "journal", "url")

    def __init__(self, url: StoreUrl, blocking: Engine, engine: AsyncEngine) -> None:
        self.url = url
        self._blocking = blocking
        self._lock: FileLock | ServerLock | None = None
        self.engine = engine
        "For queries."
        self.journal = Journal(blocking)
        "For writes."
        self.interrupted = 0
        "Calls that an earlier process left open, closed by `open`."

    @classmethod
    async def open(cls, url: str) -> Store:
        """Open the database of `storage.url`, with the newest schema and no open calls.

        Raises StoreError with a sentence when that is impossible, as it is while another process
        has the same database open.
        """
        read = read_url(url)
        try:
            blocking = create_engine(read.blocking)
            engine = create_async_engine(read.awaiting)
        except ImportError as error:
            raise StoreError(f"{read}: a driver is not installed: {error}") from error
        if read.path is not None:
            sqlite.configure(blocking)
            sqlite.configure(engine)
        store = cls(read, blocking, engine)
        try:
            await asyncio.to_thread(store._prepare)
            store.interrupted = await calls.close_interrupted(engine)
        except SQLAlchemyError as error:
            await store.close()
            cause = str(error.orig if isinstance(error, DBAPIError) else error)
            sentence = cause.partition("\n")[0]
            raise StoreError(f"storage.url: {read}: {sentence}") from error
        except StoreError:
            await store.close()
            raise
        return store

    def _prepare(self) -> None:
        if self.url.path is not None:
            sqlite.refuse_foreign(self.url.path)
            self._lock = FileLock(self.url.path)
            sqlite.prepare(self.url.path)
        else:
            self._lock = ServerLock(self._blocking)
        migrate.upgrade(self._blocking, self.url.path)

    def write(self, *changes: Change) -> asyncio.Future[None]:
        """`Journal.write`: the future is done when the changes are on disk."""
        return self.journal.write(*changes)

    async def load_bindings(self) -> list[BindingRow]:
        """All contacts, expired ones included."""
        return await load_bindings(self.engine)

    async def list_calls(
        self,
        wanted: calls.CallFilter | None = None,
        *,
        offset: int = 0,
        limit: int = 20,
        oldest_first: bool = False,
    ) -> calls.CallPage:
        """A page of the call history, newest first unless `oldest_first`."""
        return await calls.list_calls(
            self.engine,
            wanted or calls.CallFilter(),
            offset=offset,
            limit=limit,
            oldest_first=oldest_first,
        )

    async def secret(self, name: str) -> bytes:
        """32 random octets that stay the same after a restart."""
        return await secret(self.engine, name)

    async def close(self) -> None:
        """Commit the waiting writes and close the database."""
        await self.journal.close()
        await self.engine.dispose()
        await asyncio.to_thread(self._blocking.dispose)
        if self._lock is not None:
            self._lock.release()
            self._lock = None
