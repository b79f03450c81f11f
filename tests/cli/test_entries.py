"""The commands for settings that change while the switch runs: names and values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from softswitch.cli.exchange.entries import COLLECTIONS, value, values
from softswitch.http.v1.entries import collections


def test_every_collection_of_the_web_api_has_its_commands() -> None:
    names = {name: of.kind.keys for name, of in collections.COLLECTIONS.items()}
    assert COLLECTIONS.keys() == names.keys()
    assert all(first in names[name] for name, first in COLLECTIONS.items())


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Eva Lang", "Eva Lang"),
        ("0100", "0100"),
        ("12", "12"),
        ("true", True),
        ('"true"', "true"),
        ("[1000, 1001]", ["1000", "1001"]),
        ('["a", "b"]', ["a", "b"]),
        ("{number = 5}", {"number": 5}),
        ("2030-12-31", "2030-12-31"),
        ("[1000", "[1000"),
    ],
)
def test_values_are_lists_tables_truths_or_texts(text: str, read: Any) -> None:
    assert value(text) == read


def test_a_password_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\nmore\n")
    pairs = [f"password=@{tmp_path}/secret", "name=", "a=b=c"]
    assert values(pairs) == {"password": "s3cret", "name": None, "a": "b=c"}


@pytest.mark.parametrize("pair", ["name", "=x", "password=@/nowhere/at/all"])
def test_what_is_no_pair_ends_the_command(pair: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        values([pair])
    said = capsys.readouterr().err
    assert "expected" in said or "cannot be read" in said
