"""The core in C against libsrtp, packet by packet: the same octets, lengths and verdicts."""

from __future__ import annotations

import random

import numpy as np
import pytest

from media.fast.srtp import NativeSrtp
from media.srtp.core import SrtpCore, SrtpVerdict
from media.srtp.libsrtp import Libsrtp
from media.srtp.suites import SUITES
from tests.media.srtp.peers import keys

pytestmark = pytest.mark.skipif(not NativeSrtp.is_there(), reason="softswitch-fast is not there")

WIDTH = 1600
BATCH = 32
ROUNDS = 120
SSRCS = (1, 0x80000000, 0xFFFFFFFF)
PASSED = SrtpVerdict.PASSED


class Both:
    """The same context of both cores."""

    def __init__(self, suite: str, *, outbound: bool) -> None:
        self.cores: tuple[SrtpCore, ...] = (Libsrtp(), NativeSrtp())
        self.outbound = outbound
        self.contexts = [
            core.create(suite, keys(suite).ours, outbound=outbound) for core in self.cores
        ]

    def turn(self, packets: list[bytes]) -> tuple[list[int], list[bytes]]:
        """Turn a batch by both; return what both agree upon: verdicts, and packets that passed."""
        results = []
        for core, context in zip(self.cores, self.contexts, strict=True):
            matrix = np.zeros((BATCH, WIDTH), np.uint8)
            for place, packet in enumerate(packets):
                matrix[place, : len(packet)] = np.frombuffer(packet, np.uint8)
            lengths = np.array([len(packet) for packet in packets])
            places = np.arange(len(packets))
            contexts = np.full(len(packets), context, np.uint64)
            turn = core.protect if self.outbound else core.unprotect
            verdicts = turn(contexts, matrix, places, lengths).tolist()
            passed = [
                matrix[place, : lengths[place]].tobytes() if verdict == PASSED else b""
                for place, verdict in enumerate(verdicts)
            ]
            results.append((verdicts, passed))
        assert results[0] == results[1]
        return results[0]


class Traffic:
    """A far end whose packets are lost, late, repeated, and of all shapes."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._at = {ssrc: chance.randrange(0x8000) for ssrc in SSRCS}

    def packet(self) -> bytes:
        chance = self._chance
        ssrc = chance.choice(SSRCS)
        step = chance.choice((1, 1, 1, 2, 70, 140, 3000, 0x7F00))
        self._at[ssrc] += step
        # behind by what the window holds, and by more
        sequence = self._at[ssrc] - chance.choice((0, 0, 0, 0, 1, 5, 63, 64, 100, 127, 128, 500))
        sources = chance.choice((0, 0, 0, 1, 15))
        extension = chance.choice((None, None, 0, 1, 5))
        first = 0x80 | sources | (0x10 if extension is not None else 0)
        header = bytes((first, chance.randrange(256))) + (sequence & 0xFFFF).to_bytes(2, "big")
        header += chance.randbytes(4) + ssrc.to_bytes(4, "big") + chance.randbytes(4 * sources)
        if extension is not None:
            header += b"\xbe\xde" + extension.to_bytes(2, "big") + chance.randbytes(4 * extension)
        return header + chance.randbytes(chance.choice((0, 1, 20, 160, 161, 640, 1200)))

    def packets(self) -> list[bytes]:
        return [self.packet() for _ in range(BATCH)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("suite", SUITES)
def test_both_turn_the_same_packets_into_the_same_octets(suite: str, seed: int) -> None:
    chance = random.Random(seed)
    traffic = Traffic(chance)
    outward, inward = Both(suite, outbound=True), Both(suite, outbound=False)
    seen = dict.fromkeys(SrtpVerdict, 0)
    for _ in range(ROUNDS):
        packets = traffic.packets()
        verdicts, protected = outward.turn(packets)
        for verdict in verdicts:
            seen[SrtpVerdict(verdict)] += 1
        arrived = [each for each in protected if each]
        chance.shuffle(arrived)
        arrived = arrived[: chance.randrange(len(arrived) + 1)] + arrived[:3]
        for place in range(len(arrived)):
            if chance.random() < 0.1:
                arrived[place] = _damaged(arrived[place], chance)
        verdicts, _ = inward.turn(arrived[:BATCH])
        for verdict in verdicts:
            seen[SrtpVerdict(verdict)] += 1
    assert all(count > 100 for count in seen.values()), seen


def _damaged(packet: bytes, chance: random.Random) -> bytes:
    """Return a packet with a bit that is wrong, or shorter, or noise."""
    kind = chance.randrange(3)
    if kind == 0:
        octets = bytearray(packet)
        # but for the first two octets, of whose meaning the two cores may think differently
        octets[chance.randrange(12, len(octets))] ^= 1 << chance.randrange(8)
        return bytes(octets)
    if kind == 1:
        return packet[: chance.randrange(12)]
    return packet[:12] + chance.randbytes(len(packet) - 12)


@pytest.mark.parametrize("suite", SUITES)
def test_both_read_each_others_reports(suite: str) -> None:
    chance = random.Random(suite)
    outward, inward = Both(suite, outbound=True), Both(suite, outbound=False)
    report = b"\x81\xc8" + chance.randbytes(90)
    for number in range(40):
        protected = [
            core.protect_rtcp(context, report)
            for core, context in zip(outward.cores, outward.contexts, strict=True)
        ]
        assert protected[0] == protected[1]
        assert isinstance(protected[0], bytes)
        octets = protected[0] if number % 4 else _damaged(protected[0], chance)
        heard = [
            core.unprotect_rtcp(context, octets)
            for core, context in zip(inward.cores, inward.contexts, strict=True)
        ]
        assert heard[0] == heard[1]
        assert (heard[0] == report) == bool(number % 4)
