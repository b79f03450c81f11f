"""RTP headers as arrays: what is read, what is cut out, what is refused."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest

from media.legs import Bad
from media.rtp.rtp import HEADER, MARKER, WIDTH, DatagramBatch
from tests.media.packets import content, filled, rtp


def test_the_fields_of_several_packets() -> None:
    packets, bad = filled(
        DatagramBatch(4),
        {
            3: rtp(65535, 0xFFFFFFFF, ssrc=0xFFFFFFFF, payload_type=127, marker=True),
            1: rtp(1, 160, ssrc=5, payload_type=8, payload=b"x"),
        },
    )
    assert bad == {}
    assert packets.rows.tolist() == [3, 1]
    assert packets.sequence.tolist() == [65535, 1]
    assert packets.timestamp.tolist() == [0xFFFFFFFF, 160]
    assert packets.ssrc.tolist() == [0xFFFFFFFF, 5]
    assert packets.payload_type.tolist() == [127, 8]
    assert packets.marker.tolist() == [MARKER, 0]
    assert packets.lengths.tolist() == [172, 13]


@pytest.mark.parametrize(
    ("datagram", "kind"),
    [
        (b"", Bad.TOO_SHORT),
        (rtp(1)[:11], Bad.TOO_SHORT),
        (rtp(1, first=0x00), Bad.VERSION),
        (rtp(1, first=0x40), Bad.VERSION),
        (rtp(1, first=0xC0), Bad.VERSION),
        (b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12), Bad.VERSION),
        (rtp(1, first=0x8F, payload=bytes(59)), Bad.TOO_SHORT),
        (rtp(1, first=0x90, payload=bytes(3)), Bad.TOO_SHORT),
        (rtp(1, first=0x90, payload=b"\xbe\xde\x00\x02" + bytes(7)), Bad.TOO_SHORT),
        (rtp(1, first=0xA0, payload=b"abc\x00"), Bad.TOO_SHORT),
        (rtp(1, first=0xA0, payload=b"abc\x05"), Bad.TOO_SHORT),
        (rtp(1, first=0xA0, payload=b""), Bad.TOO_SHORT),
        (rtp(1, payload=bytes(WIDTH - HEADER)), Bad.TOO_LONG),
    ],
)
def test_bad_packets_by_kind(datagram: bytes, kind: Bad) -> None:
    _, bad = filled(DatagramBatch(2), {0: rtp(1), 1: datagram})
    assert bad == {1: kind}


@pytest.mark.parametrize(
    ("first", "payload"),
    [
        (0x82, bytes(8) + b"sound"),
        (0x90, b"\xbe\xde\x00\x01" + bytes(4) + b"sound"),
        (0xA0, b"sound\x00\x00\x03"),
        (0xB1, bytes(4) + b"\xbe\xde\x00\x01" + bytes(4) + b"sound\x00\x02"),
    ],
)
def test_what_is_not_passed_on_is_cut_out(first: int, payload: bytes) -> None:
    batch = DatagramBatch(2)
    packets, bad = filled(batch, {0: rtp(1), 1: rtp(9, first=first, payload=payload)})
    assert bad == {}
    assert content(batch, 1, int(packets.lengths[1])) == (0, False, 9, 1440, 0x1234, b"sound")


def test_written_headers_can_be_read() -> None:
    batch = DatagramBatch(3)
    places = np.array([0, 2])
    first = np.array([MARKER | 101 << 16 | 7, 65535])
    batch.write_headers(places, first, np.array([1, 0xFFFFFFFF]), np.array([2, 0xFFFFFFFE]))
    assert content(batch, 0, 12) == (101, True, 7, 1, 2, b"")
    assert content(batch, 2, 12) == (0, False, 65535, 0xFFFFFFFF, 0xFFFFFFFE, b"")


def test_random_datagrams_are_read_or_refused() -> None:
    chance = random.Random(1)
    batch = DatagramBatch(100)
    for _ in range(30):
        datagrams = {
            row: bytes([chance.choice((0x80, 0x9F, 0xA3, 0xB0, chance.randrange(256)))])
            + chance.randbytes(chance.choice((0, 11, 12, 40, 172)))
            for row in range(100)
        }
        packets, bad = filled(batch, datagrams)
        for index, datagram in enumerate(datagrams.values()):
            if index not in bad:
                assert HEADER <= packets.lengths[index] <= len(datagram)
                assert struct.unpack_from("!H", datagram, 2)[0] == packets.sequence[index]
