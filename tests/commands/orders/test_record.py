"""Where a recording is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.commands.base.codes import CommandError
from softswitch.commands.orders.record import RecordOrder


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("greeting", "greeting.wav"),
        (" greeting.wav ", "greeting.wav"),
        ("greeting.mp3", "greeting.mp3.wav"),
        ("Frau Müller", "Frau Müller.wav"),
    ],
)
def test_a_recording_may_have_a_name(tmp_path: Path, name: str, file: str) -> None:
    order = RecordOrder("wav", directory="a\\b", name=name)
    path = order._path(tmp_path, "x1")
    assert path == tmp_path / "a" / "b" / file
    path.write_text("")
    assert order._path(tmp_path, "x1").name == f"{path.stem}-2.wav"


@pytest.mark.parametrize("name", ["../up", "a/b", "a\\b", ".hidden", "", " ", "a\0b", "x" * 200])
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match="FileName") as caught:
        RecordOrder("wav", name=name)._path(tmp_path, "x1")
    assert caught.value.code == 302


def test_without_a_name_it_is_that_of_time_and_call(tmp_path: Path) -> None:
    assert RecordOrder("mp3")._path(tmp_path, "x1").name.endswith("-x1.mp3")
