"""Random keys that outlive a restart."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, insert, select

from softswitch.store.tables import SECRETS


def secret(connection: Connection, name: str, length: int = 32) -> bytes:
    """The key of that name, `length` random octets, made and kept when it is first asked for."""
    value = connection.scalar(select(SECRETS.c.value).where(SECRETS.c.name == name))
    if value is not None:
        return bytes(value)
    fresh = secrets.token_bytes(length)
    connection.execute(insert(SECRETS).values(name=name, value=fresh))
    return fresh
