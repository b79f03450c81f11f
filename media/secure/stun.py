"""STUN messages as ICE uses them (RFC 8489): read, proved to be authentic, built."""

from __future__ import annotations

import hmac
import ipaddress
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from media.control.session import Address

BINDING_REQUEST = 0x0001
BINDING_INDICATION = 0x0011
BINDING_RESPONSE = 0x0101
BINDING_ERROR = 0x0111

USERNAME = 0x0006
MESSAGE_INTEGRITY = 0x0008
ERROR_CODE = 0x0009
UNKNOWN_ATTRIBUTES = 0x000A
XOR_MAPPED_ADDRESS = 0x0020
PRIORITY = 0x0024
USE_CANDIDATE = 0x0025
FINGERPRINT = 0x8028
ICE_CONTROLLED = 0x8029
ICE_CONTROLLING = 0x802A

COMPREHENSION_OPTIONAL = 0x8000
"Attributes from here on may be ignored (section 14)."
COOKIE = 0x2112A442
HEADER = 20
"Octets before the attributes."
CRC_MASK = 0x5354554E
INTEGRITY_LENGTH = 20
"Octets of an HMAC-SHA1."
FAMILIES = {4: 0x01, 6: 0x02}
"The address families of section 14.1, by IP version."

_HEADER = struct.Struct("!HHI12s")
_ATTRIBUTE = struct.Struct("!HH")

Attribute = tuple[int, bytes]
"Type and value, without padding."


class StunError(ValueError):
    """Octets that are no STUN message."""


@dataclass(frozen=True, slots=True)
class StunMessage:
    """A message as it came."""

    kind: int
    "Method and class: `BINDING_REQUEST`, …"
    transaction: bytes
    "12 octets."
    attributes: tuple[Attribute, ...]
    "Up to MESSAGE-INTEGRITY: what follows it is not protected, and ignored (section 14.5)."
    covered: bytes
    "What MESSAGE-INTEGRITY proves; empty without one."
    integrity: bytes
    "Its value; empty without one."

    def value(self, kind: int) -> bytes | None:
        """Return the value of the first attribute of a type."""
        return next((value for each, value in self.attributes if each == kind), None)

    def is_authentic(self, password: str) -> bool:
        """Whether it was sent by somebody who knows the password (short-term, section 9.1)."""
        if not self.integrity:
            return False
        return hmac.compare_digest(self.integrity, _hmac(self.covered, password))


def parse(datagram: bytes) -> StunMessage:
    """Read a message whose FINGERPRINT fits; raises `StunError` for all else.

    ICE demands the FINGERPRINT in every check (RFC 8445 section 7.1.1), and without one a message
    would be hard to tell from noise.
    """
    if len(datagram) < HEADER:
        raise StunError("shorter than a header")
    kind, length, cookie, transaction = _HEADER.unpack_from(datagram)
    if kind >> 14 or cookie != COOKIE or length % 4 or HEADER + length != len(datagram):
        raise StunError("no header of STUN")
    attributes: list[Attribute] = []
    covered = integrity = b""
    place = HEADER
    while place < len(datagram):
        # a length that is a multiple of four leaves room for the four octets
        attribute, size = _ATTRIBUTE.unpack_from(datagram, place)
        value = datagram[place + 4 : place + 4 + size]
        if len(value) != size:
            raise StunError("an attribute beyond the message")
        if attribute == FINGERPRINT:
            _check_fingerprint(datagram, place, value)
            return StunMessage(kind, transaction, tuple(attributes), covered, integrity)
        if not integrity:
            if attribute == MESSAGE_INTEGRITY and size == INTEGRITY_LENGTH:
                covered, integrity = _counting(datagram, place, 4 + INTEGRITY_LENGTH), value
            else:
                attributes.append((attribute, value))
        place += 4 + size + -size % 4
    raise StunError("no FINGERPRINT")


def build(
    kind: int, transaction: bytes, attributes: Iterable[Attribute], password: str | None = None
) -> bytes:
    """Return a message with MESSAGE-INTEGRITY, if there is a password, and FINGERPRINT."""
    body = b"".join(_as_attribute(each, value) for each, value in attributes)
    message = _HEADER.pack(kind, len(body), COOKIE, transaction) + body
    if password is not None:
        covered = _counting(message, len(message), 4 + INTEGRITY_LENGTH)
        message = covered + _as_attribute(MESSAGE_INTEGRITY, _hmac(covered, password))
    covered = _counting(message, len(message), 8)
    return covered + _as_attribute(FINGERPRINT, _crc(covered))


def xor_address(address: Address, transaction: bytes) -> bytes:
    """Return the value of XOR-MAPPED-ADDRESS (section 14.2)."""
    host = ipaddress.ip_address(address[0])
    mask = COOKIE.to_bytes(4, "big") + transaction
    octets = bytes(octet ^ other for octet, other in zip(host.packed, mask, strict=False))
    return struct.pack("!BBH", 0, FAMILIES[host.version], address[1] ^ COOKIE >> 16) + octets


def error_value(code: int, reason: str) -> bytes:
    """Return the value of ERROR-CODE (section 14.8)."""
    return bytes((0, 0, code // 100, code % 100)) + reason.encode()


def unknown_value(kinds: Iterable[int]) -> bytes:
    """Return the value of UNKNOWN-ATTRIBUTES (section 14.9)."""
    return b"".join(kind.to_bytes(2, "big") for kind in kinds)


def _as_attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(kind, len(value)) + value + bytes(-len(value) % 4)


def _counting(message: bytes, end: int, more: int) -> bytes:
    """Return a message up to `end`, with a length as if it ended `more` octets behind."""
    return message[:2] + (end + more - HEADER).to_bytes(2, "big") + message[4:end]


def _hmac(covered: bytes, password: str) -> bytes:
    return hmac.digest(password.encode(), covered, "sha1")


def _crc(covered: bytes) -> bytes:
    return (zlib.crc32(covered) ^ CRC_MASK).to_bytes(4, "big")


def _check_fingerprint(datagram: bytes, place: int, value: bytes) -> None:
    """Raise `StunError` unless the FINGERPRINT fits, and is the last attribute (section 14.7)."""
    if place + 8 != len(datagram) or value != _crc(datagram[:place]):
        raise StunError("FINGERPRINT does not fit")
