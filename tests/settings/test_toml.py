"""Mistakes of TOML in our own words: place, and what was expected."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from tomllib import _parser  # type: ignore[attr-defined]

import pytest

from softswitch.settings.load import ConfigurationError, load
from softswitch.settings.toml import UNKNOWN, NotToml, read_toml, sentence_of


@pytest.mark.parametrize(
    ("text", "line", "column", "sentence"),
    [
        ("[sip", 1, 5, "expected ] after the name of the table"),
        ("[[trunks]", 1, 9, "expected ]] after the name of the list"),
        ("\ndomain = example.org", 2, 10, "expected a text in quotes, a number, true, false, "),
        ("domain", 1, 7, "expected = after the key"),
        ("domain = 'a' 'b'", 1, 14, "expected the end of the line"),
        ("= 1", 1, 1, "expected KEY = VALUE, or a table such as [sip]"),
        ("a.= 1", 1, 3, "expected a key of letters, digits, _ and -"),
        ("path = 'a\nb = 1", 2, 6, "expected the closing quote of the text"),
        ('path = "a\n', 1, 10, "expected the closing quote of the text"),
        ('path = "a', 1, 10, "expected the closing quote of the text"),
        ('path = "C:\\data"', 1, 13, "expected \\\\ for a backslash, or a text in single"),
        ('path = "\\u00zz"', 1, 11, "expected a character's number after \\u, or \\\\ for a"),
        ('path = "\\ud800"', 1, 15, "expected the number of a character"),
        ("listen = ['a' 'b']", 1, 15, "expected , or ] in the list"),
        ("user = {a = 1 b = 2}", 1, 15, "expected , or } in the table"),
        ("user = {a = 1, a = 2}", 1, 21, "a is already in this table, expected it once"),
        ("a = 1\na = 2", 2, 6, "the key is already there, expected it once"),
        ("[sip]\n[sip]", 2, 5, "the table [sip] is already there, expected it once"),
        ("a = {b = 1}\n[a.c]", 2, 5, "the table [a.c] is already there, expected it once"),
        ("a = {b = 1}\na.c = 2", 2, 8, "a is written whole above, expected its keys there"),
        ("day = 2026-02-30", 1, 7, "expected a date such as 2030-12-31"),
        ("a = 1 # \x01", 1, 9, "a control character, expected none"),
        ("a = " + "[" * 5000, 1, 1, "lists or tables nested too deeply, expected fewer levels"),
    ],
)
def test_a_mistake_has_its_place_and_our_sentence(
    text: str, line: int, column: int, sentence: str
) -> None:
    with pytest.raises(NotToml) as caught:
        read_toml(text.encode())
    assert str(caught.value).startswith(sentence)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_every_message_of_the_parser_has_a_sentence() -> None:
    source = inspect.getsource(_parser)
    messages = re.findall(
        r"(?:suffixed_err|TOMLDecodeError)\(\s*src,\s*\w+,\s*f?([\"'].*?)\)", source
    )
    assert len(messages) >= 20
    for message in messages:
        example = re.sub(r"\{\w+(\[pos\])?!r\}", "'a'", message[1:-1].replace("\\\\", "\\"))
        assert sentence_of(re.sub(r"\{\w+\}", "('a',)", example)) != UNKNOWN, message


def test_an_unknown_message_is_told_in_general() -> None:
    assert sentence_of("Whatever") == "expected TOML"


def test_what_is_not_utf_8_has_its_place() -> None:
    with pytest.raises(NotToml, match="expected UTF-8") as caught:
        read_toml("name = 'Ä'\nname2 = 'ß".encode() + b"\xff'")
    assert (caught.value.line, caught.value.column) == (2, 11)


def test_the_line_for_a_mistake_of_grammar_begins_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "switch.toml"
    file.write_text("\n[sip\n")
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    assert caught.value.lines == (f"{file}:2:5: expected ] after the name of the table",)


def test_a_file_that_begins_with_a_mark_is_read() -> None:
    assert read_toml(b"\xef\xbb\xbfa = 1") == {"a": 1}
