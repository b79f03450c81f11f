"""The log: one line an event, nothing that moves a terminal, no secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from softswitch.sip.effects import Flow
from softswitch.telemetry.log import LONGEST_VALUE, configure, escape, mask
from softswitch.transport.messages import call_id, kind, write_line
from tests.transport.core import OPTIONS

FLOW = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.1", 5070))


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    before = structlog.get_config()
    handlers, level = logging.root.handlers[:], logging.root.level
    out = io.StringIO()
    configure("info", "text", out)
    yield out
    structlog.configure(**before)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def test_the_call_comes_first_and_the_rest_follows(stream: io.StringIO) -> None:
    structlog.get_logger().bind().info("answered", codec="PCMU", call="a@b", name="two words")
    line = stream.getvalue()
    assert line.endswith('Z info    [a@b] answered codec=PCMU name="two words"\n')


def test_what_is_below_the_level_is_not_written(stream: io.StringIO) -> None:
    structlog.get_logger().bind().debug("noise")
    assert stream.getvalue() == ""


def test_an_exception_is_written_below_its_line(stream: io.StringIO) -> None:
    try:
        raise ValueError("a\x1b[31m")
    except ValueError:
        structlog.get_logger().bind().error("failed", exc_info=True)
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith("error   failed")
    assert lines[-1] == "  | ValueError: a\\x1b[31m"


def test_records_of_the_standard_library_become_lines(stream: io.StringIO) -> None:
    logging.getLogger("asyncio").error("task %s\nfailed", 3)
    assert stream.getvalue().endswith("error   task 3\\nfailed source=asyncio\n")


def test_json() -> None:
    before = structlog.get_config()
    out = io.StringIO()
    configure("info", "json", out)
    structlog.get_logger().bind().info("answered", call="a\r\nb")
    structlog.configure(**before)
    (line,) = out.getvalue().splitlines()
    assert json.loads(line)["call"] == "a\r\nb"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\r\nb", "a\\r\\nb"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("left\u202eright", "left\\u202eright"),
        ("\udcff", "\\udcff"),
        ("Zoë", "Zoë"),
    ],
)
def test_escape(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_a_long_value_is_cut_and_says_so() -> None:
    shown = escape("x" * 5000)
    assert len(shown) < LONGEST_VALUE + 30
    assert shown.endswith("(5000 characters)")


def test_answers_to_challenges_and_keys_are_masked() -> None:
    text = (
        'Authorization: Digest username="1000", response="0123abc", nonce="n"\r\n'
        "proxy-authorization: Digest response=0123abc,nc=1\r\n"
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7|2^20\r\n"
        "a=crypto:2 F8_128_HMAC_SHA1_80 inline:MTIzNDU2;INLINE:QUJjZGVm|2:4 FEC_KEY=inline:Zm9v\r\n"
        "a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline: d3Jvbmc\r\n"
        "a=ice-ufrag:9uB6\r\na=ice-pwd:YH75Fviy6338Vbrhrlp8Yh\r\nk=clear:c2VjcmV0\r\n"
    )
    masked = mask(text)
    assert "0123abc" not in masked
    for secret in ("WVNf", "MTIz", "QUJj", "Zm9v", "d3Jv", "YH75", "c2Vj"):
        assert secret not in masked
    assert "a=ice-ufrag:9uB6" in masked
    assert 'nonce="n"' in masked


def test_a_message_is_one_line_and_whole_on_request(stream: io.StringIO) -> None:
    write_line("<-", OPTIONS, FLOW, whole=False)
    write_line("->", b"SIP/2.0 200 OK\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n\r\n", FLOW, whole=True)
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith(
        f"[one@example.org] <- OPTIONS sip:switch@127.0.0.1 flow=udp:127.0.0.1:5070 "
        f"octets={len(OPTIONS)}"
    )
    assert "[x] -> 200 OK (OPTIONS)" in lines[1]
    assert lines[2:5] == ["  | SIP/2.0 200 OK", "  | Call-ID: x", "  | CSeq: 1 OPTIONS"]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (OPTIONS, "one@example.org"),
        (b"X\r\ni: short\r\n", "short"),
        (b"X\r\nCALL-ID :  spaced\r\n", "spaced"),
        (b"\x00\xff", ""),
        (b"X\r\nCall-ID: \xff\r\n", "\\xff"),
    ],
)
def test_call_id_of_messages_that_need_not_be_valid(data: bytes, found: str) -> None:
    assert call_id(data) == found


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (OPTIONS, "OPTIONS"),
        (b"SIP/2.0 486 Busy Here\r\n", "4xx"),
        (b"SIP/2.0 999 x\r\n", "other"),
        (b"HELLO sip:a SIP/2.0\r\n", "other"),
        (b"", "other"),
    ],
)
def test_kind(data: bytes, name: str) -> None:
    assert kind(data) == name
