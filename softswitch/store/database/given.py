"""The rows that a statement is given: one after the other on SQLite, all at once on PostgreSQL.

SQLite runs a prepared statement for one row after the other inside the process. PostgreSQL would
cost a message and a plan a row, so it gets all rows as one JSON text, and one statement takes them
apart (`json_to_recordset`, PostgreSQL manual, section 9.16).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Insert,
    LargeBinary,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import JSON, TypeEngine

from softswitch.store.texts import Stored

Row = Mapping[str, Any]
"The values of a row, by the names that the statement uses."

ROWS = "rows"
"The one parameter of a statement on PostgreSQL."


class Given:
    """The values that each row brings, as expressions of one dialect."""

    __slots__ = ("_source", "_stored", "_types", "dialect")

    def __init__(self, dialect: str, types: Mapping[str, TypeEngine[Any]]) -> None:
        """`types`: of each value, by its name."""
        self.dialect = dialect
        self._types = types
        self._stored = {name: kind for name, kind in types.items() if isinstance(kind, Stored)}
        self._source = _recordset(types) if dialect == "postgresql" else None

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        """The value of that name."""
        kind = self._types[name]
        if self._source is None:
            return bindparam(name, type_=kind)
        value: ColumnElement[Any] = self._source.c[name]
        # JSON has no octets; msgspec writes them in Base64.
        return func.decode(value, "base64") if isinstance(kind, LargeBinary) else value

    def inserted(self, table: Table) -> Insert:
        """The rows as new ones of a table; the values are named as its columns."""
        names = [each.name for each in table.columns]
        if self._source is None:
            return insert(table)
        return insert(table).from_select(names, select(*(self[name] for name in names)))

    def inserted_once(self, table: Table) -> Insert:
        """The same, but rows are left out whose key is there."""
        return self._on_conflict(table).on_conflict_do_nothing(index_elements=_key(table))

    def upserted(self, table: Table) -> Insert:
        """The same, but each row replaces the one with its key."""
        statement, key = self._on_conflict(table), _key(table)
        new = {each.name: statement.excluded[each.name] for each in table.columns}
        return statement.on_conflict_do_update(
            index_elements=key, set_={name: new[name] for name in new if name not in key}
        )

    def parameters(self, rows: Sequence[Row]) -> Any:
        """What SQLAlchemy executes the statement with."""
        if self._source is None:
            return rows
        return {ROWS: msgspec.json.encode([self._as_stored(row) for row in rows]).decode()}

    def _as_stored(self, row: Row) -> Row:
        """The values as the types of their columns have them; SQLAlchemy sees one text."""
        stored = {n: kind.process_bind_param(row[n], None) for n, kind in self._stored.items()}
        return {**row, **stored}

    def _on_conflict(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        names = [each.name for each in table.columns]
        if self._source is None:
            return sqlite.insert(table)
        return postgresql.insert(table).from_select(names, select(*(self[name] for name in names)))


def _key(table: Table) -> list[str]:
    return [each.name for each in table.primary_key]


def _recordset(types: Mapping[str, TypeEngine[Any]]) -> Any:
    columns = [
        column(name, Text() if isinstance(kind, LargeBinary) else kind)
        for name, kind in types.items()
    ]
    rows = cast(bindparam(ROWS, type_=Text()), JSON())
    return func.json_to_recordset(rows).table_valued(*columns).render_derived("given", True)


def types_of(table: Table) -> dict[str, TypeEngine[Any]]:
    """The types of all columns of a table, by their names."""
    return {each.name: each.type for each in table.columns}
