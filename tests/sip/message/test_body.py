"""Which part of a body is the session description."""

from __future__ import annotations

import pytest

from softswitch.sip.message.body import sdp_of
from softswitch.sip.message.message import Request

MIXED = (
    b"--x y\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x y\r\n%s\r\n\r\nv=0\r\n\r\n--x y--\r\n"
)

CASES = [
    ("application/sdp", b"v=0\r\n", b"v=0\r\n"),
    ("Application/SDP ;charset=utf-8", b"v=0\r\n", b"v=0\r\n"),
    ("application/sdp", b"", None),
    (None, b"v=0\r\n", b"v=0\r\n"),
    ("text/plain", b"v=0\r\n", None),
    ("application/sdpng", b"v=0\r\n", None),
    ('multipart/mixed;boundary="x y"', MIXED % b"Content-Type: application/sdp", b"v=0\r\n"),
    ('multipart/mixed;boundary="x y"', MIXED % b"CONTENT-TYPE : Application/Sdp", b"v=0\r\n"),
    ('multipart/mixed;boundary="x y"', MIXED % b"Content-Type: application/pidf+xml", None),
    ('multipart/mixed;boundary="other"', MIXED % b"Content-Type: application/sdp", None),
    ("multipart/mixed", MIXED % b"Content-Type: application/sdp", None),
    ("multipart/mixed;boundary=", b"--", None),
]


@pytest.mark.parametrize(("content_type", "body", "expected"), CASES)
def test_sdp_of(content_type: str | None, body: bytes, expected: bytes | None) -> None:
    headers = [] if content_type is None else [("Content-Type", content_type)]
    assert sdp_of(Request("INVITE", "sip:a@example.com", headers, body)) == expected
