"""Which part of a list is wanted, and the query that finds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, Table, func, select

from softswitch.store.database.reader import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class PartWanted:
    """Which part of a list."""

    limit: int = 50
    offset: int = 0
    "Rows before it."
    oldest_first: bool = False


async def read_part(
    reader: Reader,
    table: Table,
    order: Sequence[Column[Any]],
    conditions: Sequence[ColumnElement[bool]],
    part: PartWanted,
) -> tuple[int, Sequence[Row[Any]]]:
    """How many rows there are, and those of the part. Raises DatabaseAway."""
    counted = select(func.count()).select_from(table).where(*conditions)
    keys = [column.asc() if part.oldest_first else column.desc() for column in order]
    query = select(table).where(*conditions).order_by(*keys).limit(part.limit).offset(part.offset)
    async with reader.connect() as connection:
        total = await connection.scalar(counted) or 0
        if part.offset >= total:
            return total, ()
        return total, (await connection.execute(query)).all()
