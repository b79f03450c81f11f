"""The one connection that writes. It blocks, so it lives in the journal's thread."""

from __future__ import annotations

import socket
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    SQLAlchemyError,
)

from softswitch.store.database.lock import Lock
from softswitch.store.database.postgresql import cut, duplicate, has_news, make_durable
from softswitch.store.database.sentences import sentence
from softswitch.store.errors import DatabaseAway, DatabaseTaken, StoreError

_LOG = structlog.get_logger("softswitch.store")
_Result = TypeVar("_Result")

_TOO_LARGE = ("54000",)
"What PostgreSQL says of a row that is larger than it can be (manual, appendix A)."


class Writer:
    """Runs transactions on one connection, which holds the lock of the database."""

    def __init__(self, engine: Engine, lock: Lock, limit: float) -> None:
        """`limit`: seconds that a transaction may take before `end_overdue` ends it."""
        self._engine = engine
        self._lock = lock
        self._limit = limit
        self._connection: Connection | None = None
        self._socket: socket.socket | None = None
        "Of the connection to a server, under a descriptor that is ours alone."
        self._began: float | None = None
        "When what runs on the connection began."
        self._taken: DatabaseTaken | None = None

    def transact(self, work: Callable[[Connection], _Result]) -> _Result:
        """Run `work` in a transaction of its own; its result, after the commit.

        Raises DatabaseAway where the database as a whole refuses, DatabaseTaken, now and for ever,
        where another switch has taken it, and StoreError where it is the fault of what is written.
        """
        if self._taken is not None:
            raise self._taken
        try:
            connection = self._connected()
            self._began = monotonic()
            with connection.begin():
                return work(connection)
        except DatabaseTaken as error:
            self._taken = error
            self.disconnect()
            raise
        except Exception as error:
            if is_away(error):
                self.disconnect()
            raise store_error(error) from error
        finally:
            self._began = None

    def end_overdue(self) -> None:
        """End a transaction that takes too long, from another thread.

        SQLite has a bound of its own for what it waits for.
        """
        began, held = self._began, self._socket
        if began is not None and held is not None and monotonic() - began > self._limit:
            cut(held)

    def check(self) -> None:
        """See that the connection is there, and with it the lock. Raises as `transact` does."""
        self.transact(lambda connection: connection.exec_driver_sql("SELECT 1").close())

    def disconnect(self) -> None:
        """Close the connection for good; the next transaction makes another one."""
        connection, self._connection = self._connection, None
        held, self._socket = self._socket, None
        try:
            if connection is not None:
                connection.invalidate()
                connection.close()
        except SQLAlchemyError as error:
            _LOG.warning("closing the database failed", error=sentence(error))
        finally:
            if held is not None:
                held.close()

    def _connected(self) -> Connection:
        if self._socket is not None and has_news(self._socket.fileno()):
            self.disconnect()  # the server has ended it, maybe to start again
        if self._connection is None:
            connection = self._connection = self._engine.connect()
            if connection.dialect.name == "postgresql":
                driver = connection.connection.driver_connection
                assert driver is not None
                self._socket = duplicate(driver.fileno())
                self._began = monotonic()
                make_durable(connection)
            self._lock.take(connection, self._limit / 2)
        return self._connection


def is_away(error: Exception) -> bool:
    """Whether the fault lies with the database as a whole and not with what is written."""
    if isinstance(error, DataError | IntegrityError):
        return False
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _TOO_LARGE:
        return False
    if isinstance(error, ProgrammingError):  # in SQLite: a value of a type that it does not know
        return type(error.orig).__module__ != "sqlite3"
    return isinstance(error, DBAPIError)


def store_error(error: Exception) -> StoreError:
    """The same as the switch knows it."""
    kind = DatabaseAway if is_away(error) else StoreError
    return kind(f"the database refused: {sentence(error)}")
