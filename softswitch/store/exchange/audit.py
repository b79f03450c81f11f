"""The audit log: what was changed, by whom and from where; rows are only added, and go with age."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, delete, func, select

from softswitch.store.database.changes import Change, ChangeKind, Order
from softswitch.store.database.given import types_of
from softswitch.store.database.reader import Reader
from softswitch.store.tables import AUDIT


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `audit`."""

    id: int
    "Grows with time."
    at: float
    "Seconds since 1970."
    username: str
    "Empty for a signal to the process."
    login: str
    "How the user has shown who it is, such as `session`, or `token` with its name."
    source: str
    "The address that asked."
    operation: str
    "Of `/v1`, such as `addPhone`, or the command of `/api`."
    target: str
    "The path below `/v1`, or the call or number that a command is for."
    result: str
    "`ok`, else the status or the code that refused."
    detail: str
    "The fields that were given, by name only; never what they hold."


ADD = ChangeKind("audit", Order.INSERT, types_of(AUDIT), lambda given: given.inserted(AUDIT))
CHUNK = 1000
"Rows that are removed at once: a long transaction would keep others waiting."


def add_audit_row(row: AuditRow) -> Change:
    """Write the row, which nothing changes any more."""
    return Change(ADD, ("audit", row.id), msgspec.structs.asdict(row))


async def newest_audit_id(reader: Reader) -> int:
    """The id of the newest row; 0 where there is none."""
    async with reader.connect() as connection:
        return await connection.scalar(select(func.max(AUDIT.c.id))) or 0


def drop_audit_before(connection: Connection, time: float) -> int:
    """Remove rows that are older than that time; returns how many there were."""
    old = select(AUDIT.c.id).where(AUDIT.c.at < time).order_by(AUDIT.c.at).limit(CHUNK)
    return connection.execute(delete(AUDIT).where(AUDIT.c.id.in_(old))).rowcount
