"""Insert a row or replace the one with its key, in the dialects of SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import Executable, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(table: Table, dialect: str) -> Executable:
    """`INSERT … ON CONFLICT (key) DO UPDATE` of every column; parameters are named as columns."""
    insert: sqlite.Insert | postgresql.Insert
    insert = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    key = [column.name for column in table.primary_key]
    new = {column.name: insert.excluded[column.name] for column in table.columns}
    return insert.on_conflict_do_update(
        index_elements=key, set_={name: value for name, value in new.items() if name not in key}
    )
