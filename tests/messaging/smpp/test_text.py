"""Texts as octets and parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.messaging.smpp.text import decode, encode, headers, read_piece, split
from tests.messaging.smpp.pdus import message


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(["gsm7", "latin-1", "ascii"]),
    st.booleans(),
)
def test_texts_come_back_from_their_parts(text: str, alphabet: str, latin1: bool) -> None:
    encoded = encode(text, alphabet, latin1=latin1)
    parts = split(encoded, alphabet)
    assert decode(encoded.coding, b"".join(parts), alphabet) == text
    texts = [decode(encoded.coding, part, alphabet) for part in parts]
    assert "".join(texts) == text, "a character was cut in two"
    for part in parts:
        assert len(part) <= (160 if len(parts) == 1 else 153)


@pytest.mark.parametrize(
    ("text", "coding", "sizes"),
    [
        ("", 0, [0]),
        ("a" * 160, 0, [160]),
        ("a" * 161, 0, [153, 8]),
        ("€" * 80, 0, [160]),
        ("€" * 81, 0, [152, 10]),
        ("я" * 70, 8, [140]),
        ("я" * 71, 8, [134, 8]),
        ("😀" * 36, 8, [132, 12]),
        ("a" * 1000, 0, [153] * 6 + [82]),
    ],
)
def test_how_many_parts(text: str, coding: int, sizes: list[int]) -> None:
    encoded = encode(text)
    assert encoded.coding == coding
    assert [len(part) for part in split(encoded)] == sizes


def test_latin_1_where_it_is_wanted() -> None:
    assert encode("ã", latin1=True) == (3, b"\xe3")
    assert encode("ã") == (8, b"\0\xe3")
    assert encode("ã", "latin-1") == (0, b"\xe3")


def test_pieces() -> None:
    header = next(headers(3, 0x1234))
    assert read_piece(message(header + b"abc", 0x40)) == (0, b"abc", 0x34, 3, 1)
    sixteen = b"\x06\x08\x04\x12\x34\x02\x02"
    assert read_piece(message(sixteen + b"abc", 0x40)) == (0, b"abc", 0x1234, 2, 2)
    ports = b"\x06\x05\x04\x0b\x84\x23\xf0"
    assert read_piece(message(ports + b"abc", 0x40)) == (0, b"abc", 0, 1, 1)
    assert read_piece(message(b"\xffabc", 0x40)) == (0, b"\xffabc", 0, 1, 1)
    bad = b"\x05\x00\x03\x01\x02\x03"
    assert read_piece(message(bad + b"abc", 0x40)).parts == 1
    sar = {
        "SAR_MSG_REF_NUM": b"\0\x07",
        "SAR_TOTAL_SEGMENTS": b"\x02",
        "SAR_SEGMENT_SEQNUM": b"\x01",
    }
    assert read_piece(message(b"abc", **sar)) == (0, b"abc", 7, 2, 1)
    assert read_piece(message(b"", MESSAGE_PAYLOAD=b"abc")).octets == b"abc"


@given(st.binary(max_size=140), st.integers(0, 255))
def test_any_octets_are_a_piece(octets: bytes, esm_class: int) -> None:
    piece = read_piece(message(octets, esm_class))
    assert 1 <= piece.part <= piece.parts <= 255
