"""RTP datagrams for tests, and batches made of them."""

from __future__ import annotations

import struct

import numpy as np

from media.legs import Bad, Legs
from media.rtp.rtp import DatagramBatch, Packets
from media.srtp.libsrtp import Libsrtp
from media.srtp.protection import Protection


def rtp(
    sequence: int,
    timestamp: int | None = None,
    *,
    ssrc: int = 0x1234,
    payload_type: int = 0,
    payload: bytes = bytes(160),
    marker: bool = False,
    first: int = 0x80,
) -> bytes:
    """Return a datagram; its timestamp is 160 units a packet unless given."""
    when = sequence * 160 if timestamp is None else timestamp
    second = payload_type | (0x80 if marker else 0)
    header = (first, second, sequence & 0xFFFF, when & 0xFFFFFFFF, ssrc)
    return struct.pack("!BBHII", *header) + payload


def in_the_clear(legs: Legs) -> Protection:
    """Return the protection of legs of which none is protected yet."""
    return Protection(legs, Libsrtp())


def filled(batch: DatagramBatch, datagrams: dict[int, bytes]) -> tuple[Packets, dict[int, Bad]]:
    """Put datagrams, by row of their leg, into a batch and read them."""
    for place, datagram in enumerate(datagrams.values()):
        batch.views[place][: len(datagram)] = datagram
    rows = np.array(list(datagrams), np.intp)
    lengths = np.array([len(datagram) for datagram in datagrams.values()], np.int64)
    return batch.read(rows, lengths)


def content(
    batch: DatagramBatch, place: int, length: int
) -> tuple[int, bool, int, int, int, bytes]:
    """Return payload type, marker, sequence number, timestamp, SSRC and payload of a row."""
    data = bytes(batch.views[place][:length])
    first, second, sequence, timestamp, ssrc = struct.unpack("!BBHII", data[:12])
    assert first == 0x80
    return second & 0x7F, second > 0x7F, sequence, timestamp, ssrc, data[12:]
