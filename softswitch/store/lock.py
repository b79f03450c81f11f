"""Sees that one switch alone uses a database: a lock that the kernel takes back when we end.

It is on a file beside the database (flock(2)), as the database itself is renamed where it is
damaged, and SQLite locks parts of it in a way of its own.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from softswitch.store.errors import StoreError


class DatabaseLock:
    """The lock of one SQLite database, held until `release` or the end of the process."""

    __slots__ = ("_descriptor",)

    def __init__(self, path: Path) -> None:
        """Take it. Raises StoreError when another switch has it."""
        beside = Path(f"{path}.lock")
        try:
            beside.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"{beside}: cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise StoreError(f"storage.url: {path} is in use by another switch") from None
        except OSError as error:
            self.release()
            raise StoreError(f"{beside}: cannot be locked: {error.strerror}") from error

    def release(self) -> None:
        """Let others have it. The file stays: who deletes it may delete what another has locked."""
        os.close(self._descriptor)
