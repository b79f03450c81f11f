"""What only SQLite needs: a private file, durable commits, a check for damage, a copy to go back.

sqlite.org/wal.html, sqlite.org/pragma.html: in WAL mode `synchronous=FULL` syncs the log at every
commit, so a committed transaction survives a crash of the process and of the machine.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine

from softswitch.store.database import clean_end
from softswitch.store.database.ownership import is_damage, refusal
from softswitch.store.database.sentences import of_file
from softswitch.store.errors import StoreError

_LOG = structlog.get_logger("softswitch.store")

PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=5000",
    "PRAGMA foreign_keys=ON",
)

_BESIDE = ("-wal", "-shm", "-journal")
"The files that SQLite keeps beside a database."


def refuse_foreign(path: Path) -> None:
    """Raise StoreError where the file is not ours; nothing is touched."""
    refused = refusal(path)
    if refused is not None:
        raise StoreError(f"storage.url: {refused}")


def prepare(path: Path) -> None:
    """Make the folder and the file (mode 0600), and set a damaged database aside.

    The file is ours, and nobody else uses it. It is only checked after an end that was not clean.
    Raises StoreError when it cannot be used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise StoreError(f"{path}: cannot be opened: {error.strerror}") from error
    damage = None if clean_end.take(path) else _damage(path)
    if damage:
        kept = _set_aside(path)
        _LOG.error(
            "damaged database set aside, a new one is made",
            path=str(path),
            kept=str(kept),
            damage=damage,
        )
        prepare(path)


def _damage(path: Path) -> str | None:
    """What is wrong with the content of the file, or None."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            first = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return of_file(error)
        raise StoreError(f"{path}: cannot be read: {of_file(error)}") from error
    return None if first == "ok" else first


def _set_aside(path: Path) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    kept = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    for suffix in ("", *_BESIDE):
        beside = Path(f"{path}{suffix}")
        if beside.exists():
            beside.rename(f"{kept}{suffix}")
    return kept


def copy_before(path: Path, revision: str) -> Path:
    """Copy the database of that schema revision before a migration changes it."""
    copy = path.with_name(f"{path.name}.before-{revision}")
    os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def configure(engine: Engine | AsyncEngine) -> None:
    """Give every connection the pragmas, and let SQLAlchemy alone begin transactions.

    Python's driver begins none before a CREATE or ALTER, which would make migrations piecemeal.
    """
    sync_engine = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
    event.listen(sync_engine, "connect", _connected)
    event.listen(sync_engine, "begin", _begin)


def _connected(connection: Any, record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
