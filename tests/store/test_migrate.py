"""Migrations: all steps or none, and a copy to go back."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from softswitch.store.bindings import save
from softswitch.store.database import sqlite
from softswitch.store.errors import StoreError
from softswitch.store.migrations import migrate
from softswitch.store.store import Store
from softswitch.store.tables import METADATA
from tests.postgresql import PostgreSql, execute
from tests.store.rows import binding

NEWEST = max(file.stem[:4] for file in migrate.MIGRATIONS.glob("versions/[0-9]*.py"))
"The revision of the schema."


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


@pytest.mark.filterwarnings("ignore:.*expression-based:")  # PostgreSQL compares those, too
async def test_the_migrated_schema_is_the_one_of_the_tables(store: Store) -> None:
    with store._engines.blocking.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


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
