"""Tokens of the web API, by the digest of their secret."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from softswitch.store.database.changes import Change, dropping, saving
from softswitch.store.database.reader import Reader
from softswitch.store.tables import WEB_TOKENS


class TokenRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `web_tokens`."""

    id: str
    key: str
    "SHA-256 of the token, in hexadecimal digits."
    name: str
    "What its user calls it."
    username: str
    "The user who made it, and in whose name it acts."
    role: str
    extensions: list[str]
    "Of the role `application`: the numbers and ranges of numbers that are its own."
    made_at: float
    "Seconds since 1970."
    expires_at: float
    used_at: float | None = None
    "When a request came last with it; written now and then."


SAVE = saving("save token", WEB_TOKENS)
DROP = dropping("drop token", WEB_TOKENS, "id")


def save_token(row: TokenRow) -> Change:
    """Write the whole row, new or changed."""
    return Change(SAVE, ("web_tokens", row.id), msgspec.structs.asdict(row))


def drop_token(token_id: str) -> Change:
    """Remove the row, if it is there."""
    return Change(DROP, ("web_tokens", token_id), {"id": token_id})


async def load_tokens(reader: Reader) -> list[TokenRow]:
    """All tokens, those that have expired included; the oldest first."""
    query = select(WEB_TOKENS).order_by(WEB_TOKENS.c.made_at, WEB_TOKENS.c.id)
    async with reader.connect() as connection:
        return [TokenRow(**row._mapping) for row in await connection.execute(query)]
