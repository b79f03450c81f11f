"""Paths that scripts name: what is inside, what is not, and what is done to files."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.guard.files import AllowedFiles, PathRefused


@pytest.fixture
def files(tmp_path: Path) -> AllowedFiles:
    for name in ("static", "recordings", "secret"):
        (tmp_path / name).mkdir()
    (tmp_path / "static" / "hello.wav").write_bytes(b"x")
    (tmp_path / "recordings" / "new.wav").write_bytes(b"y")
    (tmp_path / "secret" / "passwords").write_bytes(b"z")
    (tmp_path / "static" / "link").symlink_to(tmp_path / "secret" / "passwords")
    (tmp_path / "static" / "inside").symlink_to(tmp_path / "static" / "hello.wav")
    return AllowedFiles([tmp_path / "static", tmp_path / "recordings"])


@pytest.mark.parametrize(
    "name",
    ["hello.wav", "./hello.wav", "inside", "new.wav", ".\\hello.wav", "..\\static\\hello.wav"],
)
def test_files_below_the_allowed_directories(files: AllowedFiles, name: str) -> None:
    assert files.existing(name).is_file()


def test_absolute_paths_count_when_they_lie_inside(files: AllowedFiles, tmp_path: Path) -> None:
    assert files.existing(str(tmp_path / "recordings" / "new.wav")).read_bytes() == b"y"
    with pytest.raises(PathRefused, match="not below"):
        files.existing(str(tmp_path / "secret" / "passwords"))


@pytest.mark.parametrize(
    "name",
    [
        "../secret/passwords",
        "..\\secret\\passwords",
        "C:\\secret\\passwords",
        "\\etc\\passwd",
        "../../../../etc/passwd",
        "/etc/passwd",
        "link",
        "a\0.wav",
        "",
        ".",
        "/dev/zero",
        "missing.wav",
        "%2e%2e/secret/passwords",
    ],
)
def test_everything_else_is_refused(files: AllowedFiles, name: str) -> None:
    with pytest.raises(PathRefused):
        files.existing(name)


def test_delete_and_move(files: AllowedFiles, tmp_path: Path) -> None:
    files.move("new.wav", str(tmp_path / "recordings" / "old"))
    assert (tmp_path / "recordings" / "old" / "new.wav").read_bytes() == b"y"
    files.delete("hello.wav")
    assert not (tmp_path / "static" / "hello.wav").exists()
    with pytest.raises(PathRefused, match="not below"):
        files.move(str(tmp_path / "recordings" / "old" / "new.wav"), str(tmp_path / "secret"))
    with pytest.raises(PathRefused, match="no such file"):
        files.delete("hello.wav")


def test_nothing_is_overwritten(files: AllowedFiles, tmp_path: Path) -> None:
    (tmp_path / "recordings" / "old").mkdir()
    (tmp_path / "recordings" / "old" / "new.wav").write_bytes(b"older")
    with pytest.raises(PathRefused, match="there is one of that name"):
        files.move("new.wav", str(tmp_path / "recordings" / "old"))


def test_a_directory_that_cannot_be_made_is_refused(files: AllowedFiles) -> None:
    with pytest.raises(PathRefused, match="Not a directory"):
        files.directory("hello.wav/deep/below")
