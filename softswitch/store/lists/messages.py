"""Messages as people look through them: by folder, user, address, words and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_

from softswitch.store.database.reader import Reader
from softswitch.store.lists.pages import PartWanted, read_part
from softswitch.store.messages import TextMessage
from softswitch.store.tables import MESSAGES
from softswitch.store.texts import storable


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages to list; None does not filter, texts compare whole but for `text`."""

    user: str | None = None
    folder: str | None = None
    "None: all but `deleted`."
    kind: str | None = None
    state: str | None = None
    connection: str | None = None
    "The one that it came by, or goes by."
    address: str | None = None
    "Its sender or its recipient."
    text: str | None = None
    "Part of its text, its subject or an address, in any case of letters."
    since: float | None = None
    "Seconds since 1970; what came then or later."
    until: float | None = None
    "What came before."


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One page of messages."""

    total: int
    "All that the filter lets through."
    messages: Sequence[TextMessage]


_SAME = ("user", "kind", "state")
_SEARCHED = ("text", "subject", "from_address", "to_address")


async def list_messages(reader: Reader, wanted: MessageFilter, part: PartWanted) -> MessagePage:
    """The messages that the filter lets through, those of the part. Raises DatabaseAway."""
    order = (MESSAGES.c.created_at, MESSAGES.c.id)
    total, rows = await read_part(reader, MESSAGES, order, _conditions(wanted), part)
    return MessagePage(total, [TextMessage(**row._mapping) for row in rows])


def _conditions(wanted: MessageFilter) -> list[ColumnElement[bool]]:
    columns = MESSAGES.c
    conditions: list[ColumnElement[bool]] = [columns.kind != "receipt"]
    conditions += [
        columns[name] == getattr(wanted, name)
        for name in _SAME
        if getattr(wanted, name) is not None
    ]
    if wanted.folder is None:
        conditions.append(columns.folder != "deleted")
    else:
        conditions.append(columns.folder == wanted.folder)
    if wanted.connection is not None:
        ways = (columns.from_connection, columns.to_connection)
        conditions.append(or_(*(way == wanted.connection for way in ways)))
    if wanted.address is not None:
        ends = (columns.from_address, columns.to_address)
        conditions.append(or_(*(end == wanted.address for end in ends)))
    if wanted.text is not None:
        part = storable(wanted.text)
        conditions.append(
            or_(*(columns[each].icontains(part, autoescape=True) for each in _SEARCHED))
        )
    if wanted.since is not None:
        conditions.append(columns.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(columns.created_at < wanted.until)
    return conditions
