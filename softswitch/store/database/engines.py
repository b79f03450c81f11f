"""One database under two drivers: the journal blocks in its thread, queries await."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from softswitch.store.database import postgresql, sqlite
from softswitch.store.database.urls import StoreUrl
from softswitch.store.errors import StoreError


class Engines(NamedTuple):
    """Both of them."""

    url: StoreUrl
    blocking: Engine
    "Opens a connection whenever it is asked for one: the writer keeps its own."
    awaiting: AsyncEngine

    async def dispose(self) -> None:
        """Close all connections."""
        await self.awaiting.dispose()
        await asyncio.to_thread(self.blocking.dispose)


def make_engines(url: StoreUrl, time_limit: float) -> Engines:
    """Raises StoreError where a driver is missing."""
    try:
        if url.path is None:
            return _server(url, time_limit)
        return _file(url)
    except ImportError as error:
        name = (error.name or "its driver").partition(".")[0]
        raise StoreError(f"{url}: the package {name} is not installed") from error


def _server(url: StoreUrl, time_limit: float) -> Engines:
    blocking = create_engine(postgresql.with_bounds(url.blocking, time_limit), poolclass=NullPool)
    awaiting = create_async_engine(
        postgresql.with_bounds(url.awaiting, time_limit),
        pool_size=postgresql.READERS,
        max_overflow=0,
        pool_timeout=time_limit,
    )
    postgresql.bound_queries(awaiting, 2 * time_limit)
    return Engines(url, blocking, awaiting)


def _file(url: StoreUrl) -> Engines:
    blocking = create_engine(url.blocking, poolclass=NullPool)
    awaiting = create_async_engine(url.awaiting)
    sqlite.configure(blocking)
    sqlite.configure(awaiting)
    return Engines(url, blocking, awaiting)
