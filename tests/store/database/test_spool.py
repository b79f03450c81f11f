"""The spool: what was appended is there after a crash, and only that."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from softswitch.store.database.spool import RESERVE, Spool
from softswitch.store.errors import StoreError


def contents(spool: Spool) -> list[bytes]:
    """All that it holds."""
    return spool.read(Spool.first, 1000).contents


def crash(spool: Spool, path: Path, lost: int = 0) -> Spool:
    """The file as a crash leaves it, without the last octets that were written, opened again."""
    end = spool.end
    left = path.with_name("left.spool")
    left.write_bytes(path.read_bytes()[: end - lost])
    return Spool(left, 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "calls.spool"


def test_what_was_appended_is_there_after_a_crash(path: Path) -> None:
    spool = Spool(path, 0)
    spool.append([b"one", b"two"])
    spool.append([b"three"])
    again = crash(spool, path)
    assert contents(again) == [b"one", b"two", b"three"]
    again.append([b"four"])
    assert contents(again)[-1] == b"four"
    for each in (spool, again):
        each.close()


@pytest.mark.parametrize("lost", [1, 3, 5, 9, 13])
def test_a_torn_end_is_no_frame_and_is_written_over(path: Path, lost: int) -> None:
    spool = Spool(path, 0)
    spool.append([b"one", b"three"])
    again = crash(spool, path, lost)
    assert contents(again) == [b"one"]
    again.append([b"four"])
    assert contents(again) == [b"one", b"four"]
    for each in (spool, again):
        each.close()


def test_cleared_frames_never_come_back(path: Path) -> None:
    spool = Spool(path, 0)
    spool.append([b"old one", b"old two", b"old three"])
    spool.clear()
    assert spool.is_empty
    spool.append([b"new one"])
    again = crash(spool, path)
    assert contents(again) == contents(spool) == [b"new one"]
    for each in (spool, again):
        each.close()


def test_frames_are_read_part_by_part(path: Path) -> None:
    spool = Spool(path, 0)
    spool.append([b"one", b"two", b"three"])
    first = spool.read(Spool.first, 2)
    assert first.contents == [b"one", b"two"]
    rest = spool.read(first.end, 2)
    assert (rest.contents, rest.end) == ([b"three"], spool.end)
    spool.close()


def test_its_room_is_reserved_and_only_the_owner_may_read_it(path: Path) -> None:
    spool = Spool(path)
    found = path.stat()
    assert found.st_blocks * 512 >= RESERVE
    assert stat.S_IMODE(found.st_mode) == 0o600
    spool.close()


def test_an_empty_one_is_removed_at_the_end(path: Path) -> None:
    spool = Spool(path)
    spool.append([b"one"])
    spool.close()
    again = Spool(path)
    assert contents(again) == [b"one"]
    again.clear()
    again.close()
    assert not path.exists()


def test_one_switch_at_a_time_has_it(path: Path) -> None:
    spool = Spool(path)
    with pytest.raises(StoreError, match=r"storage\.spool: .* is in use by another switch"):
        Spool(path)
    spool.close()
    Spool(path).close()


def test_another_file_is_refused_and_left_as_it_is(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("Call Anna back.\n")
    with pytest.raises(StoreError, match=r"storage\.spool: .* it is not a spool"):
        Spool(path)
    assert path.read_text() == "Call Anna back.\n"
