"""Sessions of the console: a cookie in place of the password, until it expires or is idle.

A cookie is 256 random bits, of which only the digest is kept (OWASP, Session Management). The
sessions are in memory, where each request looks, and in the database, so that a restart of the
switch logs nobody out.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec
import structlog

from softswitch.store.database.changes import Write
from softswitch.store.errors import StoreError
from softswitch.store.exchange.web_sessions import SessionRow, drop_session, save_session

log = structlog.get_logger("api")

OCTETS = 32
"Of a cookie."
MOST = 50
"Sessions of one user: another one ends that which was seen the longest time ago."
SEEN_EVERY = 60.0
"Seconds after which it is written that a session was seen again."


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long sessions last."""

    life: float = 43_200.0
    "Seconds from the login on."
    idle: float = 7_200.0
    "Seconds without a request."


class Sessions:
    """Who is logged in."""

    def __init__(
        self,
        write: Write,
        terms: SessionLimits | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` counts seconds since 1970."""
        self._write = write
        self._terms = terms or SessionLimits()
        self._clock = clock
        self._rows: dict[str, SessionRow] = {}
        self._written: dict[str, float] = {}
        "When each was seen last, as the database has it."

    def __len__(self) -> int:
        return len(self._rows)

    def restore(self, rows: Iterable[SessionRow]) -> None:
        """Have the sessions that began before a restart."""
        self._rows = {row.key: row for row in rows}
        self._written = {row.key: row.seen_at for row in rows}

    async def begin(self, username: str, password: str) -> tuple[str, float]:
        """Log a user in, who has given that password: the cookie, and when it expires.

        Raises StoreError where it cannot be kept.
        """
        cookie, now = secrets.token_urlsafe(OCTETS), self._clock()
        key, mark = _digest(cookie), _digest(cookie, password)
        row = SessionRow(key=key, username=username, mark=mark, began_at=now, seen_at=now)
        own = [each for each in self._rows.values() if each.username == username]
        over = sorted(own, key=lambda each: each.seen_at)[: max(0, len(own) - MOST + 1)]
        late = [each for each in self._rows.values() if self._is_over(each)]
        ended = {each.key for each in (*over, *late)}
        await self._write(save_session(row), *map(drop_session, ended))
        for old in ended:
            self._forget(old)
        self._rows[key], self._written[key] = row, now
        return cookie, now + self._terms.life

    def find(
        self, cookie: str, password_of: Callable[[str], str | None], *, seen: bool = True
    ) -> str | None:
        """The user of a cookie, if it still counts and the password is what it was then.

        Without `seen` this is no request, and the session is idle for as long as before.
        """
        row = self._rows.get(_digest(cookie))
        if row is None or self._is_over(row):
            return None
        password = password_of(row.username)
        if password is None or not hmac.compare_digest(row.mark, _digest(cookie, password)):
            return None
        if seen:
            self._seen(row)
        return row.username

    def expires(self, cookie: str) -> float | None:
        """When the session of a cookie ends at the latest."""
        row = self._rows.get(_digest(cookie))
        return None if row is None else row.began_at + self._terms.life

    async def end(self, cookie: str) -> bool:
        """Log out; returns whether there was a session. Raises StoreError, and it has ended."""
        key = _digest(cookie)
        known = self._forget(key)
        await self._write(drop_session(key))
        return known

    def _is_over(self, row: SessionRow) -> bool:
        now = self._clock()
        return now >= row.began_at + self._terms.life or now >= row.seen_at + self._terms.idle

    def _seen(self, row: SessionRow) -> None:
        """Note a request; the database is told now and then, and nobody waits for it."""
        now = self._clock()
        row = self._rows[row.key] = msgspec.structs.replace(row, seen_at=now)
        if now < self._written[row.key] + SEEN_EVERY:
            return
        self._written[row.key] = now
        try:
            self._write(save_session(row))
        except StoreError as error:
            log.debug("session not written", reason=str(error))

    def _forget(self, key: str) -> bool:
        self._written.pop(key, None)
        return self._rows.pop(key, None) is not None


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode(errors="replace")).hexdigest()
