"""`[codes]`: how codes are written, and when two of them cannot be told apart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from softswitch.settings.exchange.call_codes import CallCodeSettings
from softswitch.settings.exchange.codes import CodeSettings, expression, overlap, wrong_codes
from softswitch.settings.load import ConfigurationError
from tests.settings.test_load import read


@pytest.mark.parametrize(
    ("code", "dialled", "words"),
    [
        ("*65", "*65", ()),
        ("*65", "*65#", ()),
        ("*21*{number}#", "*21*1002#", ("1002",)),
        ("*21*{number}#", "*21*1002", ("1002",)),
        ("*21*{number}#", "*21*+4930123#", ("+4930123",)),
        ("*72{number}", "*721002", ("1002",)),
        ("*61*{number}**{seconds}#", "*61*1002**20#", ("1002", "20")),
        ("##21#", "##21", ()),
        ("##21#", "##21#", ()),
    ],
)
def test_what_is_dialled_is_read(code: str, dialled: str, words: tuple[str, ...]) -> None:
    found = re.fullmatch(expression(code), dialled)
    assert found is not None
    assert found.groups() == words


@pytest.mark.parametrize(
    ("code", "dialled"),
    [
        ("*65", "65"),
        ("*65", "*65##"),
        ("*21*{number}#", "*21*#"),
        ("*21*{number}#", "*21*10*02#"),
        ("*21*{number}#", "*21*" + "1" * 33),
        ("*21*{number}#", "*21*anna#"),
        ("*21*{number}#", "*21*\N{ARABIC-INDIC DIGIT ONE}"),
    ],
)
def test_rubbish_is_none(code: str, dialled: str) -> None:
    assert re.fullmatch(expression(code), dialled) is None


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("*65", "*66", None),
        ("*65", "*65#", "*65"),
        ("*7{number}", "*720", "*720"),
        ("*72{number}", "*7{number}", "*721"),
        ("*2{number}*5", "*23*{number}", "*23*5"),
        ("*61*{number}#", "*61*{number}**{seconds}#", None),
        ("*21*{number}#", "*21#", None),
        ("*1{number}", "*{number}", "*11"),
    ],
)
def test_codes_that_cannot_be_told_apart_are_found(one: str, other: str, both: str | None) -> None:
    assert overlap(one, other) == both
    assert (overlap(other, one) is None) == (both is None)


def test_the_defaults_are_apart() -> None:
    assert wrong_codes("codes", CodeSettings()) == ()
    assert wrong_codes("call_codes", CallCodeSettings()) == ()


@pytest.mark.parametrize(
    ("table", "line", "wrong"),
    [
        ("codes", 'forward_always = "*21*"', "expected {number} among the keys of *21*"),
        ("codes", 'forward_always = "*21*{name}#"', "expected {number} among the keys of *21*{n"),
        ("codes", 'own_number = "*66{number}"', "expected no words among the keys of *66{number}"),
        ("codes", 'callback = "*37*{a}#"', "expected no words or {number} among the keys of"),
        (
            "codes",
            'speed_dial_store = "*75*{number}*{slot}#"',
            "expected {slot} and {number} among the keys of *75*{number}*{slot}#",
        ),
        ("call_codes", 'transfer = "##"', "expected {number} among the keys of ##"),
        ("call_codes", 'park = "*1"', "*1 is already *1 of call_codes.record, expected another"),
    ],
)
def test_a_code_with_the_words_of_another_is_a_mistake(
    tmp_path: Path, table: str, line: str, wrong: str
) -> None:
    key = f"{table}.{line.partition(' ')[0]}"
    assert f"{key}: {wrong}" in mistakes(tmp_path, f"[{table}]\n{line}")


def test_codes_that_collide_are_a_mistake(tmp_path: Path) -> None:
    line = mistakes(tmp_path, '[codes]\nown_number = "*21*{number}"')
    assert "codes.own_number: *21*1 is already *21*{number}# of codes.forward_always" in line


def test_a_code_that_is_an_emergency_number_is_a_mistake(tmp_path: Path) -> None:
    emergency = '[[trunks]]\nname = "a"\nhost = "192.0.2.1"\n[emergency]\nnumbers = ["112"]'
    line = mistakes(tmp_path, f'{emergency}\n[codes]\nown_number = "112"')
    assert "codes.own_number: 112 is an emergency number, expected another code" in line


def mistakes(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, text)
    return "\n".join(caught.value.lines)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"*6_5"', "expected keys such as *21*{number}#"),
        ('"{number}"', "expected keys such as *21*{number}#"),
        ('"*2{a}{b}"', "expected keys such as *21*{number}#"),
        ('"sixtyfive"', "expected keys such as *21*{number}#"),
        ('""', 'expected a code, or "off"'),
        ("65", 'expected codes in quotes, or "off"'),
    ],
)
def test_a_code_that_nobody_can_dial_is_a_mistake(
    tmp_path: Path, value: str, expected: str
) -> None:
    line = mistakes(tmp_path, f"[codes]\nown_number = {value}")
    assert expected in line
    assert "codes.own_number: " in line


def test_a_code_that_is_an_extension_is_a_mistake(tmp_path: Path) -> None:
    text = '[codes]\nown_number = "77"\n[[extensions]]\nrange = "10-99"\ntype = "echo"'
    assert "codes.own_number: 77 is an extension, expected another code" in mistakes(tmp_path, text)
