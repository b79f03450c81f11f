"""Contacts of extensions on disk: saved and dropped by the registrar, loaded at a start."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from softswitch.store.database.changes import Change, dropping, saving
from softswitch.store.database.reader import Reader
from softswitch.store.tables import BINDINGS


class BindingRow(msgspec.Struct, frozen=True):
    """One row of `bindings`."""

    id: int
    "Given by the registrar, never used again."
    extension: str
    uri: str
    "The contact's URI as it came."
    q: float
    expires_at: float
    "Seconds since 1970."
    call_id: str
    cseq: int
    path: list[str]
    "The values of the Path header (RFC 3327), the one to visit first in front."
    instance: str
    "`+sip.instance` (RFC 5626), empty without."
    reg_id: int
    "`reg-id` (RFC 5626), 0 without."
    user_agent: str
    transport: str
    local_host: str
    local_port: int
    remote_host: str
    remote_port: int
    registered_at: float
    "Seconds since 1970 of the last REGISTER."


SAVE = saving("save binding", BINDINGS)
DROP = dropping("drop binding", BINDINGS, "id")


def save(row: BindingRow) -> Change:
    """Write the whole row, new or refreshed."""
    return Change(SAVE, ("bindings", row.id), msgspec.structs.asdict(row))


def drop(binding_id: int) -> Change:
    """Remove the row, if it is there."""
    return Change(DROP, ("bindings", binding_id), {"id": binding_id})


async def load_bindings(reader: Reader) -> list[BindingRow]:
    """All rows, in the order in which they were first made."""
    async with reader.connect() as connection:
        rows = await connection.execute(select(BINDINGS).order_by(BINDINGS.c.id))
        return [BindingRow(**row._mapping) for row in rows]
