"""PDUs as octets: written, read, refused; judged by foreign codecs."""

from __future__ import annotations

import pytest
import smpp34
from hypothesis import given
from hypothesis import strategies as st

from softswitch.messaging.smpp.pdu import Pdu, PduError, check_length, decode, encode
from softswitch.messaging.smpp.tables import (
    BODIES,
    RESPONSE,
    CommandId,
    CommandStatus,
    Octet,
    Text,
    Tlv,
)


@st.composite
def pdus(draw: st.DrawFn) -> Pdu:
    """Any PDU that we can write."""
    command = draw(st.sampled_from(sorted(BODIES)))
    body: dict[str, str | int | bytes] = {}
    for name, kind in BODIES[command]:
        if isinstance(kind, Text):
            characters = st.characters(min_codepoint=1, max_codepoint=255)
            body[name] = draw(st.text(characters, max_size=kind.longest - 1))
        elif isinstance(kind, Octet):
            body[name] = draw(st.integers(0, 255))
        else:
            body[name] = draw(st.binary(max_size=254))
    tags = st.integers(0, 0xFFFF)
    tlvs = draw(st.dictionaries(tags, st.binary(max_size=300), max_size=3))
    return Pdu(command, 0, draw(st.integers(1, 0x7FFFFFFF)), body, tlvs)


@given(pdus())
def test_what_is_written_is_read(pdu: Pdu) -> None:
    assert decode(encode(pdu)) == pdu


@given(st.binary(max_size=200))
def test_random_octets_are_a_pdu_or_an_error(octets: bytes) -> None:
    try:
        pdu = decode(octets)
    except PduError as error:
        assert error.status in set(CommandStatus)
    else:
        assert decode(encode(pdu)).sequence == pdu.sequence


@given(pdus(), st.data())
def test_a_damaged_pdu_is_read_or_refused(pdu: Pdu, data: st.DataObject) -> None:
    octets = bytearray(encode(pdu))
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] = data.draw(st.integers(0, 255))
    try:
        decode(bytes(octets))
    except PduError as error:
        assert str(error)


@pytest.mark.parametrize("length", [0, 4, 15, 70_001, 0xFFFFFFFF])
def test_lengths_that_no_pdu_has(length: int) -> None:
    with pytest.raises(PduError) as caught:
        check_length(length)
    assert caught.value.status == CommandStatus.RINVCMDLEN


def header(command: int, body: bytes = b"") -> bytes:
    return b"".join(part.to_bytes(4) for part in (16 + len(body), command, 0, 7)) + body


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (header(0x999), CommandStatus.RINVCMDID),
        (header(CommandId.SUBMIT_SM), CommandStatus.RINVPARLEN),
        (header(CommandId.SUBMIT_SM, b"\0" * 10), CommandStatus.RINVPARLEN),
        (header(CommandId.SUBMIT_SM, b"\0" * 16 + b"\xff" + b"x"), CommandStatus.RINVMSGLEN),
        (header(CommandId.BIND_TRANSCEIVER, b"x" * 16 + b"\0" * 9), CommandStatus.RINVPARLEN),
        (header(CommandId.ENQUIRE_LINK, b"\x04"), CommandStatus.RINVOPTPARSTREAM),
        (header(CommandId.ENQUIRE_LINK, b"\x04\x24\xff\xff"), CommandStatus.RINVOPTPARSTREAM),
        (b"\0\0\0\x10", CommandStatus.RINVCMDLEN),
    ],
)
def test_what_is_refused(octets: bytes, status: CommandStatus) -> None:
    with pytest.raises(PduError) as caught:
        decode(octets)
    assert caught.value.status == status


def test_a_response_of_an_error_may_have_no_body() -> None:
    pdu = decode(header(CommandId.SUBMIT_SM | RESPONSE))
    assert pdu.text("message_id") == ""


@pytest.mark.parametrize(
    "body", [{"system_id": "x" * 16}, {"system_id": "a\0b"}, {"password": "123456789"}]
)
def test_values_that_a_field_cannot_hold(body: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="octets"):
        encode(Pdu(CommandId.BIND_TRANSCEIVER, 0, 1, body))
    with pytest.raises(ValueError, match="octets"):
        encode(Pdu(CommandId.SUBMIT_SM, 0, 1, {"short_message": b"x" * 255}))


def test_a_foreign_codec_reads_what_we_write() -> None:
    ours = Pdu(
        CommandId.SUBMIT_SM,
        0,
        9,
        {
            "source_addr": "1234",
            "destination_addr": "36201234567",
            "dest_addr_ton": 1,
            "data_coding": 8,
            "registered_delivery": 1,
            "short_message": b"\0h\0i",
        },
        {Tlv.MESSAGE_PAYLOAD: b"whole"},
    )
    theirs = smpp34.decode(encode(ours))
    assert theirs.destination_addr == "36201234567"
    assert (theirs.dest_addr_ton, theirs.data_coding, theirs.registered_delivery) == (1, 8, 1)
    assert theirs.short_message == b"\0h\0i"
    assert [(tlv.tag, tlv.value) for tlv in theirs.tlvs] == [(0x0424, b"whole")]
    assert decode(theirs.encode()) == decode(encode(ours))
