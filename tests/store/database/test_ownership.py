"""What is not our database is refused, and left as it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from softswitch.store.database.ownership import refusal
from softswitch.store.errors import StoreError
from softswitch.store.store import Store
from tests.store.files import contents, damaged_files


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
    file_url: str, spool: Path, path: Path, make: Callable[[Path], None], sentence: str
) -> None:
    make_readable(path, make)
    before = contents(path.parent)
    with pytest.raises(StoreError, match=f"storage.url: .*{sentence}, expected"):
        await Store.open(file_url, spool)
    assert contents(path.parent) == before


def make_readable(path: Path, make: Callable[[Path], None]) -> None:
    """Make what is there before the switch starts, with a mode that others may read."""
    path.parent.mkdir()
    make(path)
    for file in path.parent.iterdir():
        file.chmod(0o754)


@pytest.mark.parametrize("make", [Path.touch, lambda path: sqlite3.connect(path).close()])
async def test_an_empty_file_is_used(
    file_url: str, spool: Path, path: Path, make: Callable[[Path], None]
) -> None:
    make_readable(path, make)
    await (await Store.open(file_url, spool)).close()
    assert damaged_files(path.parent) == []


def all_in_the_log(path: Path, crashed: Path) -> None:
    """What a crash leaves right after the first start: an empty database, the rest in its log."""
    with closing(sqlite3.connect(crashed)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    Path(f"{crashed}-wal").write_bytes(Path(f"{path}-wal").read_bytes())


async def test_a_database_of_ours_that_is_all_in_the_log_is_used(
    file_store: Store, path: Path, tmp_path: Path
) -> None:
    crashed = tmp_path / "crashed.db"
    all_in_the_log(path, crashed)
    assert refusal(crashed) is None
    again = await Store.open(f"sqlite:///{crashed}", tmp_path / "other.spool")
    await again.close()
    assert damaged_files(tmp_path) == []
