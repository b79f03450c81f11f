"""Events on disk, by their numbers, which are never used again: the newest row always stays."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, delete, func, select

from softswitch.store.database.changes import Change, ChangeKind, Order
from softswitch.store.database.given import types_of
from softswitch.store.database.reader import Reader
from softswitch.store.tables import EVENTS

PURGE_CHUNK = 2000
"Events that one `drop_events` removes at most: a long transaction would keep others waiting."


class EventRow(msgspec.Struct, frozen=True):
    """One row of `events`."""

    id: int
    "Its number; those of later events are larger."
    at: float
    "Seconds since 1970."
    type: str
    call: str
    "The id of the call that it is about; empty where it is about none."
    numbers: str
    "The extensions that it concerns, each between blanks: ` 1000 1001 `."
    body: str
    "The event as its readers get it: a JSON object in one line."


INSERT = ChangeKind("event", Order.INSERT, types_of(EVENTS), lambda given: given.inserted(EVENTS))


def insert_event(row: EventRow) -> Change:
    """A new event."""
    return Change(INSERT, ("events", row.id), msgspec.structs.asdict(row))


async def bounds(reader: Reader) -> tuple[int, int]:
    """The numbers of the oldest and the newest event; 1 and 0 where there is none."""
    async with reader.connect() as connection:
        found = await connection.execute(select(func.min(EVENTS.c.id), func.max(EVENTS.c.id)))
        oldest, newest = found.one()
    return (1, 0) if newest is None else (oldest, newest)


async def load_events(reader: Reader, after: int, last: int, limit: int) -> list[EventRow]:
    """The events behind `after`, up to `last`, in order."""
    query = (
        select(EVENTS)
        .where(EVENTS.c.id > after, EVENTS.c.id <= last)
        .order_by(EVENTS.c.id)
        .limit(limit)
    )
    async with reader.connect() as connection:
        return [EventRow(*row) for row in await connection.execute(query)]


async def calls_without_end(reader: Reader, began: str, ended: str) -> list[EventRow]:
    """The events of type `began` of calls that have none of type `ended`."""
    over = select(EVENTS.c.call).where(EVENTS.c.type == ended)
    query = (
        select(EVENTS)
        .where(EVENTS.c.type == began, EVENTS.c.call.not_in(over))
        .order_by(EVENTS.c.id)
    )
    async with reader.connect() as connection:
        return [EventRow(*row) for row in await connection.execute(query)]


def drop_events(connection: Connection, before: float, most: int) -> int:
    """Remove events older than that time, and of the others the oldest but for `most`.

    Returns the number of the oldest that is kept. The newest one always is.
    """
    oldest, newest = connection.execute(select(func.min(EVENTS.c.id), func.max(EVENTS.c.id))).one()
    if newest is None:
        return 1
    young = select(EVENTS.c.id).where(EVENTS.c.at >= before).order_by(EVENTS.c.id).limit(1)
    first_young = connection.scalar(young)
    kept = newest if first_young is None else first_young
    kept = min(max(kept, newest - most + 1), newest, oldest + PURGE_CHUNK)
    connection.execute(delete(EVENTS).where(EVENTS.c.id < kept))
    return int(connection.scalar(select(func.min(EVENTS.c.id))) or newest)
