"""Texts in short messages: alphabet, parts, headers (3GPP TS 23.038, 23.040 section 9.2.3.24)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from softswitch.messaging.smpp import gsm7
from softswitch.messaging.smpp.pdu import Pdu
from softswitch.messaging.smpp.tables import (
    CODING_ASCII,
    CODING_DEFAULT,
    CODING_LATIN1,
    CODING_UCS2,
    ESM_UDHI,
    Tlv,
)

SINGLE = {CODING_DEFAULT: 160, CODING_ASCII: 160, CODING_LATIN1: 140, CODING_UCS2: 140}
"Octets of a text that fits into one SMS."
PART = {CODING_DEFAULT: 153, CODING_ASCII: 153, CODING_LATIN1: 134, CODING_UCS2: 134}
"Octets of a part beside its header."
MOST_PARTS = 255

CONCATENATED_8, CONCATENATED_16 = 0x00, 0x08
"Elements of the user data header that number the parts."


class Encoded(NamedTuple):
    """A text as octets, whole."""

    coding: int
    octets: bytes


class Piece(NamedTuple):
    """One part of a message that arrives."""

    coding: int
    octets: bytes
    reference: int = 0
    parts: int = 1
    part: int = 1


def encode(text: str, alphabet: str = "gsm7", *, latin1: bool = False) -> Encoded:
    """The shortest coding that holds every character of a text."""
    octets: bytes | None
    if alphabet == "gsm7":
        octets = gsm7.encode(text)
    else:
        octets = _encoded(text, "latin-1" if alphabet == "latin-1" else "ascii")
    if octets is not None:
        return Encoded(CODING_DEFAULT, octets)
    octets = _encoded(text, "latin-1") if latin1 else None
    if octets is not None:
        return Encoded(CODING_LATIN1, octets)
    return Encoded(CODING_UCS2, text.encode("utf-16-be", "surrogatepass"))


def _encoded(text: str, codec: str) -> bytes | None:
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return None


def decode(coding: int, octets: bytes, alphabet: str = "gsm7") -> str:
    """The text of octets; what cannot be read becomes U+FFFD."""
    if coding == CODING_UCS2:
        return octets.decode("utf-16-be", "replace")
    if coding == CODING_DEFAULT and alphabet == "gsm7":
        return gsm7.decode(octets)
    return octets.decode("latin-1")


def split(encoded: Encoded, alphabet: str = "gsm7") -> list[bytes]:
    """The parts of a text, one where it fits; no character is cut in two."""
    coding, octets = encoded
    septets = coding == CODING_DEFAULT and alphabet == "gsm7"
    if len(octets) <= (SINGLE[coding] if septets or coding != CODING_DEFAULT else 140):
        return [octets]
    longest = PART[coding] if septets or coding != CODING_DEFAULT else 134
    parts = []
    at = 0
    while at < len(octets):
        end = min(at + longest, len(octets))
        if end < len(octets):
            end -= _cut(octets, end, coding, septets)
        parts.append(octets[at:end])
        at = end
    return parts


def _cut(octets: bytes, end: int, coding: int, septets: bool) -> int:
    """How many octets before `end` belong to the character behind it."""
    if coding == CODING_UCS2:
        return 2 if 0xD8 <= octets[end - 2] <= 0xDB else 0
    if septets and octets[end - 1] == gsm7.ESCAPE:
        return 1
    return 0


def headers(parts: int, reference: int) -> Iterator[bytes]:
    """The user data header of each part."""
    for part in range(1, parts + 1):
        yield bytes((5, CONCATENATED_8, 3, reference & 0xFF, parts, part))


def read_piece(pdu: Pdu) -> Piece:
    """The text octets of a submit_sm, deliver_sm or data_sm, and which part they are.

    A header that cannot be read is left in the text: nothing that arrives is thrown away.
    """
    coding = pdu.number("data_coding")
    octets = pdu.octets("short_message") or pdu.tlvs.get(Tlv.MESSAGE_PAYLOAD, b"")
    if pdu.number("esm_class") & ESM_UDHI and octets and octets[0] < len(octets):
        header, rest = octets[1 : 1 + octets[0]], octets[1 + octets[0] :]
        numbers = _numbers(header)
        if numbers is not None:
            return Piece(coding, rest, *numbers)
        return Piece(coding, rest)
    sar = [
        pdu.tlvs.get(tag)
        for tag in (Tlv.SAR_MSG_REF_NUM, Tlv.SAR_TOTAL_SEGMENTS, Tlv.SAR_SEGMENT_SEQNUM)
    ]
    if all(sar):
        reference, parts, part = (int.from_bytes(value or b"") for value in sar)
        if 1 <= part <= parts <= MOST_PARTS and parts > 1:
            return Piece(coding, octets, reference & 0xFFFF, parts, part)
    return Piece(coding, octets)


def _numbers(header: bytes) -> tuple[int, int, int] | None:
    """Reference, number of parts and part of a user data header, where it has them."""
    at = 0
    while at + 2 <= len(header):
        element, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        if element == CONCATENATED_8 and length == len(value) == 3:
            reference, parts, part = value
        elif element == CONCATENATED_16 and length == len(value) == 4:
            reference, parts, part = int.from_bytes(value[:2]), value[2], value[3]
        else:
            at += 2 + length
            continue
        return (reference, parts, part) if 1 <= part <= parts and parts > 1 else None
    return None
