"""The ids that networks give to the parts of messages; delivery receipts name them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Executable, delete, select

from softswitch.store.database.changes import Change, ChangeKind, Order, saving
from softswitch.store.database.given import Given
from softswitch.store.database.reader import Reader
from softswitch.store.messages import MESSAGE_ID_CHUNK, TextMessage, find_messages
from softswitch.store.tables import MESSAGE_PARTS


class MessagePart(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `message_parts`: a network's id of one part of a message."""

    connection: str
    network_id: str
    message_id: str
    part: int
    parts: int
    state: str
    sent_at: float


def _purge_parts(given: Given) -> Executable:
    return delete(MESSAGE_PARTS).where(MESSAGE_PARTS.c.sent_at < given["before"])


SAVE_PART = saving("part of message", MESSAGE_PARTS)
DROP_OLD_PARTS = ChangeKind(
    "drop old parts", Order.DELETE, {"before": MESSAGE_PARTS.c.sent_at.type}, _purge_parts
)


def save_part(part: MessagePart) -> Change:
    """Write a part, new or with a new state."""
    key = (part.connection, part.network_id)
    return Change(SAVE_PART, ("message_parts", key), msgspec.structs.asdict(part))


def drop_parts_before(time: float) -> Change:
    """Remove the parts that were sent before that time."""
    return Change(DROP_OLD_PARTS, ("message_parts", time), {"before": time})


async def find_parts(
    reader: Reader, connection: str, network_ids: Iterable[str]
) -> dict[str, tuple[MessagePart, TextMessage]]:
    """The parts and messages that a network's ids stand for, by network id."""
    wanted = list(network_ids)
    parts: dict[str, MessagePart] = {}
    async with reader.connect() as open_:
        for start in range(0, len(wanted), MESSAGE_ID_CHUNK):
            query = select(MESSAGE_PARTS).where(
                MESSAGE_PARTS.c.connection == connection,
                MESSAGE_PARTS.c.network_id.in_(wanted[start : start + MESSAGE_ID_CHUNK]),
            )
            for row in await open_.execute(query):
                part = MessagePart(**row._mapping)
                parts[part.network_id] = part
    messages = await find_messages(reader, {part.message_id for part in parts.values()})
    return {
        network_id: (part, messages[part.message_id])
        for network_id, part in parts.items()
        if part.message_id in messages
    }


async def parts_of(reader: Reader, message_id: str) -> list[MessagePart]:
    """All parts of a message that a network has taken."""
    query = select(MESSAGE_PARTS).where(MESSAGE_PARTS.c.message_id == message_id)
    async with reader.connect() as connection:
        return [MessagePart(**row._mapping) for row in await connection.execute(query)]
