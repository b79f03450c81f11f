"""Bring the schema to the newest revision: all steps in one transaction, or none (alembic)."""

from __future__ import annotations

from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from softswitch.store.database import sqlite
from softswitch.store.database.sentences import sentence
from softswitch.store.errors import StoreError

_LOG = structlog.get_logger("softswitch.store")

MIGRATIONS = Path(__file__).parent


def upgrade(engine: Engine, path: Path | None, migrations: Path = MIGRATIONS) -> None:
    """Run the migrations that the database lacks.

    A SQLite database at `path` that holds data is copied first (`….before-REVISION`). Raises
    StoreError when a step fails (the database is then as before) or the database is newer than
    this program.
    """
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    newest = scripts.get_current_head()
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    if present == newest:
        return
    if present is not None:
        known = {script.revision for script in scripts.walk_revisions()}
        if present not in known:
            raise StoreError(f"the schema {present} is newer than this program")
        if path is not None:
            copy = sqlite.copy_before(path, present)
            _LOG.info("database copied before a migration", copy=str(copy))
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":  # a step may take minutes
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        why = sentence(error)
        raise StoreError(f"the migration to {newest} failed: {why}") from error
    _LOG.info("schema migrated", of=present or "nothing", to=newest)
