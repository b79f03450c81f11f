"""Opening the database: private, current, whole, or set aside."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from softswitch.store import migrate
from softswitch.store.bindings import save
from softswitch.store.database import sqlite
from softswitch.store.database.errors import StoreError
from softswitch.store.database.ownership import refusal
from softswitch.store.store import Store
from softswitch.store.tables import METADATA
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


def damage(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def overwritten(path: Path) -> bytes:
    """The database with all but its first and last page destroyed."""
    content = path.read_bytes()
    return content[:4096] + b"\xa5" * (len(content) - 8192) + content[-4096:]


async def test_only_the_owner_may_read_the_files(store: Store, path: Path) -> None:
    await store.write(save(binding(1)))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert path.name in modes
    assert set(modes.values()) == {0o600}, modes


async def test_what_was_written_is_there_after_reopening(store: Store, url: str) -> None:
    await store.write(save(binding(7, path=["<sip:edge.example;lr>"])))
    await store.close()
    again = await Store.open(url)
    assert await again.load_bindings() == [binding(7, path=["<sip:edge.example;lr>"])]
    await again.close()


async def test_secrets_stay_the_same_and_differ_by_name(store: Store, url: str) -> None:
    first = await store.secret("nonce")
    assert len(first) == 32
    assert await store.secret("other") != first
    await store.close()
    again = await Store.open(url)
    assert await again.secret("nonce") == first
    await again.close()


async def test_the_migrated_schema_is_the_one_of_the_tables(store: Store) -> None:
    with store._blocking.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


DAMAGED = b"SQLite format 3\0" + b"x" * 5000
"The beginning of a database, and nothing else that could be read."


async def test_a_database_that_cannot_be_read_is_set_aside(url: str, path: Path) -> None:
    damage(path, DAMAGED)
    store = await Store.open(url)
    assert await store.load_bindings() == []
    await store.close()
    [kept] = path.parent.glob("switch.db.damaged-*")
    assert kept.read_bytes() == DAMAGED


def make_foreign_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num)")
        connection.execute("CREATE TABLE calls (id INTEGER)")


def make_foreign_log(path: Path) -> None:
    """A database of another program that crashed: its table is only in the log."""
    with closing(sqlite3.connect(path.with_name("running"))) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE notes (text)")
        for suffix in ("", "-wal"):
            content = path.with_name(f"running{suffix}").read_bytes()
            path.with_name(f"{path.name}{suffix}").write_bytes(content)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.write_text("Call Anna back.\n" * 500), "is not a database"),
        (lambda path: path.write_text("x"), "is not a database"),
        (make_foreign_database, "is a database of another program"),
        (make_foreign_log, "is a database of another program"),
        (lambda path: path.mkdir(), "is not a file"),
        (lambda path: Path(f"{path}-wal").write_text("Waltz\n"), "would be replaced"),
    ],
    ids=["text", "short", "database", "log", "folder", "beside"],
)
async def test_what_is_not_ours_is_refused_and_left_as_it_is(
    url: str, path: Path, make: Callable[[Path], None], sentence: str
) -> None:
    make_readable(path, make)
    before = contents(path.parent)
    with pytest.raises(StoreError, match=f"storage.url: .*{sentence}, expected"):
        await Store.open(url)
    assert contents(path.parent) == before


def make_readable(path: Path, make: Callable[[Path], None]) -> None:
    """Make what is there before the switch starts, with a mode that others may read."""
    path.parent.mkdir()
    make(path)
    for file in path.parent.iterdir():
        file.chmod(0o754)


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of every file."""
    return {
        file.name: (file.stat().st_mode, file.read_bytes() if file.is_file() else b"")
        for file in folder.iterdir()
    }


@pytest.mark.parametrize("make", [Path.touch, lambda path: sqlite3.connect(path).close()])
async def test_an_empty_file_is_used(url: str, path: Path, make: Callable[[Path], None]) -> None:
    make_readable(path, make)
    await (await Store.open(url)).close()
    assert damaged_files(path.parent) == []


def all_in_the_log(path: Path, crashed: Path) -> None:
    """What a crash leaves right after the first start: an empty database, the rest in its log."""
    with closing(sqlite3.connect(crashed)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    Path(f"{crashed}-wal").write_bytes(Path(f"{path}-wal").read_bytes())


async def test_a_database_of_ours_that_is_all_in_the_log_is_used(
    store: Store, path: Path, tmp_path: Path
) -> None:
    crashed = tmp_path / "crashed.db"
    all_in_the_log(path, crashed)
    assert refusal(crashed) is None
    again = await Store.open(f"sqlite:///{crashed}")
    await again.close()
    assert damaged_files(tmp_path) == []


def damaged_files(folder: Path) -> list[Path]:
    return list(folder.glob("*.damaged-*"))


async def test_a_database_with_torn_pages_is_set_aside(store: Store, url: str, path: Path) -> None:
    for number in range(300):
        store.write(save(binding(number)))
    await store.close()
    damage(path, overwritten(path))
    again = await Store.open(url)
    assert await again.load_bindings() == []
    await again.close()
    assert len(list(path.parent.glob("switch.db.damaged-*"))) == 1


async def test_two_damaged_files_of_one_second_are_both_kept(url: str, path: Path) -> None:
    for content in (b"one", b"two"):
        damage(path, DAMAGED + content)
        await (await Store.open(url)).close()
    assert len(list(path.parent.glob("switch.db.damaged-*"))) == 2


async def test_a_torn_end_of_the_log_loses_nothing_that_was_committed(
    store: Store, url: str, path: Path, tmp_path: Path
) -> None:
    await store.write(save(binding(1)))
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for name in (path.name, f"{path.name}-wal"):
        (crashed / name).write_bytes((path.parent / name).read_bytes())
    with (crashed / f"{path.name}-wal").open("ab") as log:
        log.write(b"\x37\x7f\x06\x82" + b"torn" * 500)
    again = await Store.open(f"sqlite:///{crashed / path.name}")
    assert [row.id for row in await again.load_bindings()] == [1]
    await again.close()


async def test_a_migration_that_fails_leaves_everything_as_it_was(
    store: Store, path: Path, tmp_path: Path
) -> None:
    await store.write(save(binding(1)))
    broken = migrations_with(BROKEN_STEP, tmp_path / "migrations")
    with pytest.raises(StoreError, match="9999"):
        migrate.upgrade(store._blocking, path, broken)
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


async def test_a_database_of_a_newer_program_is_refused(store: Store, url: str, path: Path) -> None:
    await store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '7777'")
    with pytest.raises(StoreError, match="newer"):
        await Store.open(url)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM bindings").fetchall() == [(0,)]


async def test_a_database_that_is_open_is_refused_and_left_as_it_is(
    store: Store, url: str, path: Path
) -> None:
    damage(path, DAMAGED)
    before = contents(path.parent)
    with pytest.raises(StoreError, match=f"storage.url: {path} is in use by another switch"):
        await Store.open(url)
    assert contents(path.parent) == before
    await store.close()
    await (await Store.open(url)).close()


async def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        await Store.open(f"sqlite:///{tmp_path}/file/switch.db")
