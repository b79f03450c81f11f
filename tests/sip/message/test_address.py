"""Addresses and their parameters (RFC 3261 section 20.10)."""

from __future__ import annotations

import pytest

from softswitch.sip.message.address import Address, parse_address
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.parameters import Parameters, parse_parameters
from softswitch.sip.message.uri import parse_uri

# text, display name, URI, parameters
ADDRESSES = [
    ('"A. Bell" <sip:ab@bell.example> ;tag=a4', "A. Bell", "sip:ab@bell.example", {"tag": "a4"}),
    ("sip:+1212@gw.example;tag=887s", "", "sip:+1212@gw.example", {"tag": "887s"}),
    ("Anonymous <sip:c8@privacy.org>;Tag=h", "Anonymous", "sip:c8@privacy.org", {"tag": "h"}),
    ("<sip:a@b;transport=tcp>", "", "sip:a@b;transport=tcp", {}),
    ("<sip:a@b;x>;y", "", "sip:a@b;x", {"y": None}),
    ("Two  Words<sip:a@b>", "Two  Words", "sip:a@b", {}),
    ("< sip:a@b >", "", "sip:a@b", {}),
    (r'"say \"hi\" \\" <sip:a@b>', r'say "hi" \ '[:-1], "sip:a@b", {}),
    ('"" <sip:a@b>', "", "sip:a@b", {}),
    ('"<sip:x@y>" <sip:a@b>', "<sip:x@y>", "sip:a@b", {}),
    ('<sip:a@b>;x="<urn:1;2,3>";reg-id=1', "", "sip:a@b", {"x": '"<urn:1;2,3>"', "reg-id": "1"}),
    ('sip:a@b;+sip.instance="<urn:uuid:1>"', "", "sip:a@b", {"+sip.instance": '"<urn:uuid:1>"'}),
    ("<sip:a@b> ; expires = 60 ;;", "", "sip:a@b", {"expires": "60"}),
    ("<tel:+1-201-555-0123>;q=0.5", "", "tel:+1-201-555-0123", {"q": "0.5"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "name", "uri", "parameters"), ADDRESSES)
def test_address(text: str, name: str, uri: str, parameters: dict[str, str | None]) -> None:
    address = parse_address(text)
    assert address.display_name == name
    assert address.uri == parse_uri(uri)
    assert address.parameters == Parameters(parameters)
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";tag=1",
        '"unterminated <sip:a@b>',
        '"name" sip:a@b',
        "<sip:a@b",
        "<sip:a@b> tag=1",
        "sip:a@b?x=y",
        "sip:a@b,c",
        "name sip:a@b",
        "<sip:a@b>;tag=1;tag=2",
        '<sip:a@b>;x="open',
        "<sip:a@b>;=1",
    ],
)
def test_malformed(text: str) -> None:
    with pytest.raises(MessageError):
        parse_address(text)


def test_the_uri_is_only_read_when_asked_for() -> None:
    address = parse_address("<nonsense>;tag=1")
    assert address.tag == "1"
    with pytest.raises(MessageError):
        _ = address.uri


def test_an_empty_tag_is_none() -> None:
    assert parse_address("<sip:a@b>;tag=").tag is None
    assert parse_address("<sip:a@b>;tag").tag is None


def test_with_other_parameters() -> None:
    address = parse_address('"A" <sip:a@b;x>;tag=1;y')
    assert str(address.with_parameters(Parameters({"tag": "2"}))) == '"A" <sip:a@b;x>;tag=2'
    assert address.tag == "1"


def test_a_display_name_cannot_begin_a_header() -> None:
    assert str(Address("sip:a@b", 'x"\r\nVia: y')) == '"x\\"  Via: y" <sip:a@b>'


@pytest.mark.parametrize(
    ("text", "q"),
    [("0.7", 0.7), ("1", 1.0), ("0", 0.0), ("1.000", 1.0), (".5", 0.5), ("2", 1.0)],
)
def test_q(text: str, q: float) -> None:
    assert parse_address(f"<sip:a@b>;q={text}").q == q


@pytest.mark.parametrize("text", ["x", "", "0.5.5", "1e3", "-1", "²", ".", "0.50000"])
def test_malformed_q_counts_as_one(text: str) -> None:
    assert parse_address(f"<sip:a@b>;q={text}").q == 1.0


@pytest.mark.parametrize(
    ("text", "expires"),
    [
        (";expires=0", 0),
        (";expires=60", 60),
        ("", None),
        (";expires", None),
        (";expires=soon", 3600),
        (";expires=-1", 3600),
        (";expires=99999999999", 3600),
    ],
)
def test_expires_malformed_counts_as_an_hour(text: str, expires: int | None) -> None:
    assert parse_address(f"<sip:a@b>{text}").expires == expires


def test_parameters_are_a_value() -> None:
    parameters = parse_parameters('A=1;b;c="x;y"')
    assert str(parameters) == ';a=1;b;c="x;y"'
    assert parameters["c"] == '"x;y"'
    assert parameters["b"] is None
    assert "b" in parameters
    assert parameters.replace("a", "2")["a"] == "2"
    assert parameters == parse_parameters('b;a=1;c="x;y"')
    assert hash(parameters) == hash(parse_parameters('b;a=1;c="x;y"'))
    assert str(parse_parameters("a=1;a=1")) == ";a=1"
