"""[[lamp_lists]]: what is read, and the sentence for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.settings.load import load
from tests.settings.exchange.test_provisioning import PHONE, mistakes

LIST = '[[lamp_lists]]\nname = "reception"\nextensions = '


def test_ranges_are_numbers_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "switch.toml"
    file.write_text(f'{PHONE}lamp_list = "reception"\n{LIST}["1000", "0008-0010"]\n')
    (entry,) = load(file).lamp_lists
    assert list(entry.numbers()) == ["1000", "0008", "0009", "0010"]


WRONG: list[tuple[str, str]] = [
    (f"{LIST}[]", "lamp_lists #1.extensions (name reception): expected at least one"),
    (f'{LIST}["1000", "1000"]', "1000 is there twice"),
    (f'{LIST}["1000-1999"]', "expected at most 128 extensions"),
    (f'{LIST}["1009-1000"]', "FIRST-LAST"),
    (f'{LIST}["1000", "4711"]', "expected an extension, not '4711'"),
    (f'{LIST}["1000"]\n{LIST}["1000"]', "reception is already in lamp_lists #1"),
    (f'{LIST.replace("reception", "1000")}["1000"]', "1000 is an extension, expected another"),
    (f'{LIST.replace("reception", "a b")}["1000"]', "lamp_lists #1.name (name a b)"),
    *(
        (f'{LIST.replace("reception", name)}["1000"]', "a letter or digit first and at least one")
        for name in (
            "",
            "..",
            "1100",
            "-desk",
            ".desk",
            "_desk",
            "1-2",
            "désk",
            "desk\\n",
            "a" * 65,
        )
    ),
]


@pytest.mark.parametrize("name", ["a", "2nd-floor", "desk.1", "a" * 64])
def test_names_of_lists(tmp_path: Path, name: str) -> None:
    file = tmp_path / "switch.toml"
    file.write_text(f'{PHONE}{LIST.replace("reception", name)}["1000"]\n')
    assert load(file).lamp_lists[0].name == name


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_wrong_lists(tmp_path: Path, text: str, said: str) -> None:
    found = mistakes(tmp_path, f"{PHONE}{text}\n")
    assert any(said in line for line in found)


def test_a_phone_of_no_list(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path, f'{PHONE}lamp_list = "receptoin"\n{LIST}["1000"]\n')
    assert "expected the name of a lamp list, not 'receptoin'" in line
    assert "reception" in line
