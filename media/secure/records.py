"""DTLS records, cut out of datagrams and packed into some (RFC 6347 section 4.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

ALERT = 21
HANDSHAKE = 22
TYPES = range(20, 24)
"Content types: change_cipher_spec, alert, handshake, application_data."
HEADER = 13
"Octets before the fragment: type, version, epoch, sequence number, length."
MAX_FRAGMENT = (1 << 14) + 2048
"Octets of a fragment (RFC 5246 section 6.2.3)."
VERSION = 0xFE
"The first octet of the versions of DTLS."
MTU = 1200
"Octets of a datagram that passes everywhere, also where IPv6 meets tunnels."
FATAL = 2
"The level of alerts that end an association."


@dataclass(frozen=True, slots=True)
class DtlsRecord:
    """One record of a datagram."""

    kind: int
    epoch: int
    octets: bytes
    "The whole record."

    @property
    def fatal_alert(self) -> int | None:
        """The description of a fatal alert in the clear, which anybody can forge."""
        is_clear = self.kind == ALERT and self.epoch == 0 and len(self.octets) == HEADER + 2
        return self.octets[-1] if is_clear and self.octets[-2] == FATAL else None


def split(datagram: bytes) -> Iterator[DtlsRecord]:
    """Yield the records of a datagram up to the first that is malformed."""
    place = 0
    while len(datagram) - place > HEADER:
        head = datagram[place : place + HEADER]
        length = int.from_bytes(head[11:13], "big")
        end = place + HEADER + length
        if head[0] not in TYPES or head[1] != VERSION or length > MAX_FRAGMENT:
            return
        if end > len(datagram):
            return
        yield DtlsRecord(head[0], int.from_bytes(head[3:5], "big"), datagram[place:end])
        place = end


def pack(flight: bytes) -> list[bytes]:
    """Return the records of a flight, which follow each other, as datagrams of at most `MTU`.

    A record that is longer by itself gets a datagram of its own.
    """
    datagrams: list[bytes] = []
    for record in split(flight):
        if datagrams and len(datagrams[-1]) + len(record.octets) <= MTU:
            datagrams[-1] += record.octets
        else:
            datagrams.append(record.octets)
    return datagrams
