"""The commands for settings that change while the switch runs: names and values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from softswitch.cli.exchange.entries import value, values
from softswitch.cli.exchange.new_passwords import new_passwords
from softswitch.cli.start.lazy import COLLECTIONS
from softswitch.http.v1.entries import collections
from tests.cli.commands import run


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
        ("[1100-1199, 1000]", ["1100-1199", "1000"]),
        ("[record,transfer]", ["record", "transfer"]),
        ("[mon-fri 08:00-17:00]", ["mon-fri 08:00-17:00"]),
        ("[a,,b]", "[a,,b]"),
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


def test_a_name_that_a_key_says_otherwise_is_refused() -> None:
    code, out, err = run("phones", "add", "1301", "number=1302")
    assert (code, out) == (2, "")
    assert err == "number=1302: expected number=1301, or nothing, beside 1301\n"
    code, _, err = run("extensions", "add", "1301-1303", "range=1301-1309")
    assert (code, err.split(":")[0]) == (2, "range=1301-1309")


SETTINGS = """
[storage]
url = "sqlite:///{folder}/switch.db"
"""


def shown(secrets: tuple[str, ...] = (), /, **body: str) -> dict[str, Any]:
    return {"name": "x", "entry": body, "secrets": secrets}


def test_random_passwords_are_shown_once_with_where_they_are(tmp_path: Path) -> None:
    file = tmp_path / "softswitch.toml"
    file.write_text(SETTINGS.format(folder=tmp_path))
    kept = {"phones": {str(number): f"pw{number}" for number in range(1000, 1010)}}
    (tmp_path / "passwords.json").write_text(json.dumps({**kept, "http": {"bob": "pwbob"}}))
    assert list(new_passwords(shown(type="phone", number="1000"), file)) == [
        "  user 1000   password pw1000",
        f"  (random passwords are kept in {tmp_path}/passwords.json, beside the switch)",
        "  softswitch provision url 1000   # from where the phone configures itself",
    ]
    block = list(new_passwords(shown(type="phone", range="1000-1009"), file))
    assert block[:5] == [f"  user {each}   password pw{each}" for each in range(1000, 1005)]
    assert block[5].startswith("  (all random passwords are in ")
    assert next(new_passwords(shown(username="bob"), file)) == "  user bob   password pwbob"
    for entry in (
        shown(("password",), type="phone", number="1000"),
        shown(type="echo", number="600"),
        shown(name="carrier", host="192.0.2.1"),
    ):
        assert not list(new_passwords(entry, file))
