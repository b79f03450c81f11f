"""Messages cut out of a stream (RFC 3261 section 18.3, RFC 5626 section 4.4.1)."""

from __future__ import annotations

import pytest

from softswitch.sip import limits
from softswitch.sip.message.framing import PING, PONG, FramingError, KeepAlive, StreamFramer
from softswitch.sip.message.message import parse_message

ONE = b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP b\r\nContent-Length: 5\r\n\r\nhello"
TWO = b"SIP/2.0 200 OK\r\nl:0\r\n\r\n"
FOLDED = b"BYE sip:a SIP/2.0\r\nCONTENT-length \t:\r\n  3 \r\nX: y\r\n\r\nabc"


def octet_by_octet(data: bytes) -> list[bytes | KeepAlive]:
    framer = StreamFramer()
    return [item for n in range(len(data)) for item in framer.feed(data[n : n + 1])]


def test_several_messages_in_one_read() -> None:
    framer = StreamFramer()
    assert framer.feed(ONE + TWO + FOLDED + ONE[:10]) == [ONE, TWO, FOLDED]
    assert framer.pending == 10
    assert framer.feed(ONE[10:]) == [ONE]
    assert framer.pending == 0


def test_one_message_in_many_reads() -> None:
    assert octet_by_octet(ONE + TWO + FOLDED) == [ONE, TWO, FOLDED]


@pytest.mark.parametrize("cut", range(1, len(ONE)))
def test_cut_anywhere(cut: int) -> None:
    framer = StreamFramer()
    assert framer.feed(ONE[:cut]) == []
    assert framer.feed(ONE[cut:] + TWO) == [ONE, TWO]


def test_ping_and_pong() -> None:
    framer = StreamFramer()
    assert framer.feed(b"\r\n\r\n") == [PING]
    assert framer.feed(b"\r\n") == [PONG]
    assert framer.feed(ONE) == [ONE]
    assert framer.feed(b"\r\n\r\n" + ONE + b"\r\n") == [PING, ONE, PONG]
    assert (PING.value, PONG.value) == (b"\r\n\r\n", b"\r\n")


def test_a_ping_cut_in_two_is_a_ping_after_all() -> None:
    framer = StreamFramer()
    assert framer.feed(b"\r\n") == [PONG]
    assert framer.feed(b"\r\n") == [PING]
    assert framer.feed(b"\r\n") == [PONG]
    assert framer.feed(b"\r\n\r") == [PING]
    assert framer.feed(b"\n" + ONE) == [PONG, ONE]


def test_a_half_line_end_waits() -> None:
    framer = StreamFramer()
    assert framer.feed(b"\r") == []
    assert framer.feed(b"\n") == [PONG]
    framer = StreamFramer()
    assert framer.feed(b"\r\n\r\n\r") == [PING]
    assert framer.feed(b"\n" + ONE) == [PONG, ONE]


HEAD = b"OPTIONS sip:a SIP/2.0\r\n"
BROKEN = {
    "no length": (HEAD + b"Via: SIP/2.0/TCP b\r\n\r\n", 400),
    "no headers": (HEAD + b"\r\n", 400),
    "two lengths": (HEAD + b"Content-Length: 5\r\nl: 6\r\n\r\n", 400),
    "negative": (HEAD + b"Content-Length: -1\r\n\r\n", 400),
    "beyond 32 bits": (HEAD + b"Content-Length: 4294967296\r\n\r\n", 400),
    "list": (HEAD + b"Content-Length: 5, 5\r\n\r\n", 400),
    "empty": (HEAD + b"Content-Length: \r\n\r\n", 400),
    "large body": (HEAD + b"l: %d\r\n\r\n" % (limits.BODY + 1), 413),
    "large headers": (HEAD + b"X: " + b"x" * limits.MESSAGE, 513),
    "bare CR": (b"\rOPTIONS sip:a SIP/2.0\r\nl: 0\r\n\r\n", 400),
    "bare CR behind a line end": (b"\r\n\rx", 400),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_streams(name: str) -> None:
    data, status = BROKEN[name]
    framer = StreamFramer()
    with pytest.raises(FramingError) as caught:
        framer.feed(ONE + data)
    assert caught.value.status == status
    assert caught.value.complete[0] == ONE
    assert framer.pending == 0


def test_the_head_of_the_broken_message_is_there_for_an_answer() -> None:
    with pytest.raises(FramingError) as caught:
        StreamFramer().feed(HEAD + b"Via: SIP/2.0/TCP b\r\nl: x\r\n\r\nbody")
    assert caught.value.head == HEAD + b"Via: SIP/2.0/TCP b\r\nl: x\r\n\r\n"


def test_two_equal_lengths_are_one() -> None:
    data = HEAD + b"Content-Length: 2\r\nl:2\r\n\r\nxy"
    assert StreamFramer().feed(data) == [data]


def test_a_length_inside_another_header_does_not_count() -> None:
    data = HEAD + b"Subject: a\r\n Content-Length: 9\r\nX-Content-Length: 9\r\nl: 1\r\n\r\nx"
    assert StreamFramer().feed(data) == [data]
    assert parse_message(data).body == b"x"


def test_an_endless_header_costs_one_search_each_read() -> None:
    """A client that sends one octet at a time must not make the framer search from the start."""
    framer = StreamFramer()
    for _ in range(limits.MESSAGE):
        framer.feed(b"x")
    with pytest.raises(FramingError):
        framer.feed(b"x")


@pytest.mark.parametrize(
    "octets", [b"\x16\x03\x01\x02\x00", b"\n", b" OPTIONS", b"\xff\xfd", b"\0"]
)
def test_what_begins_no_message_breaks_the_stream_at_once(octets: bytes) -> None:
    with pytest.raises(FramingError, match="cannot begin"):
        StreamFramer().feed(octets)
