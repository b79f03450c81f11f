"""Tokens of the web API: secrets with a scope and an end, in place of passwords (RFC 6750).

A token is `sst_ID_SECRET`, of which only the digest is kept: who makes it sees it once. It acts in
the name of its user, with the rights of its own role, and with none that the user has not.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Container, Iterable
from typing import get_args

import msgspec
import structlog

from softswitch.guard.rights import OwnNumbers, User
from softswitch.settings.exchange.users import Role
from softswitch.store.database.changes import Change, Write
from softswitch.store.errors import StoreError
from softswitch.store.exchange.web_tokens import TokenRow, drop_token, save_token

log = structlog.get_logger("softswitch.security")

OCTETS = 32
"Of the secret."
MOST = 100
"Tokens of one user."
DAY = 86_400.0
KEPT = 30 * DAY
"Seconds that a token is still listed after it has expired."
USED_EVERY = 60.0
"Seconds after which it is written that a token was used again."
_FORM = re.compile(r"sst_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")


class TooManyTokens(Exception):
    """A user has as many tokens as there may be."""


class Tokens:
    """The tokens of all users: in memory, where each request looks, and in the database."""

    def __init__(self, write: Write, *, clock: Callable[[], float] = time.time) -> None:
        """`clock` counts seconds since 1970."""
        self._write = write
        self._clock = clock
        self._rows: dict[str, TokenRow] = {}
        self._written: dict[str, float] = {}
        "When each was used last, as the database has it."

    def restore(self, rows: Iterable[TokenRow]) -> None:
        """Have the tokens that were made before a restart."""
        self._rows = {row.id: row for row in rows}
        self._written = {row.id: row.used_at or 0.0 for row in rows}

    def of(self, username: str | None = None) -> list[TokenRow]:
        """The tokens of a user, or of all, oldest first."""
        return [row for row in self._rows.values() if username in (None, row.username)]

    async def make(
        self, user: User, name: str, role: Role, extensions: Iterable[str], seconds: float
    ) -> tuple[str, TokenRow]:
        """A new token in the name of a user, and what is kept of it.

        Raises NotAllowed for a scope that the user has not, TooManyTokens, and StoreError.
        """
        now, identity = self._clock(), secrets.token_hex(6)
        late = [row.id for row in self._rows.values() if now > row.expires_at + KEPT]
        if sum(row.id not in late for row in self.of(user.name)) >= MOST:
            raise TooManyTokens(f"{user.name} has {MOST} tokens: revoke one that is not needed")
        token = f"sst_{identity}_{secrets.token_urlsafe(OCTETS)}"
        row = TokenRow(
            id=identity,
            key=_digest(token),
            name=name,
            username=user.name,
            role=role,
            extensions=list(extensions),
            made_at=now,
            expires_at=now + seconds,
        )
        limited(row, user)
        await self._write(save_token(row), *map(drop_token, late))
        for old in late:
            self._forget(old)
        self._rows[identity] = row
        return token, row

    def find(self, token: str) -> TokenRow | None:
        """What is kept of a token that counts."""
        row = self._rows.get(id_of(token))
        if row is None or not hmac.compare_digest(row.key, _digest(token)):
            return None
        return row if self.counts(row.id) else None

    def named(self, identity: str) -> TokenRow | None:
        """The token of that id, whether it counts or has expired."""
        return self._rows.get(identity)

    def counts(self, identity: str) -> bool:
        """Whether there is such a token, and it has not expired."""
        row = self._rows.get(identity)
        return row is not None and self._clock() < row.expires_at

    def used(self, identity: str) -> None:
        """Note a request; the database is told now and then, and nobody waits for it."""
        now, row = self._clock(), self._rows[identity]
        row = self._rows[identity] = msgspec.structs.replace(row, used_at=now)
        if now < self._written.get(identity, 0.0) + USED_EVERY:
            return
        self._written[identity] = now
        self._write_behind(save_token(row))

    async def revoke(self, identity: str) -> None:
        """End a token at once. Raises StoreError, and it has ended until a restart."""
        self._forget(identity)
        await self._write(drop_token(identity))

    def keep(self, users: Container[str]) -> None:
        """End the tokens of all who are no users any more: a new user of the name has none."""
        for row in [row for row in self._rows.values() if row.username not in users]:
            log.warning("token revoked", token=row.name, reason=f"{row.username} is no user")
            self._forget(row.id)
            self._write_behind(drop_token(row.id))

    def _write_behind(self, change: Change) -> None:
        try:
            self._write(change)
        except StoreError as error:
            log.warning("token not written", reason=str(error))

    def _forget(self, identity: str) -> None:
        self._rows.pop(identity, None)
        self._written.pop(identity, None)


def id_of(token: str) -> str:
    """The id in a token; empty where it is none."""
    match = _FORM.fullmatch(token)
    return match[1] if match else ""


def limited(row: TokenRow, user: User) -> User:
    """What a user may do by a token. Raises NotAllowed for what the user may not (any more)."""
    role: Role = next(role for role in get_args(Role) if role == row.role)
    own = OwnNumbers.of(row.extensions) if role == "application" else None
    return user.narrowed(role, own, token=row.id, login=f"token {row.name}")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
