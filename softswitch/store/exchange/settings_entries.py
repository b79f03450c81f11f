"""Entries of the settings on disk: what was added or changed while the switch ran, with who."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select

from softswitch.store.database.changes import Change, dropping, saving
from softswitch.store.database.reader import Reader
from softswitch.store.tables import SETTINGS_ENTRIES


class EntryRow(msgspec.Struct, frozen=True):
    """One row of `settings_entries`."""

    kind: str
    "The list of the settings that it belongs to: `extensions`, `trunks` and so on."
    name: str
    "What it is called in that list: a number, a range, a name."
    body: dict[str, Any]
    "Its keys and values as the settings file would have them, passwords included."
    position: int
    "Where it stands among the others of its list; those below 0 stand before the file's."
    version: int
    "1 at first, and one more with every change."
    changed_at: float
    "Seconds since 1970."
    changed_by: str
    "The user of the HTTP API."


SAVE = saving("save settings entry", SETTINGS_ENTRIES)
DROP = dropping("drop settings entry", SETTINGS_ENTRIES, "kind", "name")


def save(row: EntryRow) -> Change:
    """Write the whole row, new or changed."""
    return Change(SAVE, ("settings_entries", (row.kind, row.name)), msgspec.structs.asdict(row))


def drop(kind: str, name: str) -> Change:
    """Remove the row, if it is there."""
    return Change(DROP, ("settings_entries", (kind, name)), {"kind": kind, "name": name})


async def load_entries(reader: Reader) -> list[EntryRow]:
    """All rows, in the order in which they stand."""
    table = SETTINGS_ENTRIES
    async with reader.connect() as connection:
        wanted = select(table).order_by(table.c.position, table.c.kind, table.c.name)
        rows = await connection.execute(wanted)
        return [EntryRow(**row._mapping) for row in rows]
