"""The database as the rest of the switch sees it: open, write through the journal, query, close."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

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


class _Engines(NamedTuple):
    """One database under both drivers: the journal blocks in its thread, queries await."""

    url: StoreUrl
    blocking: Engine
    awaiting: AsyncEngine

    async def dispose(self) -> None:
        """Close all connections."""
        await self.awaiting.dispose()
        await asyncio.to_thread(self.blocking.dispose)


class Store:
    """One open database; made by `await Store.open(url)`, ended by `await close()`."""

    __slots__ = ("_engines", "_lock", "engine", "interrupted", "journal", "url")

    def __init__(self, engines: _Engines, lock: FileLock | ServerLock, interrupted: int) -> None:
        self._engines = engines
        self._lock = lock
        self.url = engines.url
        self.engine = engines.awaiting
        "For queries."
        self.journal = Journal(engines.blocking)
        "For writes."
        self.interrupted = interrupted
        "Calls that an earlier process left open, closed by `open`."

    @classmethod
    async def open(cls, url: str) -> Store:
        """Open the database of `storage.url`, with the newest schema and no open calls.

        Raises StoreError with a sentence when that is impossible, as it is while another process
        has the same database open.
        """
        engines = _engines(read_url(url))
        lock: FileLock | ServerLock | None = None
        try:
            lock = await asyncio.to_thread(_lock, engines)
            await asyncio.to_thread(_prepare, engines)
            return cls(engines, lock, await calls.close_interrupted(engines.awaiting))
        except (SQLAlchemyError, StoreError) as error:
            await engines.dispose()
            if lock is not None:
                lock.release()
            if isinstance(error, StoreError):
                raise
            cause = str(error.orig if isinstance(error, DBAPIError) else error)
            sentence = cause.partition("\n")[0]
            raise StoreError(f"storage.url: {engines.url}: {sentence}") from error

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
        await self._engines.dispose()
        self._lock.release()


def _engines(url: StoreUrl) -> _Engines:
    """Raises StoreError where a driver is missing."""
    try:
        blocking = create_engine(url.blocking)
        awaiting = create_async_engine(url.awaiting)
    except ImportError as error:
        raise StoreError(f"{url}: a driver is not installed: {error}") from error
    if url.path is not None:
        sqlite.configure(blocking)
        sqlite.configure(awaiting)
    return _Engines(url, blocking, awaiting)


def _lock(engines: _Engines) -> FileLock | ServerLock:
    path = engines.url.path
    if path is None:
        return ServerLock(engines.blocking)
    sqlite.refuse_foreign(path)
    return FileLock(path)


def _prepare(engines: _Engines) -> None:
    path = engines.url.path
    if path is not None:
        sqlite.prepare(path)
    migrate.upgrade(engines.blocking, path)
