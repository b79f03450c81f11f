"""Random keys that outlive a restart."""

from __future__ import annotations

import secrets

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from softswitch.store.tables import SECRETS


async def secret(engine: AsyncEngine, name: str, length: int = 32) -> bytes:
    """The key of that name, `length` random octets, made and kept when it is first asked for."""
    wanted = select(SECRETS.c.value).where(SECRETS.c.name == name)
    async with engine.connect() as connection:
        value = await connection.scalar(wanted)
    if value is not None:
        return bytes(value)
    fresh = secrets.token_bytes(length)
    try:
        async with engine.begin() as connection:
            await connection.execute(insert(SECRETS).values(name=name, value=fresh))
    except IntegrityError:  # another process was faster
        async with engine.connect() as connection:
            return bytes((await connection.execute(wanted)).scalar_one())
    return fresh
