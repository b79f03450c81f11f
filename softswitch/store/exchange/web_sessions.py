"""Sessions of the console: who is logged in, by the digest of the cookie."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from softswitch.store.database.changes import Change, dropping, saving
from softswitch.store.database.reader import Reader
from softswitch.store.tables import WEB_SESSIONS


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `web_sessions`."""

    key: str
    "SHA-256 of the cookie, in hexadecimal digits."
    username: str
    mark: str = ""
    "SHA-256 of the cookie and the password that was given: another password ends the session."
    began_at: float
    "Seconds since 1970."
    seen_at: float
    "When a request came last; written now and then."


SAVE = saving("save session", WEB_SESSIONS)
DROP = dropping("drop session", WEB_SESSIONS, "key")


def save_session(row: SessionRow) -> Change:
    """Write the whole row, new or changed."""
    return Change(SAVE, ("web_sessions", row.key), msgspec.structs.asdict(row))


def drop_session(key: str) -> Change:
    """Remove the row, if it is there."""
    return Change(DROP, ("web_sessions", key), {"key": key})


async def load_sessions(reader: Reader) -> list[SessionRow]:
    """All sessions, those that have ended by time included."""
    async with reader.connect() as connection:
        rows = await connection.execute(select(WEB_SESSIONS))
        return [SessionRow(**row._mapping) for row in rows]
