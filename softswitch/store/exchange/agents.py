"""Agents of queues on disk: who has logged in where, and who is paused."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from softswitch.store.database.changes import Change, dropping, saving
from softswitch.store.database.reader import Reader
from softswitch.store.tables import AGENT_PAUSES, QUEUE_LOGINS


class LoginRow(msgspec.Struct, frozen=True, kw_only=True):
    """An agent who has logged in to a queue."""

    queue: str
    agent: str
    since: float
    "Seconds since 1970."


class PauseRow(msgspec.Struct, frozen=True, kw_only=True):
    """An agent who takes no calls."""

    agent: str
    reason: str
    since: float
    "Seconds since 1970."


# A login and the logout after it have one key, so that the last of them counts in a batch.
SAVE_LOGIN = saving("log agent in", QUEUE_LOGINS)
DROP_LOGIN = dropping("log agent out", QUEUE_LOGINS, "queue", "agent")
SAVE_PAUSE = saving("pause agent", AGENT_PAUSES)
DROP_PAUSE = dropping("resume agent", AGENT_PAUSES, "agent")


def save_login(row: LoginRow) -> Change:
    """Write a login."""
    return Change(SAVE_LOGIN, ("queue_logins", (row.queue, row.agent)), msgspec.structs.asdict(row))


def drop_login(queue: str, agent: str) -> Change:
    """Remove a login, if it is there."""
    row = {"queue": queue, "agent": agent}
    return Change(DROP_LOGIN, ("queue_logins", (queue, agent)), row)


def save_pause(row: PauseRow) -> Change:
    """Write a pause, new or with another reason."""
    return Change(SAVE_PAUSE, ("agent_pauses", row.agent), msgspec.structs.asdict(row))


def drop_pause(agent: str) -> Change:
    """Remove a pause, if it is there."""
    return Change(DROP_PAUSE, ("agent_pauses", agent), {"agent": agent})


async def load_agents(reader: Reader) -> tuple[list[LoginRow], list[PauseRow]]:
    """All logins, oldest first, and all pauses."""
    async with reader.connect() as connection:
        logins = await connection.execute(select(QUEUE_LOGINS).order_by(QUEUE_LOGINS.c.since))
        pauses = await connection.execute(select(AGENT_PAUSES))
        return (
            [LoginRow(**row._mapping) for row in logins],
            [PauseRow(**row._mapping) for row in pauses],
        )
