"""Lets one switch at a time use a database: a lock that ends with its process.

For SQLite it is on a file beside the database (flock(2)), since a damaged database is renamed, and
SQLite has locks of its own inside the file. For PostgreSQL it is an advisory
lock of a connection that stays open (PostgreSQL manual, section 13.3.5).
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from sqlalchemy import Engine, text

from softswitch.store.errors import StoreError

IN_USE = "storage.url: {} is in use by another switch"
ADVISORY = 0x736F667473776368
"Our number among the advisory locks of a database: `softswch`."


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
        except BlockingIOError:
            self.release()
            raise StoreError(IN_USE.format(path)) from None
        except OSError as error:
            self.release()
            raise StoreError(f"{beside}: cannot be locked: {error.strerror}") from error

    def release(self) -> None:
        """Release it, once. The file stays: another process may have locked it already."""
        self._file.close()


class ServerLock:
    """The lock of one PostgreSQL database, held until `release` or the end of the connection."""

    __slots__ = ("_connection",)

    def __init__(self, engine: Engine) -> None:
        """Take it. Raises StoreError when another switch has it."""
        self._connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        wanted = text("SELECT pg_try_advisory_lock(:number)")
        if not self._connection.scalar(wanted, {"number": ADVISORY}):
            self.release()
            raise StoreError(IN_USE.format(engine.url))

    def release(self) -> None:
        """Release it, by closing the connection for good."""
        if not self._connection.closed:
            self._connection.invalidate()
            self._connection.close()
