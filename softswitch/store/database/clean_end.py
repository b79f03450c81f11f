"""The note beside a SQLite database that says how the last switch left it.

A whole-file check of a large database takes long, and finds nothing where the file is as a switch
left it that ended properly. So each switch notes the size and the time of the file at its end; the
next one takes the note away, and checks the file where there is none or where it does not fit.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def note(path: Path) -> None:
    """Note that the database was closed properly; what cannot be noted costs a check."""
    with suppress(OSError):
        descriptor = os.open(_beside(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(_state(path))


def is_noted(path: Path) -> bool:
    """Whether there is a note, right or wrong."""
    return _beside(path).exists()


def take(path: Path) -> bool:
    """Take the note away; whether the database is as it was left."""
    beside = _beside(path)
    try:
        said = beside.read_text()
        beside.unlink()
        return said == _state(path) and not Path(f"{path}-wal").exists()
    except (OSError, UnicodeDecodeError):
        return False


def _beside(path: Path) -> Path:
    return Path(f"{path}.clean")


def _state(path: Path) -> str:
    found = path.stat()
    return f"{found.st_size} octets, {found.st_mtime_ns} ns, inode {found.st_ino}"
