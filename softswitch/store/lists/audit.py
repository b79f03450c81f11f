"""The audit log as an admin looks through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement

from softswitch.store.database.reader import Reader
from softswitch.store.exchange.audit import AuditRow
from softswitch.store.lists.pages import PartWanted, read_part
from softswitch.store.tables import AUDIT


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which rows to list; None does not filter, texts compare whole but for `target`."""

    username: str | None = None
    login: str | None = None
    source: str | None = None
    operation: str | None = None
    result: str | None = None
    target: str | None = None
    "What the target begins with."
    since: float | None = None
    "Seconds since 1970; what came then or later."
    until: float | None = None
    "What came before."


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of the audit log."""

    total: int
    "All that the filter lets through."
    rows: Sequence[AuditRow]


_SAME = ("username", "login", "source", "operation", "result")


async def list_audit(reader: Reader, wanted: AuditFilter, part: PartWanted) -> AuditPage:
    """The rows that the filter lets through, those of the part. Raises DatabaseAway."""
    total, rows = await read_part(reader, AUDIT, (AUDIT.c.id,), _conditions(wanted), part)
    return AuditPage(total, [AuditRow(**row._mapping) for row in rows])


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    columns = AUDIT.c
    conditions: list[ColumnElement[bool]] = [
        columns[name] == getattr(wanted, name)
        for name in _SAME
        if getattr(wanted, name) is not None
    ]
    if wanted.target is not None:
        conditions.append(columns.target.startswith(wanted.target, autoescape=True))
    if wanted.since is not None:
        conditions.append(columns.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(columns.at < wanted.until)
    return conditions
