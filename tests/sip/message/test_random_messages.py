"""Random input: parsers answer with a value or MessageError, and what is written reads the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.sip.message.address import Address, parse_address
from softswitch.sip.message.framing import FramingError, StreamFramer
from softswitch.sip.message.grammar import MessageError, quote, split_list, take_quoted
from softswitch.sip.message.headers import HEADERS, Headers
from softswitch.sip.message.message import (
    MalformedMessage,
    Message,
    Request,
    Response,
    parse_message,
    response_to,
)
from softswitch.sip.message.parameters import Parameters
from softswitch.sip.message.sanity import check_request, check_response
from softswitch.sip.message.uri import SipUri, parse_uri, sip_uri
from softswitch.sip.message.via import Via, parse_via

TORTURE = [path.read_bytes() for path in sorted((Path(__file__).parent / "torture").glob("*.dat"))]
tokens = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=12)
printable = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
hosts = st.sampled_from(["a", "example.com", "192.0.2.1", "[2001:db8::1]", "a-b.c_d"])
ports = st.none() | st.integers(1, 65535)
parameters = st.dictionaries(
    st.text("abc019-.", min_size=1, max_size=6), st.none() | tokens, max_size=4
).map(Parameters)
uris = st.builds(
    lambda user, host, port, parameters: sip_uri(user, host, port, parameters=parameters),
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    hosts,
    ports,
    st.dictionaries(
        st.text("abc", min_size=1), st.none() | st.text("xyz01", min_size=1), max_size=3
    ).map(Parameters),
)
PIECES = """sip: a@b < > " \\ ; , tag= = ? %41 % [ ::1 ] * :5060 tel: +1 SIP/2.0/UDP branch=1 é 1
INVITE"""
fragments = st.sampled_from([*PIECES.split(), " ", "\t"])
shreds = st.lists(fragments, max_size=12).map("".join)


@given(st.binary(max_size=400))
def test_random_octets(data: bytes) -> None:
    read_everything(data)


@given(
    st.sampled_from(TORTURE),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 3), st.binary(max_size=3)), max_size=4),
    st.integers(0, 4000),
)
def test_damaged_messages(data: bytes, damage: list[tuple[int, int, bytes]], end: int) -> None:
    for at, length, new in damage:
        data = data[:at] + new + data[at + length :]
    read_everything(data[:end])


def read_everything(data: bytes) -> None:
    """Touch every part of a message; only MessageError may come out."""
    try:
        message = parse_message(data)
    except MalformedMessage as error:
        if error.request is not None:
            response_to(error.request, error.status, to_tag="x").to_bytes()
        return
    if isinstance(message, Response):
        check_response(message)
    else:
        wrong = check_request(message)
        if wrong is None:
            assert str(message.via)
            assert message.cseq.method == message.method
            assert str(message.to.uri)
            parse_message(response_to(message, 200, to_tag="x").to_bytes())
    for name in HEADERS:
        try:
            message.headers.read(name)
        except MessageError as error:
            assert str(error).startswith(f"{name}: ")
    again = parse_message(message.to_bytes())
    assert again.start_line == message.start_line
    assert [i for i in again.headers.items() if i[0] != "Content-Length"] == [
        i for i in message.headers.items() if i[0] != "Content-Length"
    ]
    assert again.body == message.body


@given(shreds)
def test_random_values(text: str) -> None:
    for read in (parse_uri, parse_address, parse_via, take_quoted):
        try:
            value = read(text)
        except MessageError:
            continue
        if read is not take_quoted:
            assert read(str(value)) == value
    for name in HEADERS:
        try:
            Headers([(name, text)]).read(name)
        except MessageError:
            continue


@given(uris)
def test_uris_read_as_they_were_made(uri: SipUri) -> None:
    read = parse_uri(str(uri))
    assert read == uri
    assert read.equivalent(uri)
    assert isinstance(read, SipUri)
    assert read.user == uri.user


@given(uris, printable, parameters)
def test_addresses_read_as_they_were_made(
    uri: SipUri, display_name: str, parameters: Parameters
) -> None:
    address = parse_address(str(Address(uri, display_name, parameters)))
    assert address.uri == uri
    assert address.display_name == display_name
    assert address.parameters == parameters


@given(st.sampled_from(["UDP", "TCP", "TLS", "X-NEW"]), hosts, ports, parameters)
def test_vias_read_as_they_were_made(
    transport: str, host: str, port: int | None, parameters: Parameters
) -> None:
    via = Via(transport, host, port, parameters)
    assert parse_via(str(via)) == via


@given(st.lists(printable.map(quote), max_size=5))
def test_lists_read_as_they_were_made(elements: list[str]) -> None:
    assert split_list(", ".join(elements)) == elements


@given(
    tokens,
    uris,
    st.lists(st.tuples(tokens.map("X-".__add__), printable.map(str.strip)), max_size=8),
    st.binary(max_size=60),
)
def test_messages_read_as_they_were_made(
    method: str, uri: SipUri, headers: list[tuple[str, str]], body: bytes
) -> None:
    made = Request(method, uri, headers, body)
    read = parse_message(made.to_bytes())
    assert isinstance(read, Request)
    assert (read.method, read.uri, read.body) == (method, uri, body)
    assert read.headers.items()[:-1] == made.headers.items()


@given(st.lists(st.sampled_from(TORTURE), max_size=4), st.lists(st.integers(1, 300), max_size=30))
def test_a_stream_may_be_cut_anywhere(messages: list[bytes], cuts: list[int]) -> None:
    whole = [message for message in messages if is_framed(message)]
    stream = b"".join(whole)
    framer = StreamFramer()
    out: list[object] = []
    for cut in cuts:
        out += framer.feed(stream[:cut])
        stream = stream[cut:]
    assert [*out, *framer.feed(stream)] == whole


def is_framed(data: bytes) -> bool:
    try:
        return StreamFramer().feed(data) == [data]
    except FramingError:
        return False


@given(st.binary(max_size=200) | st.sampled_from(TORTURE), st.binary(max_size=20))
def test_random_streams(data: bytes, more: bytes) -> None:
    """What the framer cuts is what the parser reads: neither leaves octets for the other."""
    try:
        items = StreamFramer().feed(data + more)
    except FramingError as error:
        items = error.complete
    for item in items:
        if isinstance(item, bytes):
            try:
                message: Message = parse_message(item)
            except MessageError:
                continue
            assert item.endswith(message.body)
            assert item.index(b"\r\n\r\n") + 4 + len(message.body) == len(item)


@pytest.mark.parametrize("character", ["\x00", "\r", "\n", "\x85", "\u2028", "\ud800"])
def test_strange_characters_of_ours_never_make_a_line(character: str) -> None:
    request = Request("MESSAGE", "sip:a@b", [("Subject", f"a{character}Via: b")])
    try:
        data = request.to_bytes()
    except ValueError:
        assert character in "\r\n"
    else:
        assert data.count(b"\r\n") == 4
