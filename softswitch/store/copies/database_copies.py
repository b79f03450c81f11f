"""Copies of the database that are consistent while the switch writes, and their way back.

SQLite: sqlite.org/backup.html; one step reads all pages in one transaction, which in WAL mode keeps
nobody from writing. PostgreSQL: its own `pg_dump` and `pg_restore`, both in one transaction.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from softswitch.settings.plain import places

SQLITE = "database.sqlite"
POSTGRESQL = "database.pgdump"
"What the copies are called in a backup."
BESIDE = ("-wal", "-shm", "-journal", ".clean")
"What is kept beside a database of SQLite, and belongs to that very file."


class DatabaseRefuses(Exception):
    """A database cannot be copied or filled; the sentence says why."""


def copied_as(url: str) -> str:
    """What the copy of a database is called in a backup."""
    return POSTGRESQL if places.sqlite_file(url) is None else SQLITE


def copy_database(url: str, copy: Path) -> str:
    """Copy a database, which may be in use, to a file; returns the revision of its schema.

    Raises DatabaseRefuses.
    """
    path = places.sqlite_file(url)
    if path is None:
        return _dump(url, copy)
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
            return _judge(path, target)
    except sqlite3.Error as error:
        raise DatabaseRefuses(f"storage.url: {path} cannot be copied: {error}") from error


def _judge(path: Path, copy: sqlite3.Connection) -> str:
    """The revision of a copy. Raises DatabaseRefuses where it is damaged."""
    damage = str(copy.execute("PRAGMA quick_check(1)").fetchone()[0])
    if damage != "ok":
        raise DatabaseRefuses(f"storage.url: {path} is damaged: {damage}")
    return str(copy.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def _dump(url: str, copy: Path) -> str:
    _run(url, "pg_dump", "--format=custom", f"--file={copy}")
    query = "SELECT version_num FROM alembic_version"
    return _run(url, "psql", "--no-psqlrc", "--tuples-only", "--no-align", f"--command={query}")


def fill_database(url: str, copy: Path) -> None:
    """Let a database of PostgreSQL be what a copy says, or stay. Raises DatabaseRefuses."""
    _run(
        url, "pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction",
        "--exit-on-error", str(copy),
    )  # fmt: skip


def _run(url: str, program: str, *words: str) -> str:
    """What a program of PostgreSQL prints; its password is in no list of processes."""
    found = shutil.which(program)
    if found is None:
        raise DatabaseRefuses(
            f"there is no {program}: install PostgreSQL's client programs (postgresql-client)"
        )
    bare, password = _without_password(url)
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    done = subprocess.run(
        [found, f"--dbname={bare}", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise DatabaseRefuses(f"{program}: {lines[0]}")
    return done.stdout.strip()


def _without_password(url: str) -> tuple[str, str]:
    """A URL as libpq reads it, without its password, and the password.

    That of the query goes before that of the user, as in libpq.
    """
    parts = urlsplit(url.replace("+psycopg", "", 1))
    user, _, place = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    kept: list[str] = []
    for each in filter(None, parts.query.split("&")):
        key, _, value = each.partition("=")
        if unquote(key) == "password":
            password = value
        else:
            kept.append(each)
    netloc = f"{name}@{place}" if name else place
    return parts._replace(netloc=netloc, query="&".join(kept)).geturl(), unquote(password)


@contextmanager
def held(url: str, terminal_key: Path) -> Iterator[None]:
    """Keep every switch from the database meanwhile. Raises DatabaseRefuses where one has it."""
    running = running_process(terminal_key)
    if running is not None:
        _refuse_running(f"process {running}")
    path = places.sqlite_file(url)
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600), "rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _refuse_running(f"{path} is in use")
        yield


def _refuse_running(why: str) -> NoReturn:
    raise DatabaseRefuses(f"the switch runs ({why}): end it first, then restore")


def running_process(terminal_key: Path) -> int | None:
    """The id of the switch that runs, as its `terminal.key` says; None where none does."""
    try:
        number = int(json.loads(terminal_key.read_bytes())["pid"])
        os.kill(number, 0)
        words = Path(f"/proc/{number}/cmdline").read_bytes()
    except (OSError, ValueError, LookupError, TypeError, OverflowError):
        return None
    return number if b"softswitch" in words else None
