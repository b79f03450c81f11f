"""Migrations: all steps or none, and a copy to go back."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, NullPool, create_engine, inspect, text

from softswitch.store.bindings import save
from softswitch.store.database import sqlite
from softswitch.store.database.urls import read_url
from softswitch.store.errors import StoreError
from softswitch.store.migrations import migrate, schema
from softswitch.store.migrations.schema import NEWEST
from softswitch.store.store import Store
from softswitch.store.tables import METADATA
from tests.postgresql import PostgreSql, execute
from tests.store.rows import binding

BROKEN_STEP = f'''
"""A step that fails after it has made a table."""
import sqlalchemy as sa
from alembic import op
revision = "9999"
down_revision = "{NEWEST}"
def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer))
    op.execute("INSERT INTO half VALUES (1)")
    op.execute("this is no SQL")
'''


def migrations_with(step: str, folder: Path) -> Path:
    """A copy of the project's migrations with one more step."""
    for source in migrate.MIGRATIONS.rglob("*.py"):
        target = folder / source.relative_to(migrate.MIGRATIONS)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text())
    (folder / "versions" / "9999_broken.py").write_text(step.format(newest=NEWEST))
    return folder


@pytest.fixture
def engine(url: str, path: Path) -> Iterator[Engine]:
    """The connections to a database without tables."""
    path.parent.mkdir(exist_ok=True)
    made = create_engine(read_url(url).blocking, poolclass=NullPool)
    if made.dialect.name == "sqlite":
        sqlite.configure(made)
    yield made
    made.dispose()


@pytest.mark.filterwarnings("ignore:.*expression-based:")  # PostgreSQL compares those, too
def test_the_migrated_schema_is_the_one_of_the_tables(engine: Engine) -> None:
    migrate.upgrade(engine, None)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == NEWEST


def test_a_new_database_is_what_all_steps_would_have_made(engine: Engine) -> None:
    migrate.upgrade(engine, None)
    step_by_step = described(engine)
    with engine.begin() as connection:
        for table in inspect(connection).get_table_names():
            connection.exec_driver_sql(f"DROP TABLE {table}")
    schema.bring_up_to_date(engine, None)
    assert described(engine) == step_by_step
    assert {"calls", "alembic_version"} <= step_by_step.keys()


def described(engine: Engine) -> dict[str, Any]:
    """The columns, keys and indexes of every table, in words; their order does not count."""
    with engine.connect() as connection:
        found = inspect(connection)
        rows = connection.execute(text(INDEXES[engine.dialect.name])).all()
        indexes = sorted(" ".join(str(row[0]).replace('"', "").split()) for row in rows)
        return {
            table: (
                sorted(map(str, found.get_columns(table)), key=str),
                str(found.get_pk_constraint(table)),
                [index for index in indexes if f" {table} " in index],
            )
            for table in found.get_table_names()
        }


INDEXES = {
    "sqlite": "SELECT replace(sql, '<>', '!=') FROM sqlite_master"
    " WHERE type = 'index' AND sql IS NOT NULL",
    "postgresql": "SELECT replace(indexdef, 'public.', '') FROM pg_indexes"
    " WHERE schemaname = 'public'",
}
"The statements that make all indexes."


def test_a_database_of_the_newest_revision_needs_no_alembic(tmp_path: Path) -> None:
    """Alembic and what it loads cost a tenth of a second of every start."""
    starts = f"""
import sys
from sqlalchemy import create_engine
from softswitch.store.migrations import schema
for _ in range(2):
    schema.bring_up_to_date(create_engine("sqlite:///{tmp_path}/switch.db"), None)
print(sorted({{"alembic", "mako"}} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", starts], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


async def test_a_migration_that_fails_leaves_everything_as_it_was(
    file_store: Store, path: Path, tmp_path: Path
) -> None:
    await file_store.write(save(binding(1)))
    broken = migrations_with(BROKEN_STEP, tmp_path / "migrations")
    with pytest.raises(StoreError, match="9999"):
        migrate.upgrade(file_store._engines.blocking, path, broken)
    with sqlite3.connect(path) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        assert "half" not in tables
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            (NEWEST,)
        ]
    with sqlite3.connect(path.with_name(f"switch.db.before-{NEWEST}")) as copy:
        assert copy.execute("SELECT id FROM bindings").fetchall() == [(1,)]


async def test_a_first_migration_that_fails_leaves_an_empty_database(tmp_path: Path) -> None:
    broken = migrations_with(BROKEN_STEP, tmp_path / "migrations")
    path = tmp_path / "new.db"
    engine = create_engine(f"sqlite:///{path}")
    sqlite.configure(engine)
    with pytest.raises(StoreError):
        migrate.upgrade(engine, path, broken)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    engine.dispose()


async def test_a_migration_that_fails_on_a_server_leaves_everything_as_it_was(
    postgresql: PostgreSql, spool: Path, tmp_path: Path
) -> None:
    url = postgresql.empty_database()
    store = await Store.open(url, spool)
    await store.write(save(binding(1)))
    broken = migrations_with(BROKEN_STEP, tmp_path / "migrations")
    with pytest.raises(StoreError, match="9999"):
        migrate.upgrade(store._engines.blocking, None, broken)
    assert execute(url, "SELECT to_regclass('half')") == [(None,)]
    assert execute(url, "SELECT version_num FROM alembic_version") == [(NEWEST,)]
    assert await store.load_bindings() == [binding(1)]
    await store.close()


async def test_a_database_of_a_newer_program_is_refused(
    store: Store, url: str, spool: Path
) -> None:
    await store.close()
    execute(url, "UPDATE alembic_version SET version_num = '7777'")
    with pytest.raises(StoreError, match="newer"):
        await Store.open(url, spool)
    assert execute(url, "SELECT count(*) FROM bindings") == [(0,)]
