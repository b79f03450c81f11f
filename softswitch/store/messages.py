"""Messages on disk: what was accepted, what is still to be done for it, and what came of it.

`next_at` tells the whole story of work: it is when something is to be done for the message next,
by the lane that `lane` names, and NULL when nothing is. A restart therefore only asks for rows
whose `next_at` has come.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Executable, bindparam, case, delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from softswitch.store.database.upsert import upsert
from softswitch.store.journal import Change, ChangeKind, Order
from softswitch.store.tables import MESSAGE_FRAGMENTS, MESSAGE_PARTS, MESSAGES

NEVER = -1.0
"Written to `next_at` for NULL; None leaves a column as it is."
MESSAGE_ID_CHUNK = 500
"Ids in one query; SQLite bounds the variables of a statement."


class TextMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `messages`. Times are seconds since 1970; None lies ahead."""

    id: str
    created_at: float
    user: str
    "In whose folders it lies."
    folder: str
    "inbox, outbox, sent, notsent or deleted."
    kind: str = "sms"
    "sms, email, any, or receipt: a delivery report on its way to a peer."
    from_connection: str = ""
    from_address: str = ""
    from_station: str = ""
    to_connection: str = ""
    to_address: str = ""
    to_station: str = ""
    subject: str = ""
    text: str = ""
    state: str
    "queued, sent, delivered, failed; received for what arrived."
    lane: str = ""
    "The connection, or the notifier, that has to do with it next."
    next_at: float | None = None
    routes: list[str] = []
    "Connections that may carry it, the one in use first."
    attempts: int = 0
    error: str = ""
    valid_until: float
    time_to_send: float | None = None
    sent_at: float | None = None
    delivered_at: float | None = None
    report: bool = False
    "Whether a delivery report is asked of the network."
    report_url: str = ""
    "Gets SMSDeliveryReport."
    extension: str = ""
    "The API extension that it is for or from."
    downloaded: bool = False
    origin: str | None = None
    "What its sender tells it apart by: a second one with the same origin is the same message."
    tags: dict[str, str] = {}


class MessageProgress(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a message; None leaves a column as it is."""

    id: str
    folder: str | None = None
    "A message that its user has deleted stays deleted."
    state: str | None = None
    lane: str | None = None
    next_at: float | None = None
    routes: list[str] | None = None
    attempts: int | None = None
    error: str | None = None
    sent_at: float | None = None
    delivered_at: float | None = None


class MessagePart(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `message_parts`: what a network calls one part of a message."""

    connection: str
    network_id: str
    message_id: str
    part: int
    parts: int
    state: str
    sent_at: float


class Fragment(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `message_fragments`: a part of a long message that is not complete yet."""

    connection: str
    source: str
    destination: str
    reference: int
    parts: int
    part: int
    coding: int
    data: bytes
    arrived_at: float


_PROGRESS = tuple(name for name in MessageProgress.__struct_fields__ if name != "id")


def _advance(_: str) -> Executable:
    columns = {name: MESSAGES.c[name] for name in _PROGRESS}
    new = {name: bindparam(f"new_{name}", type_=column.type) for name, column in columns.items()}
    values: dict[str, Any] = {
        name: func.coalesce(new[name], column) for name, column in columns.items()
    }
    values["next_at"] = func.nullif(values["next_at"], literal(NEVER))
    values["folder"] = case((columns["folder"] == "deleted", "deleted"), else_=values["folder"])
    return update(MESSAGES).where(MESSAGES.c.id == bindparam("message")).values(values)


def _move(_: str) -> Executable:
    return (
        update(MESSAGES)
        .where(MESSAGES.c.id == bindparam("message"))
        .values(folder=bindparam("new_folder"), next_at=None)
    )


def _mark(_: str) -> Executable:
    return update(MESSAGES).where(MESSAGES.c.id == bindparam("message")).values(downloaded=True)


def _hasten(_: str) -> Executable:
    return (
        update(MESSAGES)
        .where(
            MESSAGES.c.lane == bindparam("of_lane"),
            MESSAGES.c.next_at > bindparam("now"),
            MESSAGES.c.to_address == bindparam("address"),
            MESSAGES.c.time_to_send.is_(None) | (MESSAGES.c.time_to_send <= bindparam("now")),
        )
        .values(next_at=bindparam("now"))
    )


def _purge_fragments(_: str) -> Executable:
    key = ("connection", "source", "destination", "reference", "parts")
    conditions = [MESSAGE_FRAGMENTS.c[name] == bindparam(f"of_{name}") for name in key]
    return delete(MESSAGE_FRAGMENTS).where(*conditions)


def _purge_old(_: str) -> Executable:
    old = MESSAGES.c.created_at < bindparam("before")
    return delete(MESSAGES).where(old, MESSAGES.c.next_at.is_(None))


def _purge_parts(_: str) -> Executable:
    return delete(MESSAGE_PARTS).where(MESSAGE_PARTS.c.sent_at < bindparam("before"))


INSERT = ChangeKind("message", Order.INSERT, lambda _: insert(MESSAGES))
ADVANCE = ChangeKind("progress of message", Order.UPDATE, _advance)
MOVE = ChangeKind("folder of message", Order.UPDATE, _move)
MARK = ChangeKind("mark of message", Order.UPDATE, _mark)
DROP = ChangeKind(
    "drop message",
    Order.DELETE,
    lambda _: delete(MESSAGES).where(MESSAGES.c.id == bindparam("message")),
)
# Behind the progress of the same batch, which may put off what has become possible meanwhile.
HASTEN = ChangeKind("messages of a recipient", Order.DELETE, _hasten)
SAVE_PART = ChangeKind(
    "part of message", Order.INSERT, lambda d: upsert(MESSAGE_PARTS, d), whole=True
)
SAVE_FRAGMENT = ChangeKind(
    "fragment", Order.INSERT, lambda d: upsert(MESSAGE_FRAGMENTS, d), whole=True
)
DROP_FRAGMENTS = ChangeKind("drop fragments", Order.DELETE, _purge_fragments)
DROP_OLD = ChangeKind("drop old messages", Order.DELETE, _purge_old)
DROP_OLD_PARTS = ChangeKind("drop old parts", Order.DELETE, _purge_parts)


def insert_message(message: TextMessage) -> Change:
    """A new message; the origin of another one is refused by the database."""
    return Change(INSERT, ("messages", message.id), msgspec.structs.asdict(message))


def advance(progress: MessageProgress) -> Change:
    """What has become of a message."""
    row: dict[str, Any] = {f"new_{name}": getattr(progress, name) for name in _PROGRESS}
    row["message"] = progress.id
    return Change(ADVANCE, ("messages", progress.id), row)


def move(message_id: str, folder: str) -> Change:
    """Put a message into another folder; nothing is done for it any more."""
    return Change(MOVE, ("messages", message_id), {"message": message_id, "new_folder": folder})


def hasten(lane: str, address: str, now: float) -> Change:
    """What waits in a lane for one recipient is due now, but for what is to be sent later."""
    row = {"of_lane": lane, "address": address, "now": now}
    return Change(HASTEN, ("messages", (lane, address)), row)


def mark(message_id: str) -> Change:
    """Note that its user has it."""
    return Change(MARK, ("messages", message_id), {"message": message_id})


def drop(message_id: str) -> Change:
    """Remove a message."""
    return Change(DROP, ("messages", message_id), {"message": message_id})


def save_part(part: MessagePart) -> Change:
    """Write what a network calls a part, or what became of it."""
    key = (part.connection, part.network_id)
    return Change(SAVE_PART, ("message_parts", key), msgspec.structs.asdict(part))


def save_fragment(fragment: Fragment) -> Change:
    """Keep a part of a long message; the same part again replaces it."""
    row = msgspec.structs.asdict(fragment)
    return Change(SAVE_FRAGMENT, ("message_fragments", (*row.values(),)[:6]), row)


def drop_fragments(fragment: Fragment) -> Change:
    """Remove all parts of the long message that this one is of."""
    row = {
        f"of_{name}": getattr(fragment, name)
        for name in ("connection", "source", "destination", "reference", "parts")
    }
    return Change(DROP_FRAGMENTS, ("message_fragments", tuple(row.values())), row)


def drop_before(time: float) -> Sequence[Change]:
    """Remove messages of before that time for which nothing is to be done, and old parts."""
    row = {"before": time}
    return (
        Change(DROP_OLD, ("messages", time), row),
        Change(DROP_OLD_PARTS, ("message_parts", time), row),
    )


async def load_due(
    engine: AsyncEngine,
    lane: str,
    now: float,
    limit: int,
    *,
    ahead: float = 0.0,
    held: Container[str] = (),
) -> tuple[list[TextMessage], bool]:
    """What a lane has to do by now, the longest due first, then the oldest; whether there is more.

    `limit` counts what is `held`, which is left out. `ahead`: seconds of waits between attempts
    that are cut short; `time_to_send` is not.
    """
    query = (
        select(MESSAGES.c.id)
        .where(MESSAGES.c.lane == lane, MESSAGES.c.next_at <= now + ahead)
        .where(MESSAGES.c.time_to_send.is_(None) | (MESSAGES.c.time_to_send <= now))
        .order_by(MESSAGES.c.next_at, MESSAGES.c.created_at)
        .limit(limit)
    )
    async with engine.connect() as connection:
        ids = list(await connection.scalars(query))
    wanted = [identity for identity in ids if identity not in held]
    found = await find_messages(engine, wanted)
    due = [found[identity] for identity in wanted if identity in found]
    return [message for message in due if message.next_at is not None], len(ids) == limit


async def next_due(engine: AsyncEngine, lane: str, after: float) -> float | None:
    """When a lane has something to do for the first time after that time."""
    query = select(func.min(MESSAGES.c.next_at)).where(
        MESSAGES.c.lane == lane, MESSAGES.c.next_at > after
    )
    async with engine.connect() as connection:
        found: float | None = await connection.scalar(query)
    return found


async def waiting_addresses(engine: AsyncEngine, lane: str) -> set[str]:
    """The recipients for whom messages wait in a lane."""
    query = (
        select(MESSAGES.c.to_address)
        .distinct()
        .where(MESSAGES.c.lane == lane, MESSAGES.c.next_at.is_not(None))
    )
    async with engine.connect() as connection:
        return set(await connection.scalars(query))


async def lanes_in_use(engine: AsyncEngine) -> set[str]:
    """The lanes that have something to do, now or later."""
    query = select(MESSAGES.c.lane).distinct().where(MESSAGES.c.next_at.is_not(None))
    async with engine.connect() as connection:
        return set(await connection.scalars(query))


async def list_folder(
    engine: AsyncEngine, user: str, folder: str, *, limit: int, fresh: bool = False
) -> list[TextMessage]:
    """Messages of a user's folder, oldest first; `fresh` leaves out the downloaded ones."""
    conditions = [
        MESSAGES.c.user == user,
        MESSAGES.c.folder == folder,
        MESSAGES.c.kind != "receipt",
    ]
    if fresh:
        conditions.append(MESSAGES.c.downloaded.is_(False))
    query = (
        select(MESSAGES)
        .where(*conditions)
        .order_by(MESSAGES.c.created_at, MESSAGES.c.id)
        .limit(limit)
    )
    return await _messages(engine, query)


async def list_newest(
    engine: AsyncEngine, *, folder: str | None = None, limit: int = 20
) -> list[TextMessage]:
    """The newest messages of all users, newest first."""
    query = select(MESSAGES).order_by(MESSAGES.c.created_at.desc()).limit(limit)
    if folder is not None:
        query = query.where(MESSAGES.c.folder == folder)
    return await _messages(engine, query)


async def find_messages(engine: AsyncEngine, ids: Iterable[str]) -> dict[str, TextMessage]:
    """The messages with these ids, those that exist."""
    wanted = list(ids)
    found: dict[str, TextMessage] = {}
    for start in range(0, len(wanted), MESSAGE_ID_CHUNK):
        chunk = wanted[start : start + MESSAGE_ID_CHUNK]
        for message in await _messages(engine, select(MESSAGES).where(MESSAGES.c.id.in_(chunk))):
            found[message.id] = message
    return found


async def find_origin(engine: AsyncEngine, origin: str) -> TextMessage | None:
    """The message of that origin."""
    found = await _messages(engine, select(MESSAGES).where(MESSAGES.c.origin == origin))
    return found[0] if found else None


async def find_parts(
    engine: AsyncEngine, connection: str, network_ids: Iterable[str]
) -> dict[str, tuple[MessagePart, TextMessage]]:
    """What a network means by ids of its own: the part and its message, by network id."""
    wanted = list(network_ids)
    parts: dict[str, MessagePart] = {}
    async with engine.connect() as open_:
        for start in range(0, len(wanted), MESSAGE_ID_CHUNK):
            query = select(MESSAGE_PARTS).where(
                MESSAGE_PARTS.c.connection == connection,
                MESSAGE_PARTS.c.network_id.in_(wanted[start : start + MESSAGE_ID_CHUNK]),
            )
            for row in await open_.execute(query):
                part = MessagePart(**row._mapping)
                parts[part.network_id] = part
    messages = await find_messages(engine, {part.message_id for part in parts.values()})
    return {
        network_id: (part, messages[part.message_id])
        for network_id, part in parts.items()
        if part.message_id in messages
    }


async def parts_of(engine: AsyncEngine, message_id: str) -> list[MessagePart]:
    """All parts of a message that a network has taken."""
    query = select(MESSAGE_PARTS).where(MESSAGE_PARTS.c.message_id == message_id)
    async with engine.connect() as connection:
        return [MessagePart(**row._mapping) for row in await connection.execute(query)]


async def load_fragments(engine: AsyncEngine) -> list[Fragment]:
    """All parts of incomplete long messages, oldest first."""
    query = select(MESSAGE_FRAGMENTS).order_by(MESSAGE_FRAGMENTS.c.arrived_at)
    async with engine.connect() as connection:
        return [Fragment(**row._mapping) for row in await connection.execute(query)]


async def _messages(engine: AsyncEngine, query: Any) -> list[TextMessage]:
    async with engine.connect() as connection:
        return [TextMessage(**row._mapping) for row in await connection.execute(query)]
