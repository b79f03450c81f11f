"""STUN messages: the test vectors of RFC 5769, and what is no message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.secure import stun
from media.secure.stun import StunError

PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt"
TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff"
    "80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)
"Section 2.1."
RESPONSES = {
    ("192.0.2.1", 32853): bytes.fromhex(
        "0101003c2112a442b7e7a701bc34d686fa87dfae"
        "8022000b7465737420766563746f7220"
        "002000080001a147e112a643"
        "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
        "80280004c07d4c96"
    ),
    ("2001:db8:1234:5678:11:2233:4455:6677", 32853): bytes.fromhex(
        "010100482112a442b7e7a701bc34d686fa87dfae"
        "8022000b7465737420766563746f7220"
        "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
        "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
        "80280004c8fb0b4c"
    ),
}
"Sections 2.2 and 2.3, by mapped address."


def test_the_sample_request() -> None:
    message = stun.parse(REQUEST)
    assert (message.kind, message.transaction) == (stun.BINDING_REQUEST, TRANSACTION)
    assert message.value(stun.USERNAME) == b"evtj:h6vY"
    assert message.value(stun.PRIORITY) == bytes.fromhex("6e0001ff")
    assert message.value(stun.ICE_CONTROLLED) == bytes.fromhex("932ff9b151263b36")
    assert message.value(stun.USE_CANDIDATE) is None
    assert message.is_authentic(PASSWORD)
    assert not message.is_authentic(PASSWORD + "x")


@pytest.mark.parametrize("address", RESPONSES)
def test_the_sample_responses(address: tuple[str, int]) -> None:
    message = stun.parse(RESPONSES[address])
    assert message.kind == stun.BINDING_RESPONSE
    assert message.is_authentic(PASSWORD)
    assert message.value(stun.XOR_MAPPED_ADDRESS) == stun.xor_address(address, TRANSACTION)


def test_what_is_built_is_read() -> None:
    attributes = ((stun.USERNAME, b"ours:theirs"), (stun.USE_CANDIDATE, b""))
    built = stun.build(stun.BINDING_REQUEST, TRANSACTION, attributes, "secret")
    message = stun.parse(built)
    assert (message.kind, message.transaction) == (stun.BINDING_REQUEST, TRANSACTION)
    assert message.attributes == attributes
    assert message.is_authentic("secret")
    assert not message.is_authentic("Secret")


def test_what_is_not_protected_proves_nothing() -> None:
    built = stun.build(stun.BINDING_REQUEST, TRANSACTION, [(stun.USERNAME, b"ours:theirs")])
    assert not stun.parse(built).is_authentic("")


def test_what_stands_behind_the_integrity_is_ignored() -> None:
    built = stun.build(stun.BINDING_REQUEST, TRANSACTION, [(stun.USERNAME, b"ours:x")], "secret")
    # USE-CANDIDATE is put between MESSAGE-INTEGRITY and FINGERPRINT, which is made anew
    forged = built[:2] + (len(built) + 4 - stun.HEADER).to_bytes(2, "big") + built[4:-8]
    forged += bytes.fromhex("00250000")
    message = stun.parse(forged + stun._as_attribute(stun.FINGERPRINT, stun._crc(forged)))
    assert message.value(stun.USE_CANDIDATE) is None
    assert message.is_authentic("secret")


def test_the_values_of_errors() -> None:
    assert stun.error_value(487, "Role Conflict") == b"\0\0\x04\x57Role Conflict"
    assert stun.unknown_value([0x0030, 0x7FFF]) == b"\x00\x30\x7f\xff"


@pytest.mark.parametrize("place", range(len(REQUEST)))
def test_an_octet_that_changed_is_noticed(place: int) -> None:
    """By the FINGERPRINT, or the header; were it fitting, by the integrity."""
    changed = bytearray(REQUEST)
    changed[place] ^= 0x01
    with pytest.raises(StunError):
        stun.parse(bytes(changed))


@pytest.mark.parametrize("length", range(len(REQUEST)))
def test_a_message_that_is_cut_is_none(length: int) -> None:
    with pytest.raises(StunError):
        stun.parse(REQUEST[:length])


def test_an_attribute_beyond_the_message_is_refused() -> None:
    message = bytearray(stun.build(stun.BINDING_REQUEST, TRANSACTION, [(stun.USERNAME, b"abcd")]))
    message[stun.HEADER + 2 : stun.HEADER + 4] = b"\xff\xff"
    with pytest.raises(StunError, match="beyond"):
        stun.parse(bytes(message))


@given(st.binary(max_size=200))
def test_noise_is_no_message(noise: bytes) -> None:
    with pytest.raises(StunError):
        stun.parse(noise)


@given(st.binary(max_size=200).map(lambda body: body + bytes(-len(body) % 4)))
def test_noise_behind_a_header_is_no_message(body: bytes) -> None:
    header = stun._HEADER.pack(stun.BINDING_REQUEST, len(body), stun.COOKIE, TRANSACTION)
    with pytest.raises(StunError):
        stun.parse(header + body)
