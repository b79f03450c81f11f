"""Numbers, quoted strings and lists (RFC 3261 section 25.1)."""

from __future__ import annotations

import pytest

from softswitch.sip.message.grammar import (
    MessageError,
    number,
    quote,
    shown,
    split_list,
    split_semicolons,
    take_quoted,
)


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0), ("0068", 68), ("4294967295", 4294967295), ("0" * 20, 0)]
)
def test_number(text: str, value: int) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "+1",
        "-1",
        "1_0",
        "1.0",
        "0x10",
        "²",
        "٣",
        "4294967296",
        "0" * 21,
        "9" * 5000,
    ],
)
def test_no_number(text: str) -> None:
    with pytest.raises(MessageError):
        number(text)


def test_number_above_its_own_limit() -> None:
    assert number("255", 255) == 255
    with pytest.raises(MessageError):
        number("256", 255)


QUOTED = [
    ("", '""'),
    ("plain", '"plain"'),
    ('say "hi"', r'"say \"hi\""'),
    ("back\\slash", r'"back\\slash"'),
    ("ünï", '"ünï"'),
]


@pytest.mark.parametrize(("text", "quoted"), QUOTED)
def test_quoted_strings(text: str, quoted: str) -> None:
    assert quote(text) == quoted
    assert take_quoted(quoted + ";rest") == (text, ";rest")


def test_control_characters_do_not_pass() -> None:
    assert quote("a\r\nb\x00\x7f") == '"a  b  "'
    assert take_quoted('"a\\\x00b"') == ("a b", "")


def test_take_quoted() -> None:
    assert take_quoted(r'"a\"b" <c>') == ('a"b', " <c>")


@pytest.mark.parametrize("text", ['"', '"abc', r'"abc\"', "word"])
def test_malformed_quoted_strings(text: str) -> None:
    with pytest.raises(MessageError):
        take_quoted(text)


LISTS = [
    ("", []),
    ("one", ["one"]),
    ("a,b , c", ["a", "b", "c"]),
    (",, a,,b,", ["a", "b"]),
    ('"a,b" <sip:x>, <sip:y,z>;p="q,r"', ['"a,b" <sip:x>', '<sip:y,z>;p="q,r"']),
    (r'"a\",b" <sip:x>,c', [r'"a\",b" <sip:x>', "c"]),
    ('"<" <sip:x>,">" <sip:y>', ['"<" <sip:x>', '">" <sip:y>']),
]


@pytest.mark.parametrize(("text", "parts"), LISTS)
def test_lists(text: str, parts: list[str]) -> None:
    assert split_list(text) == parts


@pytest.mark.parametrize("text", ['a, "b', "a, <b", r'"a\"", "b, c"", d'])
def test_lists_that_do_not_end(text: str) -> None:
    with pytest.raises(MessageError):
        split_list(text)


def test_semicolons_inside_quotes() -> None:
    assert split_semicolons('a;b="c;d";e') == ["a", 'b="c;d"', "e"]
    with pytest.raises(MessageError):
        split_semicolons('a;b="c;d')


def test_long_hostile_text_is_cut_and_escaped() -> None:
    assert shown("a\r\n\x1b") == "'a\\r\\n\\x1b'"
    assert len(shown("x" * 1000)) < 50
