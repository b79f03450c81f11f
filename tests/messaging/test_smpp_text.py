"""Texts as octets and parts, receipts as words, times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib import gsm

from softswitch.messaging.connections.connection import Receipt
from softswitch.messaging.smpp import gsm7
from softswitch.messaging.smpp.intake import address, address_fields
from softswitch.messaging.smpp.pdu import Pdu
from softswitch.messaging.smpp.receipt import read_receipt, receipt_text
from softswitch.messaging.smpp.tables import CommandId, Tlv
from softswitch.messaging.smpp.text import decode, encode, headers, read_piece, split
from softswitch.messaging.smpp.times import read_time, relative_time

GSM = "".join(gsm7.BASIC.replace("\x1b", "")) + "".join(gsm7.EXTENSION.values())


def test_the_alphabet_is_that_of_another_implementation() -> None:
    for character in GSM:
        if character not in "Ç§\f":  # which that one has wrong or not at all
            assert gsm.gsm_encode(character) == gsm7.encode(character), character


@given(st.text(GSM))
def test_the_alphabet_both_ways(text: str) -> None:
    octets = gsm7.encode(text)
    assert octets is not None
    assert gsm7.decode(octets) == text


@given(st.binary())
def test_any_septets_are_a_text(octets: bytes) -> None:
    assert isinstance(gsm7.decode(octets), str)


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


def message(octets: bytes, esm_class: int = 0, **tlvs: bytes) -> Pdu:
    return Pdu(
        CommandId.DELIVER_SM,
        body={"short_message": octets, "esm_class": esm_class},
        tlvs={Tlv[name]: value for name, value in tlvs.items()},
    )


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


RECEIPT = (
    b"id:abc123 sub:001 dlvrd:000 submit date:2611230710 done date:2611230711 stat:UNDELIV "
    b"err:011 text:hello"
)


@pytest.mark.parametrize(
    ("pdu", "receipt"),
    [
        (message(RECEIPT, 4), Receipt("abc123", "failed", "UNDELIV 011")),
        (message(b"id:7 stat:DELIVRD err:000", 4), Receipt("7", "delivered", "")),
        (message(b"id:7 stat:ACCEPTD", 4), Receipt("7", "sent", "")),
        (message(b"nothing", 4), None),
        (message(b"id:7 stat:STRANGE", 4), None),
        (
            message(b"", 4, RECEIPTED_MESSAGE_ID=b"x9\0", MESSAGE_STATE=b"\x02"),
            Receipt("x9", "delivered", ""),
        ),
    ],
)
def test_receipts(pdu: Pdu, receipt: Receipt | None) -> None:
    assert read_receipt(pdu) == receipt


def test_our_receipts_are_read() -> None:
    text = receipt_text({"state": "delivered", "submitted": "0"}, "id-1", "hello", 60.0)
    assert read_receipt(message(text.encode(), 4)) == Receipt("id-1", "delivered", "")
    assert "submit date:7001010000 done date:7001010001" in text


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("000002000000000R", 1000 + 172_800),
        ("700101000000000+", 3155760000.0),
        ("991332000000000+", None),
        ("soon", None),
        ("260101000000004+", 1767225600 - 3600),
        ("260101000000504-", 1767225600.5 + 3600),
    ],
)
def test_times(text: str, at: float | None) -> None:
    assert read_time(text, 1000.0) == at


@given(st.integers(1, 99 * 86_400))
def test_relative_times(seconds: int) -> None:
    assert read_time(relative_time(seconds), 0.0) == seconds


@pytest.mark.parametrize(
    ("text", "ton"), [("+3612345678", 1), ("1234", 0), ("Bank", 5), ("3612345678", 0), ("", 0)]
)
def test_addresses(text: str, ton: int) -> None:
    fields = address_fields("source_addr", text)
    assert fields["source_addr_ton"] == ton
    assert address(Pdu(CommandId.DELIVER_SM, body=fields), "source_addr") == text
