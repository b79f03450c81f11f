"""Whether the file that `storage.url` names may be our database, before anything touches it.

sqlite.org/fileformat.html sections 1.3.1, 3 and 4.1: a database, its journal and its log each begin
with octets of their own.
"""

from __future__ import annotations

import shutil
import sqlite3
import stat
import tempfile
from contextlib import closing
from pathlib import Path

from softswitch.store.database.directories import obstacle
from softswitch.store.database.sentences import of_file

DATABASE = b"SQLite format 3\0"
BESIDE = {
    "-wal": (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"),
    "-journal": (b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7",),
}
"How files begin that SQLite keeps beside a database, and replaces."

OUR_TABLES = frozenset(("alembic_version", "bindings", "calls", "secrets"))
"What every revision of the schema has."

DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"Primary codes of what is no database, or no whole one (sqlite.org/rescode.html)."

EXPECTED = "expected a new file or the database of a switch"


def refusal(path: Path) -> str | None:
    """Why the file cannot be our database: one sentence.

    None where it is missing or empty, or a database that is ours, empty, or so damaged that it
    tells no more than that it was one. Nothing is changed, not even beside the file.
    """
    try:
        return _unmakeable(path) if _is_missing(path) else _foreign(path)
    except OSError as error:
        return f"{path} cannot be opened: {error.strerror}, {EXPECTED}"


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the content is not what it should be."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGE


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    return False


def _unmakeable(path: Path) -> str | None:
    found = obstacle(path.parent)
    return _foreign_beside(path) if found is None else f"{found}, {EXPECTED} at {path}"


def _foreign(path: Path) -> str | None:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        return f"{path} is not a file, {EXPECTED}"
    if found.st_size == 0:
        return _foreign_beside(path)
    if _beginning(path) != DATABASE:
        return f"{path} is not a database, {EXPECTED}"
    try:
        tables = _tables(path)
    except sqlite3.Error as error:
        return None if is_damage(error) else f"{path} cannot be read: {of_file(error)}, {EXPECTED}"
    if tables and not tables >= OUR_TABLES:
        return f"{path} is a database of another program, {EXPECTED}"
    return None


def _foreign_beside(path: Path) -> str | None:
    """Files that SQLite would take for its own and replace, beside a database that is new."""
    for suffix, beginnings in BESIDE.items():
        beside = Path(f"{path}{suffix}")
        if beside.exists() and not (beside.is_file() and _begins(beside, beginnings)):
            return f"{beside} is not of a database and would be replaced, {EXPECTED}"
    return None


def _begins(path: Path, beginnings: tuple[bytes, ...]) -> bool:
    beginning = _beginning(path)
    return not beginning or beginning.startswith(beginnings)


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(DATABASE))


def _tables(path: Path) -> frozenset[str]:
    """The tables of a database, those included that are only in its log.

    An immutable database is read as if nobody wrote it, without its log; so where it has no table
    yet, copies of it and of its log are opened.
    """
    tables = _read_tables(f"{path.absolute().as_uri()}?mode=ro&immutable=1")
    log = Path(f"{path}-wal")
    if tables or not log.exists():
        return tables
    with tempfile.TemporaryDirectory(prefix="softswitch-") as directory:
        copy = Path(directory) / "copy"
        shutil.copyfile(path, copy)
        shutil.copyfile(log, f"{copy}-wal")
        return _read_tables(copy.as_uri())


def _read_tables(uri: str) -> frozenset[str]:
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return frozenset(name for (name,) in rows)
