"""Messages on disk: their content, their state, and when they have to be tried next.

`next_at` is the time at which the lane `lane` has to work on the message next, NULL when there is
nothing left to do. After a restart the rows whose `next_at` has come are therefore all that is due.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

import msgspec
from sqlalchemy import Executable, case, delete, func, literal, select, update
from sqlalchemy.types import TypeEngine

from softswitch.store.database.changes import Change, ChangeKind, Order
from softswitch.store.database.given import Given, types_of
from softswitch.store.database.reader import Reader
from softswitch.store.tables import MESSAGES

NEVER = -1.0
"Written to `next_at` for NULL; None leaves a column as it is."
MESSAGE_ID_CHUNK = 500
"Ids in one query; SQLite bounds the variables of a statement."


class MessageContent(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that every message has, when it is handed in, brought or kept."""

    kind: str = "sms"
    "sms, email, any, or receipt: a delivery report on its way to a peer."
    from_address: str = ""
    to_address: str = ""
    subject: str = ""
    text: str = ""
    time_to_send: float | None = None
    "Not to be sent before that time, seconds since 1970."
    tags: dict[str, str] = {}

    def content(self) -> dict[str, Any]:
        """These fields by name, for a message of another kind with the same content."""
        return {name: getattr(self, name) for name in MessageContent.__struct_fields__}


class TextMessage(MessageContent, frozen=True, kw_only=True):
    """One row of `messages`. Times are seconds since 1970; None lies ahead."""

    id: str
    created_at: float
    user: str
    "The user whose folders it lies in."
    folder: str
    "inbox, outbox, sent, notsent or deleted."
    from_connection: str = ""
    from_station: str = ""
    "The account of `from_connection` that it came by, where that has several."
    to_connection: str = ""
    to_station: str = ""
    "The account of `to_connection` that it is for."
    state: str
    "queued, sent, delivered, failed; received for what arrived."
    lane: str = ""
    "The connection, or the notifier, that works on it next."
    next_at: float | None = None
    routes: list[str] = []
    "Connections that may carry it, the one in use first."
    attempts: int = 0
    error: str = ""
    valid_until: float
    sent_at: float | None = None
    delivered_at: float | None = None
    report: bool = False
    "Whether its sender wants a delivery receipt."
    report_url: str = ""
    "Gets SMSDeliveryReport."
    extension: str = ""
    "The API extension that it is for or from."
    downloaded: bool = False
    origin: str | None = None
    "The sender's name for it: a second message with the same origin is the same message."


class MessageProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a message's state; None leaves a column as it is."""

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


_PROGRESS = tuple(name for name in MessageProgress.__struct_fields__ if name != "id")


def _advance(given: Given) -> Executable:
    columns = {name: MESSAGES.c[name] for name in _PROGRESS}
    values: dict[str, Any] = {
        name: func.coalesce(given[f"new_{name}"], column) for name, column in columns.items()
    }
    values["next_at"] = func.nullif(values["next_at"], literal(NEVER))
    values["folder"] = case((columns["folder"] == "deleted", "deleted"), else_=values["folder"])
    return update(MESSAGES).where(MESSAGES.c.id == given["message"]).values(values)


def _move(given: Given) -> Executable:
    return (
        update(MESSAGES)
        .where(MESSAGES.c.id == given["message"])
        .values(folder=given["new_folder"], next_at=None)
    )


def _mark(given: Given) -> Executable:
    return update(MESSAGES).where(MESSAGES.c.id == given["message"]).values(downloaded=True)


def _drop(given: Given) -> Executable:
    return delete(MESSAGES).where(MESSAGES.c.id == given["message"])


def _hasten(given: Given) -> Executable:
    now = given["now"]
    return (
        update(MESSAGES)
        .where(
            MESSAGES.c.lane == given["of_lane"],
            MESSAGES.c.next_at > now,
            MESSAGES.c.to_address == given["address"],
            MESSAGES.c.time_to_send.is_(None) | (MESSAGES.c.time_to_send <= now),
        )
        .values(next_at=now)
    )


def _purge_old(given: Given) -> Executable:
    old = MESSAGES.c.created_at < given["before"]
    return delete(MESSAGES).where(old, MESSAGES.c.next_at.is_(None))


_TYPES = types_of(MESSAGES)
_ONE: dict[str, TypeEngine[Any]] = {"message": _TYPES["id"]}

INSERT = ChangeKind("message", Order.INSERT, _TYPES, lambda given: given.inserted(MESSAGES))
ADVANCE = ChangeKind(
    "progress of message",
    Order.UPDATE,
    _ONE | {f"new_{name}": _TYPES[name] for name in _PROGRESS},
    _advance,
)
MOVE = ChangeKind("folder of message", Order.UPDATE, _ONE | {"new_folder": _TYPES["folder"]}, _move)
MARK = ChangeKind("mark of message", Order.UPDATE, _ONE, _mark)
DROP = ChangeKind("drop message", Order.DELETE, _ONE, _drop)
# Behind the progress of the same batch, which may put off what has become possible meanwhile.
HASTEN = ChangeKind(
    "messages of a recipient",
    Order.DELETE,
    {"of_lane": _TYPES["lane"], "address": _TYPES["to_address"], "now": _TYPES["next_at"]},
    _hasten,
)
DROP_OLD = ChangeKind(
    "drop old messages", Order.DELETE, {"before": _TYPES["created_at"]}, _purge_old
)


def insert_message(message: TextMessage) -> Change:
    """A new message; the origin of another one is refused by the database."""
    return Change(INSERT, ("messages", message.id), msgspec.structs.asdict(message))


def advance(progress: MessageProgress) -> Change:
    """Write a change of a message's state."""
    row: dict[str, Any] = {f"new_{name}": getattr(progress, name) for name in _PROGRESS}
    row["message"] = progress.id
    return Change(ADVANCE, ("messages", progress.id), row)


def move(message_id: str, folder: str) -> Change:
    """Put a message into another folder; it is not tried any more."""
    return Change(MOVE, ("messages", message_id), {"message": message_id, "new_folder": folder})


def hasten(lane: str, address: str, now: float) -> Change:
    """Let the messages of a lane for one recipient be due now, but for a later `time_to_send`."""
    row = {"of_lane": lane, "address": address, "now": now}
    return Change(HASTEN, ("messages", (lane, address)), row)


def mark(message_id: str) -> Change:
    """Mark a message as downloaded."""
    return Change(MARK, ("messages", message_id), {"message": message_id})


def drop(message_id: str) -> Change:
    """Remove a message."""
    return Change(DROP, ("messages", message_id), {"message": message_id})


def drop_before(time: float) -> Change:
    """Remove messages older than that time that are not tried any more."""
    return Change(DROP_OLD, ("messages", time), {"before": time})


async def load_due(
    reader: Reader,
    lane: str,
    now: float,
    limit: int,
    *,
    ahead: float = 0.0,
    held: Container[str] = (),
) -> tuple[list[TextMessage], bool]:
    """Messages of a lane that are due, the longest due first; and whether there are more.

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
    async with reader.connect() as connection:
        ids = list(await connection.scalars(query))
    wanted = [identity for identity in ids if identity not in held]
    found = await find_messages(reader, wanted)
    due = [found[identity] for identity in wanted if identity in found]
    return [message for message in due if message.next_at is not None], len(ids) == limit


async def next_due(reader: Reader, lane: str, after: float) -> float | None:
    """The next time after that one at which a lane has something to do."""
    query = select(func.min(MESSAGES.c.next_at)).where(
        MESSAGES.c.lane == lane, MESSAGES.c.next_at > after
    )
    async with reader.connect() as connection:
        found: float | None = await connection.scalar(query)
    return found


async def waiting_addresses(reader: Reader, lane: str) -> set[str]:
    """The recipients for whom messages wait in a lane."""
    query = (
        select(MESSAGES.c.to_address)
        .distinct()
        .where(MESSAGES.c.lane == lane, MESSAGES.c.next_at.is_not(None))
    )
    async with reader.connect() as connection:
        return set(await connection.scalars(query))


async def lanes_in_use(reader: Reader) -> set[str]:
    """The lanes with messages that are due now or later."""
    query = select(MESSAGES.c.lane).distinct().where(MESSAGES.c.next_at.is_not(None))
    async with reader.connect() as connection:
        return set(await connection.scalars(query))


async def list_folder(
    reader: Reader, user: str, folder: str, *, limit: int, fresh: bool = False
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
    return await _messages(reader, query)


async def latest_messages(reader: Reader, limit: int) -> list[TextMessage]:
    """The messages that were made last, the oldest of them first."""
    query = select(MESSAGES).order_by(MESSAGES.c.created_at.desc()).limit(limit)
    return (await _messages(reader, query))[::-1]


async def find_messages(reader: Reader, ids: Iterable[str]) -> dict[str, TextMessage]:
    """The messages with these ids, those that exist."""
    wanted = list(ids)
    found: dict[str, TextMessage] = {}
    for start in range(0, len(wanted), MESSAGE_ID_CHUNK):
        chunk = wanted[start : start + MESSAGE_ID_CHUNK]
        for message in await _messages(reader, select(MESSAGES).where(MESSAGES.c.id.in_(chunk))):
            found[message.id] = message
    return found


async def find_origin(reader: Reader, origin: str) -> TextMessage | None:
    """The message of that origin."""
    found = await _messages(reader, select(MESSAGES).where(MESSAGES.c.origin == origin))
    return found[0] if found else None


async def _messages(reader: Reader, query: Any) -> list[TextMessage]:
    async with reader.connect() as connection:
        return [TextMessage(**row._mapping) for row in await connection.execute(query)]
