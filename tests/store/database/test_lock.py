"""The lock of a SQLite database: one switch has it, for as long as its process lives."""

from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from softswitch.store.database.lock import FileLock
from softswitch.store.errors import DatabaseTaken, StoreError

HOLD = """
import sys
from pathlib import Path
from softswitch.store.database.lock import FileLock
lock = FileLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_one_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "data" / "switch.db"
    first = FileLock(path)
    with pytest.raises(DatabaseTaken, match=str(path)):
        FileLock(path)
    other = FileLock(tmp_path / "other.db")
    first.release()
    FileLock(path).release()
    other.release()


def test_a_process_that_is_killed_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "switch.db"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(DatabaseTaken):
            FileLock(path)
        holder.kill()
        holder.wait()
        FileLock(path).release()


def test_the_file_is_nobody_elses_to_read_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "switch.db"
    FileLock(path).release()
    beside = tmp_path / "switch.db.lock"
    assert beside.stat().st_mode & 0o777 == 0o600


def test_what_keeps_the_file_from_being_opened_or_locked_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/switch\.db\.lock: cannot be opened: "):
        FileLock(tmp_path / "file" / "switch.db")

    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    path = tmp_path / "switch.db"
    with pytest.raises(StoreError, match=r"cannot be locked: No locks available"):
        FileLock(path)
    monkeypatch.undo()
    FileLock(path).release()
