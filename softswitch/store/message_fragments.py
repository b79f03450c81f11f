"""Parts of long messages that arrive, on disk until the message is whole."""

from __future__ import annotations

import msgspec
from sqlalchemy import Executable, delete, select

from softswitch.store.database.changes import Change, ChangeKind, Order, saving
from softswitch.store.database.given import Given
from softswitch.store.database.reader import Reader
from softswitch.store.tables import MESSAGE_FRAGMENTS

WHOLE = ("connection", "source", "destination", "reference", "parts")
"The columns that all parts of one long message share."


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


def _purge_fragments(given: Given) -> Executable:
    conditions = [MESSAGE_FRAGMENTS.c[name] == given[f"of_{name}"] for name in WHOLE]
    return delete(MESSAGE_FRAGMENTS).where(*conditions)


SAVE_FRAGMENT = saving("fragment", MESSAGE_FRAGMENTS)
DROP_FRAGMENTS = ChangeKind(
    "drop fragments",
    Order.DELETE,
    {f"of_{name}": MESSAGE_FRAGMENTS.c[name].type for name in WHOLE},
    _purge_fragments,
)


def save_fragment(fragment: Fragment) -> Change:
    """Keep a part of a long message; the same part again replaces it."""
    row = msgspec.structs.asdict(fragment)
    return Change(SAVE_FRAGMENT, ("message_fragments", (*row.values(),)[:6]), row)


def drop_fragments(fragment: Fragment) -> Change:
    """Remove all parts of the long message that this one is of."""
    row = {f"of_{name}": getattr(fragment, name) for name in WHOLE}
    return Change(DROP_FRAGMENTS, ("message_fragments", tuple(row.values())), row)


async def load_fragments(reader: Reader) -> list[Fragment]:
    """All parts of incomplete long messages, oldest first."""
    query = select(MESSAGE_FRAGMENTS).order_by(MESSAGE_FRAGMENTS.c.arrived_at)
    async with reader.connect() as connection:
        return [Fragment(**row._mapping) for row in await connection.execute(query)]
