"""Queries: connections of the pool, and errors as the switch knows them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from softswitch.store.database.sentences import sentence
from softswitch.store.errors import DatabaseAway


class Reader:
    """Lends connections for queries."""

    __slots__ = ("_engine",)

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """A connection for some queries.

        Raises DatabaseAway where there is none, or a query fails or takes too long.
        """
        try:
            async with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise DatabaseAway(f"the database does not answer: {sentence(error)}") from error
