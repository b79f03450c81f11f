"""Lets one switch at a time use a database: a lock that is held as long as its process writes.

For SQLite it is on a file beside the database (flock(2)), since a damaged database is renamed, and
SQLite has locks of its own inside the file. For PostgreSQL it is an advisory lock of the very
connection that writes (PostgreSQL manual, section 13.3.5): who does not hold it cannot write.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import NamedTuple, Protocol

from sqlalchemy import Connection, text

from softswitch.store.errors import DatabaseTaken, StoreError

IN_USE = "storage.url: {} is in use by another switch"
PID_DIGITS = 10
"The most digits of the id of a process."
ADVISORY = 0x736F667473776368
"Our number among the advisory locks of a database: `softswch`."
_AGAIN = 0.05
"Seconds between two attempts."

_TAKE = text("SELECT pg_try_advisory_lock(:number)")
_SELF = text(
    "SELECT pid, backend_start::text AS since FROM pg_stat_activity WHERE pid = pg_backend_pid()"
)
_HOLDER = text(
    "SELECT a.pid, a.backend_start::text AS since FROM pg_locks l"
    " JOIN pg_stat_activity a ON a.pid = l.pid"
    " JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND l.classid::bigint = :high AND l.objid::bigint = :low"
)
_END = text("SELECT pg_terminate_backend(:pid)")


class Lock(Protocol):
    """What lets one switch at a time write."""

    def take(self, connection: Connection, patience: float) -> None:
        """Make sure, on a new connection, that the lock is ours. Raises DatabaseTaken.

        `patience`: seconds in which the server may notice that a process has ended.
        """

    def release(self) -> None:
        """Let others have it."""


class FileLock:
    """The lock of one SQLite database, held until `release` or the end of the process."""

    __slots__ = ("_file",)

    def __init__(self, path: Path) -> None:
        """Take it. Raises StoreError when another switch has it."""
        beside = Path(f"{path}.lock")
        try:
            beside.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(os.open(beside, os.O_RDWR | os.O_CREAT, 0o600), "rb")  # noqa: SIM115
        except OSError as error:
            raise StoreError(f"{beside}: cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._file.fileno(), 0)
            os.pwrite(self._file.fileno(), str(os.getpid()).encode(), 0)
        except BlockingIOError:
            holder = self._file.read(PID_DIGITS).decode("ascii", errors="replace")
            self.release()
            process = f" (process {holder})" if holder.isdigit() else ""
            raise DatabaseTaken(IN_USE.format(path) + process) from None
        except OSError as error:
            self.release()
            raise StoreError(f"{beside}: cannot be locked: {error.strerror}") from error

    def take(self, connection: Connection, patience: float) -> None:
        """It is ours already: the file is not the connection's."""

    def release(self) -> None:
        """Release it, once. The file stays: another process may have locked it already."""
        self._file.close()


class _Session(NamedTuple):
    """A connection as the server knows it."""

    pid: int
    since: str | None
    "When it began; None where it is hidden from us."


class ServerLock:
    """The lock of one PostgreSQL database: each connection that writes takes it first."""

    __slots__ = ("_database", "_session")

    def __init__(self, database: str) -> None:
        """`database`: its name for sentences, without a password."""
        self._database = database
        self._session: _Session | None = None
        "The last connection that held it for us."

    def take(self, connection: Connection, patience: float) -> None:
        """Take it for this connection. Raises DatabaseTaken when another switch has it.

        A connection of ours that broke may still stand on the server and hold it: that is ended.
        """
        deadline = time.monotonic() + patience
        while not connection.scalar(_TAKE, {"number": ADVISORY}):
            holder = self._holder(connection)
            connection.commit()  # what the server tells of sessions is as old as the transaction
            if holder is not None and holder == self._session:
                connection.execute(_END, {"pid": holder.pid})
            elif time.monotonic() > deadline:
                raise DatabaseTaken(IN_USE.format(self._database))
            time.sleep(_AGAIN)
        self._session = _Session(*connection.execute(_SELF).one())
        connection.commit()

    def _holder(self, connection: Connection) -> _Session | None:
        halves = {"high": ADVISORY >> 32, "low": ADVISORY & 0xFFFFFFFF}
        row = connection.execute(_HOLDER, halves).first()
        return None if row is None else _Session(*row)

    def release(self) -> None:
        """It ended with the connection that held it."""
