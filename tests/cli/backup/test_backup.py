"""A backup brings back all that a switch keeps, and what is no whole backup changes nothing."""

from __future__ import annotations

import fcntl
import io
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from softswitch.cli.backup import restore
from softswitch.cli.backup.archive import MANIFEST
from softswitch.cli.backup.contents import FOLDERS
from softswitch.cli.backup.swapping import Swap
from softswitch.settings.tables import Settings
from tests.cli.commands import run

KEPT = {
    "config/softswitch.toml": '[sip]\ndomain = "127.0.0.1"\n',
    "config/scripts/deep/menu.xml": "<Response/>",
    "config/static/hold.ogg": "music",
    "data/passwords.json": '{"http": {"admin": "pw"}}',
    "data/voicemails/1000/new/a.wav": "a message",
    "data/prompts/hello.wav": "hello",
    "data/scripts/menu.xml": "<Response><Hangup/></Response>",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a switch that does not run, in which commands start."""
    monkeypatch.chdir(tmp_path)
    for name, text in {**KEPT, "data/recordings/1.wav": "a recording"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "data/passwords.json").chmod(0o600)
    with closing(sqlite3.connect("data/softswitch.db")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('0001')")
        database.execute("CREATE TABLE calls (id INTEGER)")
        database.executemany("INSERT INTO calls VALUES (?)", [(each,) for each in range(500)])
        database.commit()
    return tmp_path


def calls(home: Path) -> int:
    with closing(sqlite3.connect(home / "data/softswitch.db")) as database:
        return int(database.execute("SELECT count(*) FROM calls").fetchone()[0])


def texts(home: Path) -> dict[str, str]:
    return {name: (home / name).read_text() for name in KEPT if (home / name).exists()}


def lose_all(home: Path) -> None:
    (home / "config").rename(home / "lost-config")
    (home / "data").rename(home / "lost-data")


@pytest.mark.parametrize("name", ["all.tar", "all.tar.gz"])
def test_what_was_lost_is_there_again(home: Path, name: str) -> None:
    code, told, err = run("backup", name)
    assert (code, "voicemails 1" in told, "database 1" in told) == (0, True, True), err
    assert "it holds passwords" in err
    assert (home / name).stat().st_mode & 0o777 == 0o600
    assert {each.name for each in home.iterdir()} == {name, "config", "data"}
    lose_all(home)
    code, told, err = run("restore", name)
    assert (code, err) == (0, "")
    assert texts(home) == KEPT
    assert calls(home) == 500
    assert (home / "data/passwords.json").stat().st_mode & 0o777 == 0o600
    assert not (home / "data/recordings").exists()
    assert not [each for each in home.rglob("*") if each.suffix == ".restoring"]


def test_recordings_are_there_if_they_are_asked_for(home: Path) -> None:
    assert run("backup", "all.tar", "--recordings")[0] == 0
    lose_all(home)
    assert run("restore", "all.tar")[0] == 0
    assert (home / "data/recordings/1.wav").read_text() == "a recording"


def test_nothing_is_replaced_without_force_and_nothing_deleted_with_it(home: Path) -> None:
    run("backup", "all.tar")
    (home / "config/scripts/deep/menu.xml").write_text("newer")
    with closing(sqlite3.connect("data/softswitch.db")) as database:
        database.execute("DELETE FROM calls")
        database.commit()
    code, out, err = run("restore", "all.tar")
    assert (code, out) == (2, "")
    assert "data/softswitch.db" in err
    assert "--force sets that aside" in err
    assert calls(home) == 0
    code, out, err = run("restore", "all.tar", "--force")
    assert (code, err) == (0, "")
    assert texts(home) == KEPT
    assert calls(home) == 500
    (former,) = (home / "config").glob("scripts.before-*")
    assert (former / "deep/menu.xml").read_text() == "newer"
    assert str(former.relative_to(home)) in out


def test_a_switch_that_runs_is_not_restored(home: Path) -> None:
    run("backup", "all.tar")
    with open("data/softswitch.db.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, _, err = run("restore", "all.tar", "--force")
    assert (code, "the switch runs" in err, "nothing was changed" in err) == (1, True, True)


def changed(change: Callable[[dict[str, bytes], list[tarfile.TarInfo]], None]) -> Path:
    """A backup with other members; `change` gets contents by name, and members to add."""
    run("backup", "all.tar")
    with tarfile.open("all.tar") as tar:
        members = [(each, tar.extractfile(each)) for each in tar]
        contents = {each.name: content.read() for each, content in members if content is not None}
    more: list[tarfile.TarInfo] = []
    change(contents, more)
    with tarfile.open("bad.tar", "w") as tar:
        last = contents.pop(MANIFEST, None)
        for name, octets in contents.items():
            add(tar, name, octets)
        for member in more:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
        if last is not None:
            add(tar, MANIFEST, last)
    return Path("bad.tar")


def add(tar: tarfile.TarFile, name: str, octets: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(octets)
    tar.addfile(member, io.BytesIO(octets))


def member(name: str, kind: bytes = tarfile.REGTYPE, to: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.mode = kind, to, 0o644
    made.size = 1 if kind == tarfile.REGTYPE else 0
    return made


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (member("../outside"), "leads elsewhere"),
        (member("scripts/../../outside"), "leads elsewhere"),
        (member("/tmp/outside"), "leads elsewhere"),
        (member("scripts//x"), "leads elsewhere"),
        (member("scripts/./x"), "leads elsewhere"),
        (member("scripts/a\\b"), "leads elsewhere"),
        (member("scripts/a\nb"), "leads elsewhere"),
        (member("scripts/link", tarfile.SYMTYPE, "/etc"), "is no plain file"),
        (member("scripts/hard", tarfile.LNKTYPE, "passwords.json"), "is no plain file"),
        (member("scripts/fifo", tarfile.FIFOTYPE), "is no plain file"),
        (member("scripts/device", tarfile.CHRTYPE), "is no plain file"),
        (member("scripts/folder", tarfile.DIRTYPE), "is no plain file"),
        (member("scripts"), "is unknown"),
        (member("elsewhere/x"), "is unknown"),
        (member("passwords.json"), "twice"),
        (member("scripts/more.xml"), "it is damaged"),
    ],
    ids=lambda each: each.name if isinstance(each, tarfile.TarInfo) else "",
)
def test_members_that_lead_elsewhere_are_refused(
    home: Path, bad: tarfile.TarInfo, said: str
) -> None:
    file = changed(lambda _, more: more.append(bad))
    before = sorted(home.rglob("*"))
    code, out, err = run("restore", str(file), "--force")
    assert (code, out) == (1, "")
    assert said in err
    assert err.endswith("nothing was changed\n")
    assert sorted(home.rglob("*")) == before


def without_the_last(contents: dict[str, bytes], _: list[tarfile.TarInfo]) -> None:
    contents.pop(MANIFEST)


def with_another_script(contents: dict[str, bytes], _: list[tarfile.TarInfo]) -> None:
    contents["scripts/deep/menu.xml"] = b"<Evil />   "


def with_less(contents: dict[str, bytes], _: list[tarfile.TarInfo]) -> None:
    contents.pop("scripts/deep/menu.xml")


def saying(**about: object) -> Callable[[dict[str, bytes], list[tarfile.TarInfo]], None]:
    def change(contents: dict[str, bytes], _: list[tarfile.TarInfo]) -> None:
        contents[MANIFEST] = json.dumps({**json.loads(contents[MANIFEST]), **about}).encode()

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_the_last, "not a whole one: it has no manifest.json"),
        (with_another_script, "it is damaged: 'scripts/deep/menu.xml'"),
        (with_less, "it is damaged: 'scripts/deep/menu.xml'"),
        (saying(format=2), "it is of format 2, expected 1"),
        (saying(schema="9999", softswitch="7.0"), "it was made by softswitch 7.0"),
        (saying(schema="new"), "this version does not know"),
        (saying(files=[]), "it is no backup"),
        (saying(kind="cake"), "it is of format"),
    ],
)
def test_what_is_damaged_or_newer_is_refused(
    home: Path, change: Callable[[dict[str, bytes], list[tarfile.TarInfo]], None], said: str
) -> None:
    file = changed(change)
    before = sorted(home.rglob("*"))
    code, _, err = run("restore", str(file), "--force")
    assert (code, said in err) == (1, True), err
    assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_backup_that_is_cut_off_is_refused(home: Path, share: float) -> None:
    run("backup", "all.tar")
    octets = (home / "all.tar").read_bytes()
    used = octets.rstrip(b"\0")
    (home / "cut.tar").write_bytes(octets[: int(len(used) * share)])
    code, _, err = run("restore", "cut.tar", "--force")
    assert (code, "not a whole one" in err or "no backup" in err) == (1, True), err
    assert calls(home) == 500


def test_what_is_no_backup_is_not_replaced_by_one(home: Path) -> None:
    code, out, err = run("backup", "config/softswitch.toml")
    assert (code, out) == (2, "")
    assert "is no backup and is not replaced" in err
    assert texts(home) == KEPT
    assert run("backup", "all.tar")[0] == 0
    assert run("backup", "all.tar")[0] == 0, "a backup takes the place of the last one"
    with tarfile.open("other.tar", "w") as tar:
        add(tar, "thesis.txt", b"years of work")
    assert run("backup", "other.tar")[0] == 2
    code, _, err = run("backup", "nowhere/at/all.tar")
    assert (code, "No such file or directory" in err) == (1, True)


def test_what_lies_in_the_place_of_a_backup_is_not_in_it(home: Path) -> None:
    left = home / "all.tar.partial"
    left.write_bytes(b"secret" * 1_000_000)
    left.chmod(0o666)
    assert run("backup", "all.tar")[0] == 0
    made = home / "all.tar"
    assert made.stat().st_mode & 0o777 == 0o600
    assert b"secretsecret" not in made.read_bytes()
    left.symlink_to(home / "config/softswitch.toml")
    code, _, err = run("backup", "all.tar")
    assert (code, "all.tar.partial" in err) == (1, True), err
    assert texts(home) == KEPT


def test_the_folders_of_a_restore_are_open_to_their_owner_alone(home: Path) -> None:
    assert run("backup", "all.tar")[0] == 0
    shutil.rmtree(home / "data")
    assert run("restore", "all.tar", "--force")[0] == 0
    for folder in ("data/voicemails", "data/voicemails/1000", "data/prompts"):
        assert (home / folder).stat().st_mode & 0o777 == 0o700, folder


def test_a_database_that_cannot_be_copied_leaves_no_backup(home: Path) -> None:
    octets = bytearray((home / "data/softswitch.db").read_bytes())
    octets[4096:8192] = os.urandom(4096)
    (home / "data/softswitch.db").write_bytes(octets)
    code, _, err = run("backup", "all.tar")
    assert (code, err.startswith("storage.url: data/softswitch.db ")) == (1, True), err
    assert {each.name for each in home.iterdir()} == {"config", "data"}


def test_links_in_folders_are_not_followed(home: Path) -> None:
    (home / "secret").write_text("not ours")
    (home / "config/scripts/link.xml").symlink_to(home / "secret")
    (home / "config/scripts/folder").symlink_to("/etc")
    run("backup", "all.tar")
    with tarfile.open("all.tar") as tar:
        assert [each for each in tar.getnames() if each.startswith("scripts")] == [
            "scripts/deep/menu.xml"
        ]


def test_who_is_interrupted_while_files_are_replaced_restores_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("backup", "all.tar")
    put, done = Swap.put, []

    def break_off(self: Swap, aside: str) -> Path | None:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(self)
        return put(self, aside)

    monkeypatch.setattr(Swap, "put", break_off)
    assert run("restore", "all.tar", "--force")[0] == 130
    monkeypatch.undo()
    monkeypatch.chdir(home)
    assert (home / "data/restore.unfinished").exists()
    code, _, err = run("serve")
    assert code == 1
    assert err == (
        "data/restore.unfinished: a restore was interrupted: do it again, with --force\n"
    )
    assert run("restore", "all.tar", "--force")[0] == 0
    assert not (home / "data/restore.unfinished").exists()
    assert texts(home) == KEPT
    assert calls(home) == 500


def test_the_places_of_folders_are_those_of_the_models() -> None:
    settings = Settings()
    for name, (table, key, default) in FOLDERS.items():
        assert getattr(getattr(settings, table), key) == Path(default), name
    assert restore._newest_schema() >= 13
