"""STUN Binding requests, with the sample messages of RFC 5769 as the model."""

from __future__ import annotations

import pytest

from softswitch.transport.datagrams.stun import COOKIE, answer

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
REQUEST = bytes.fromhex("00010000") + COOKIE + TRANSACTION


def test_the_address_of_rfc_5769_section_2_2() -> None:
    response = answer(REQUEST, ("192.0.2.1", 32853))
    assert response is not None
    assert response[:2] == bytes.fromhex("0101")
    assert response[4:20] == REQUEST[4:20]
    assert response[20:] == bytes.fromhex("002000080001a147e112a643")
    assert int.from_bytes(response[2:4], "big") == len(response) - 20


def test_the_ipv6_address_of_rfc_5769_section_2_3() -> None:
    response = answer(REQUEST, ("2001:db8:1234:5678:11:2233:4455:6677", 32853))
    assert response is not None
    assert response[20:] == bytes.fromhex("002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9")


def test_attributes_are_passed_over() -> None:
    software = bytes.fromhex("80220004") + b"test"
    assert answer(REQUEST[:2] + b"\0\x08" + REQUEST[4:] + software, ("127.0.0.1", 1)) is not None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        REQUEST[:19],
        REQUEST + b"\0",
        b"\x01\x01" + REQUEST[2:],
        b"\0\x11" + REQUEST[2:],
        REQUEST[:4] + b"\0\0\0\0" + REQUEST[8:],
        b"\0\x01\x04\0" + REQUEST[4:] + bytes(1024),
    ],
)
def test_everything_else_is_not_answered(data: bytes) -> None:
    assert answer(data, ("192.0.2.1", 32853)) is None
