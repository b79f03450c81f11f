"""Opening the database: private, whole or set aside, ours alone."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from softswitch.store.bindings import save
from softswitch.store.database import sqlite
from softswitch.store.errors import StoreError
from softswitch.store.store import Store
from tests.store.files import contents
from tests.store.rows import binding


def damage(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def overwritten(path: Path) -> bytes:
    """The database with all but its first and last page destroyed."""
    content = path.read_bytes()
    return content[:4096] + b"\xa5" * (len(content) - 8192) + content[-4096:]


async def test_only_the_owner_may_read_the_files(file_store: Store, path: Path) -> None:
    await file_store.write(save(binding(1)))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert path.name in modes
    assert set(modes.values()) == {0o600}, modes


async def test_what_was_written_is_there_after_reopening(
    store: Store, url: str, spool: Path
) -> None:
    await store.write(save(binding(7, path=["<sip:edge.example;lr>"])))
    await store.close()
    again = await Store.open(url, spool)
    assert await again.load_bindings() == [binding(7, path=["<sip:edge.example;lr>"])]
    await again.close()


async def test_secrets_stay_the_same_and_differ_by_name(
    store: Store, url: str, spool: Path
) -> None:
    first = await store.secret("nonce")
    assert len(first) == 32
    assert await store.secret("other") != first
    await store.close()
    again = await Store.open(url, spool)
    assert await again.secret("nonce") == first
    await again.close()


DAMAGED = b"SQLite format 3\0" + b"x" * 5000
"The beginning of a database, and nothing else that could be read."


async def test_a_database_that_cannot_be_read_is_set_aside(
    file_url: str, path: Path, spool: Path
) -> None:
    damage(path, DAMAGED)
    store = await Store.open(file_url, spool)
    assert await store.load_bindings() == []
    await store.close()
    [kept] = path.parent.glob("switch.db.damaged-*")
    assert kept.read_bytes() == DAMAGED


async def test_a_database_with_torn_pages_is_set_aside(
    file_store: Store, file_url: str, path: Path, spool: Path
) -> None:
    for number in range(300):
        file_store.write(save(binding(number)))
    await file_store.close()
    damage(path, overwritten(path))
    again = await Store.open(file_url, spool)
    assert await again.load_bindings() == []
    await again.close()
    assert len(list(path.parent.glob("switch.db.damaged-*"))) == 1


async def test_two_damaged_files_of_one_second_are_both_kept(
    file_url: str, path: Path, spool: Path
) -> None:
    for content in (b"one", b"two"):
        damage(path, DAMAGED + content)
        await (await Store.open(file_url, spool)).close()
    assert len(list(path.parent.glob("switch.db.damaged-*"))) == 2


async def test_a_torn_end_of_the_log_loses_nothing_that_was_committed(
    file_store: Store, path: Path, tmp_path: Path
) -> None:
    await file_store.write(save(binding(1)))
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for name in (path.name, f"{path.name}-wal"):
        (crashed / name).write_bytes((path.parent / name).read_bytes())
    with (crashed / f"{path.name}-wal").open("ab") as log:
        log.write(b"\x37\x7f\x06\x82" + b"torn" * 500)
    again = await Store.open(f"sqlite:///{crashed / path.name}", tmp_path / "other.spool")
    assert [row.id for row in await again.load_bindings()] == [1]
    await again.close()


async def test_a_database_that_is_open_is_refused_and_left_as_it_is(
    file_store: Store, file_url: str, path: Path, spool: Path
) -> None:
    damage(path, DAMAGED)
    before = contents(path.parent)
    with pytest.raises(StoreError, match=f"storage.url: {path} is in use by another switch"):
        await Store.open(file_url, spool)
    assert contents(path.parent) == before
    await file_store.close()
    await (await Store.open(file_url, spool)).close()


async def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path, spool: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        await Store.open(f"sqlite:///{tmp_path}/file/switch.db", spool)


async def test_a_clean_end_saves_the_check_of_the_whole_file(
    file_store: Store, file_url: str, path: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[Path] = []
    check = sqlite._damage
    monkeypatch.setattr(sqlite, "_damage", lambda path: checked.append(path) or check(path))  # type: ignore[func-returns-value]
    await file_store.close()
    await (await Store.open(file_url, spool)).close()
    assert checked == []
    crashed = path.with_name("crashed.db")
    running = await Store.open(file_url, spool)
    shutil.copyfile(path, crashed)
    await running.close()
    await (await Store.open(f"sqlite:///{crashed}", spool)).close()
    assert checked == [crashed]
    os.utime(path)
    await (await Store.open(file_url, spool)).close()
    assert checked == [crashed, path], "a file that somebody has put there is checked"
