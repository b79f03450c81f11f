"""The schema of a database: a new one is made at once, an older one step by step (`migrate.py`)."""

from __future__ import annotations

from pathlib import Path

import structlog
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
    select,
)

from softswitch.store.tables import METADATA

_LOG = structlog.get_logger("softswitch.store")

NEWEST = max(file.stem[:4] for file in Path(__file__).parent.glob("versions/[0-9]*.py"))
"The revision of `tables.py`: the number of the last step."

VERSION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"Where alembic keeps the revision of a database: one row."


def bring_up_to_date(engine: Engine, path: Path | None) -> None:
    """Make the tables of a new database, or run the steps that an older one lacks.

    `path` is the file of SQLite. Raises what `migrate.upgrade` raises, and SQLAlchemyError.
    """
    with engine.begin() as connection:
        tables = inspect(connection).get_table_names()
        if not tables:
            _make(connection)
            return
        if VERSION.name in tables and connection.scalar(select(VERSION)) == NEWEST:
            return
    # Alembic is large, and most starts have nothing to migrate.
    from softswitch.store.migrations.migrate import upgrade

    upgrade(engine, path)


def _make(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":  # no write of ours may come to disk before it
        connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
    METADATA.create_all(connection, checkfirst=False)
    VERSION.create(connection)
    connection.execute(insert(VERSION).values(version_num=NEWEST))
    _LOG.info("schema made", revision=NEWEST)
