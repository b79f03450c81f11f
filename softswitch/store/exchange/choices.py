"""Choices that outlive a restart: what somebody has set for an extension or a calendar."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from softswitch.store.database.changes import Change, dropping, saving
from softswitch.store.database.reader import Reader
from softswitch.store.tables import CHOICES


class ChoiceRow(msgspec.Struct, frozen=True):
    """One row of `choices`."""

    of: str
    "What kind of thing it is for: `extension`, `calendar`."
    name: str
    "The number or the name of the thing."
    value: dict[str, object]
    "What was chosen, as JSON."
    changed_at: float
    "Seconds since 1970."
    changed_by: str
    "The extension or the user of the web API that chose."


SAVE = saving("save choice", CHOICES)
DROP = dropping("drop choice", CHOICES, "of", "name")


def save_choice(row: ChoiceRow) -> Change:
    """Write the whole row, new or changed."""
    return Change(SAVE, ("choices", (row.of, row.name)), msgspec.structs.asdict(row))


def drop_choice(of: str, name: str) -> Change:
    """Remove the row, if it is there."""
    return Change(DROP, ("choices", (of, name)), {"of": of, "name": name})


async def load_choices(reader: Reader, of: str) -> list[ChoiceRow]:
    """All choices for things of that kind."""
    async with reader.connect() as connection:
        rows = await connection.execute(select(CHOICES).where(CHOICES.c.of == of))
        return [ChoiceRow(**row._mapping) for row in rows]
