"""What a listener over HTTP reads: samples in order, silence for what is lost, an end."""

from __future__ import annotations

import struct

import pytest

from softswitch.calls.supervision.overhearing import (
    KEPT,
    LONGEST_GAP,
    PAYLOAD_TYPE,
    RATE,
    Overheard,
)
from tests.calls.virtual_time import run


def packet(timestamp: int, *samples: int, kind: int = PAYLOAD_TYPE, csrcs: int = 0) -> bytes:
    head = struct.pack("!BBHII", 0x80 | csrcs, kind, 1, timestamp & 0xFFFF_FFFF, 7)
    return head + bytes(4 * csrcs) + struct.pack(f"!{len(samples)}h", *samples)


def read(pcm: bytes) -> list[int]:
    return [each[0] for each in struct.iter_unpack("<h", pcm)]


def test_samples_come_in_order_with_silence_for_what_is_lost() -> None:
    async def story() -> None:
        heard = Overheard()
        heard.datagram_received(packet(0xFFFF_FFFE, 1, -2), None)
        heard.datagram_received(packet(0, 3, 4, csrcs=2), None)
        heard.datagram_received(packet(5, 5), None)
        assert read(await heard.next()) == [1, -2, 3, 4, 0, 0, 0, 5]
        heard.datagram_received(packet(6 + 10 * RATE, 6), None)  # another stream: no gap
        assert read(await heard.next()) == [6]

    run(story())


@pytest.mark.parametrize(
    "octets",
    [
        b"", b"\x80", bytes(200), packet(0, 1)[:12], packet(0, 1, kind=0),
        b"\x8f" + packet(0, 1)[1:], b"\x00" + packet(0, 1)[1:],
    ],
)  # fmt: skip
def test_what_is_no_packet_of_ours_is_dropped(octets: bytes) -> None:
    async def story() -> None:
        heard = Overheard()
        heard.datagram_received(octets, None)
        heard.end()
        assert await heard.next() == b""

    run(story())


def test_a_slow_reader_loses_the_oldest_and_costs_no_more_memory() -> None:
    async def story() -> None:
        heard = Overheard()
        for number in range(3 * KEPT):
            heard.datagram_received(packet(number, number), None)
        assert read(await heard.next()) == list(range(2 * KEPT, 3 * KEPT))

    run(story())


def test_silence_is_told_while_nothing_comes_and_then_the_end() -> None:
    async def story() -> None:
        heard = Overheard()
        assert await heard.next() == bytes(2 * round(LONGEST_GAP * RATE))
        heard.datagram_received(packet(9, 9), None)
        heard.end()
        assert read(await heard.next()) == [9]
        assert await heard.next() == b""

    run(story())


def test_what_comes_after_the_end_is_heard_by_nobody() -> None:
    async def story() -> None:
        heard = Overheard()
        heard.datagram_received(packet(9, 9), None)
        heard.end()
        heard.datagram_received(packet(10, 10), None)  # a reader may be slower than the packets
        assert read(await heard.next()) == [9]
        assert await heard.next() == b""

    run(story())
