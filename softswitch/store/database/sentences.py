"""What a driver of the database says, in the words of the switch.

SQLite names its errors by codes (sqlite.org/rescode.html), PostgreSQL by classes of five characters
(appendix A of its manual). What the server itself says of a query or a login is told as its words.
"""

from __future__ import annotations

import re
import sqlite3

import structlog

_LOG = structlog.get_logger("softswitch.store")

SQLITE: dict[int, str] = {
    sqlite3.SQLITE_ERROR: "the tables are not those of the switch",
    sqlite3.SQLITE_PERM: "the file may not be used",
    sqlite3.SQLITE_BUSY: "the database is locked by another program",
    sqlite3.SQLITE_LOCKED: "the database is locked by another program",
    sqlite3.SQLITE_READONLY: "the database may only be read",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written",
    sqlite3.SQLITE_CORRUPT: "the database is damaged",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_TOOBIG: "a value is too large",
    sqlite3.SQLITE_CONSTRAINT: "a value is not allowed there",
    sqlite3.SQLITE_MISMATCH: "a value is not of the type of its column",
    sqlite3.SQLITE_NOTADB: "the file is not a database",
}
"By primary code."

POSTGRESQL: dict[str, str] = {
    "08": "the connection to the server ended",
    "22": "a value is not allowed there",
    "23": "a value is not allowed there",
    "28": "the server refuses user or password",
    "3D": "the server has no such database",
    "42501": "the user may not do that",
    "53100": "the disk of the server is full",
    "53200": "the server has no memory left",
    "53300": "the server takes no more connections",
    "57014": "the server took too long",
    "57P": "the server ends or begins",
    "58": "the disk of the server cannot be used",
}
"By the beginning of the code, the longest first."
ENDED = "the connection to the server ended"
UNREACHED = "the server cannot be reached"
UNKNOWN = "the database failed"


def sentence(error: Exception) -> str:
    """One clause; the driver's own words go to the debug log."""
    cause = getattr(error, "orig", None) or error  # SQLAlchemy wraps what drivers raise
    _LOG.debug("the driver of the database failed", error=str(cause).strip())
    if isinstance(cause, sqlite3.Error):
        return of_file(cause)
    if type(cause).__module__.startswith("psycopg"):
        return _of_server(cause)
    pooled = (type(error).__module__, type(error).__name__) == ("sqlalchemy.exc", "TimeoutError")
    return "all connections to the server are in use" if pooled else UNKNOWN


def of_file(error: sqlite3.Error) -> str:
    """What happened to a SQLite database."""
    return SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, UNKNOWN)


def _of_server(error: BaseException) -> str:
    """What happened to a query, or to a connection that could not be made."""
    state = getattr(error, "sqlstate", None)
    if state:
        known = next((POSTGRESQL[state[:n]] for n in (5, 3, 2) if state[:n] in POSTGRESQL), "")
        return known or f"{UNKNOWN} (SQLSTATE {state})"
    said = re.search(r"FATAL:\s+(.+)", str(error))
    if said is not None:
        return f"the server says: {said[1]}"
    began = re.search(r"connection (?:failed|timeout)|resolve", str(error))
    return UNREACHED if began or "Timeout" in type(error).__name__ else ENDED
