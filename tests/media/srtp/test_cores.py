"""What every core of SRTP does with packets, good and bad; pylibsrtp itself is at the other end."""

from __future__ import annotations

import gc
import resource

import numpy as np
import pylibsrtp
import pytest
from pylibsrtp._binding import ffi, lib

from media.control.security import SrtpKeys
from media.srtp.core import MAX_SOURCES, NO_KEYS, SrtpCore, SrtpVerdict
from media.srtp.suites import SUITES, why_unusable
from tests.media.packets import rtp
from tests.media.srtp.peers import CM_80, CORES, GCM, SecurePeer, keys, master

WIDTH = 1600
PASSED, FORGED, REPEATED = SrtpVerdict
RTCP = bytes.fromhex("80c90001 00001234") + bytes.fromhex("81ca0003 00001234 01026162 00000000")


@pytest.fixture(params=CORES)
def core(request: pytest.FixtureRequest) -> SrtpCore:
    made: SrtpCore = request.param()
    return made


class CoreEnd:
    """Our end of one leg, a packet at a time."""

    def __init__(self, core: SrtpCore, leg: SrtpKeys) -> None:
        self.core = core
        self.inward = core.create(leg.suite, leg.theirs, outbound=False)
        self.outward = core.create(leg.suite, leg.ours, outbound=True)

    def unprotect(self, packet: bytes) -> bytes | SrtpVerdict:
        return turned(self.core, self.inward, packet, outbound=False)

    def protect(self, packet: bytes) -> bytes | SrtpVerdict:
        return turned(self.core, self.outward, packet, outbound=True)


def turned(core: SrtpCore, context: int, packet: bytes, *, outbound: bool) -> bytes | SrtpVerdict:
    matrix = np.zeros((3, WIDTH), np.uint8)
    matrix[1, : len(packet)] = np.frombuffer(packet, np.uint8)
    lengths = np.array([len(packet)])
    turn = core.protect if outbound else core.unprotect
    (verdict,) = turn(np.array([context], np.uint64), matrix, np.array([1]), lengths).tolist()
    assert not matrix[0].any() and not matrix[2].any()
    return SrtpVerdict(verdict) if verdict else matrix[1, : int(lengths[0])].tobytes()


def test_the_functions_below_pylibsrtp_are_there() -> None:
    session = pylibsrtp.Session()
    assert ffi.typeof(session._srtp[0]) is ffi.typeof("srtp_t")
    for name in ("srtp_protect", "srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp"):
        assert callable(getattr(lib, name))


# ---- there and back ----


@pytest.mark.parametrize("suite", SUITES)
def test_packets_arrive_as_they_left(core: SrtpCore, suite: str) -> None:
    leg = keys(suite)
    ours, peer = CoreEnd(core, leg), SecurePeer(leg)
    for sequence in (1, 2, 5, 3):
        packet = rtp(sequence, payload=bytes(range(160)))
        protected = ours.protect(packet)
        assert isinstance(protected, bytes)
        assert len(protected) == len(packet) + SUITES[suite].tag
        assert protected[:12] == packet[:12] and protected[12:172] != packet[12:]
        assert peer.unprotect(protected) == packet
        assert ours.unprotect(peer.protect(packet)) == packet


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("octets", [0, 1, 15, 16, 17, 33, 160, 1000, WIDTH - 12 - 16])
def test_payloads_of_any_length(core: SrtpCore, suite: str, octets: int) -> None:
    leg = keys(suite)
    ours, peer = CoreEnd(core, leg), SecurePeer(leg)
    there = CoreEnd(core, SrtpKeys(suite, leg.theirs, leg.ours))
    for sequence in range(3):
        packet = rtp(sequence, payload=bytes((sequence + index) & 0xFF for index in range(octets)))
        protected = ours.protect(packet)
        assert isinstance(protected, bytes)
        assert there.unprotect(protected) == packet
        if octets <= 1000:  # pylibsrtp's own classes take no long ones
            assert ours.unprotect(peer.protect(packet)) == packet


@pytest.mark.parametrize("suite", SUITES)
def test_lists_of_sources_and_extensions_stay_in_the_clear(core: SrtpCore, suite: str) -> None:
    leg = keys(suite)
    ours, peer = CoreEnd(core, leg), SecurePeer(leg)
    packet = rtp(1, first=0x92, payload=bytes(8) + b"\xbe\xde\x00\x01" + b"ext!" + b"sound" * 20)
    protected = peer.protect(packet)
    assert protected[12:28] == packet[12:28] and protected[28:] != packet[28:]
    assert ours.unprotect(protected) == packet
    again = ours.protect(packet)
    assert isinstance(again, bytes) and peer.unprotect(again) == packet


def test_a_whole_batch_of_different_legs_and_suites(core: SrtpCore) -> None:
    legs = [keys(suite, ours, ours + 50) for ours, suite in enumerate([*SUITES] * 10)]
    ends, peers = [CoreEnd(core, leg) for leg in legs], [SecurePeer(leg) for leg in legs]
    matrix = np.zeros((100, WIDTH), np.uint8)
    places = np.arange(len(legs))[::-1] * 2
    packets = [rtp(7, ssrc=index, payload=bytes([index]) * 160) for index in range(len(legs))]
    for place, peer, packet in zip(places.tolist(), peers, packets, strict=True):
        protected = peer.protect(packet)
        matrix[place, : len(protected)] = np.frombuffer(protected, np.uint8)
    lengths = np.array([172 + SUITES[leg.suite].tag for leg in legs])
    inward = np.array([end.inward for end in ends], np.uint64)
    assert not core.unprotect(inward, matrix, places, lengths).any()
    assert (lengths == 172).all()
    assert [matrix[place, :172].tobytes() for place in places.tolist()] == packets
    outward = np.array([end.outward for end in ends], np.uint64)
    assert not core.protect(outward, matrix, places, lengths).any()
    for place, length, peer, packet in zip(
        places.tolist(), lengths.tolist(), peers, packets, strict=True
    ):
        assert peer.unprotect(matrix[place, :length].tobytes()) == packet


# ---- packets that must not pass ----


@pytest.mark.parametrize("suite", SUITES)
def test_any_changed_octet_makes_a_packet_a_forgery(core: SrtpCore, suite: str) -> None:
    leg = keys(suite)
    ours, peer = CoreEnd(core, leg), SecurePeer(leg)
    assert ours.unprotect(peer.protect(rtp(1))) == rtp(1)
    protected = peer.protect(rtp(2, payload=b"sound" * 8))
    for place in range(1, len(protected)):
        forged = bytearray(protected)
        forged[place] ^= 0x01
        assert ours.unprotect(bytes(forged)) in (FORGED, REPEATED)
    for length in range(len(protected)):
        assert ours.unprotect(protected[:length]) is FORGED
    # none of that has harmed the real one
    assert ours.unprotect(protected) == rtp(2, payload=b"sound" * 8)


@pytest.mark.parametrize("suite", SUITES)
def test_wrong_keys_and_the_clear_do_not_pass(core: SrtpCore, suite: str) -> None:
    ours = CoreEnd(core, keys(suite))
    stranger = SecurePeer(keys(suite, theirs=102))
    assert ours.unprotect(stranger.protect(rtp(1))) is FORGED
    assert ours.unprotect(rtp(1)) is FORGED
    assert ours.unprotect(b"") is FORGED


@pytest.mark.parametrize("suite", SUITES)
def test_a_packet_passes_once(core: SrtpCore, suite: str) -> None:
    leg = keys(suite)
    ours, peer = CoreEnd(core, leg), SecurePeer(leg)
    protected = [peer.protect(rtp(sequence)) for sequence in range(300)]
    assert ours.unprotect(protected[0]) == rtp(0)
    assert ours.unprotect(protected[0]) is REPEATED
    assert ours.unprotect(protected[250]) == rtp(250)
    # late, but not too late: the window has at least 64 places (RFC 3711 section 3.3.2)
    for sequence in (249, 200, 187):
        assert ours.unprotect(protected[sequence]) == rtp(sequence)
        assert ours.unprotect(protected[sequence]) is REPEATED
    assert ours.unprotect(protected[1]) is REPEATED
    assert ours.unprotect(protected[299]) == rtp(299)


@pytest.mark.parametrize("suite", SUITES)
def test_no_index_is_protected_twice(core: SrtpCore, suite: str) -> None:
    ours = CoreEnd(core, keys(suite))
    assert isinstance(ours.protect(rtp(500, payload=b"one")), bytes)
    assert ours.protect(rtp(500, payload=b"two")) is REPEATED
    assert isinstance(ours.protect(rtp(499, payload=b"late")), bytes)
    assert ours.protect(rtp(499, payload=b"late")) is REPEATED
    assert ours.protect(rtp(100, payload=b"too late")) is REPEATED
    assert isinstance(ours.protect(rtp(501)), bytes)


@pytest.mark.parametrize("suite", SUITES)
def test_sequence_numbers_wrap_both_ways(core: SrtpCore, suite: str) -> None:
    leg = keys(suite)
    ours, peer = CoreEnd(core, leg), SecurePeer(leg)
    order = [*range(0, 0x30000, 0x3FFF), 0x2FFFF, 0x30001, 0x30000, 0x30002]
    for extended in order:
        packet = rtp(extended, payload=extended.to_bytes(4, "big") * 10)
        protected = ours.protect(packet)
        assert isinstance(protected, bytes)
        assert peer.unprotect(protected) == packet
        assert ours.unprotect(peer.protect(packet)) == packet


def test_a_stream_that_begins_near_the_end_of_its_numbers(core: SrtpCore) -> None:
    leg = keys()
    ours, peer = CoreEnd(core, leg), SecurePeer(leg)
    for sequence in (0xFFFE, 0xFFFF, 0, 1):
        assert ours.unprotect(peer.protect(rtp(sequence))) == rtp(sequence)


def test_a_late_packet_from_before_a_wrap(core: SrtpCore) -> None:
    leg = keys()
    ours, peer = CoreEnd(core, leg), SecurePeer(leg)
    protected = {n: peer.protect(rtp(n)) for n in (0xFFF0, 0xFFFE, 0xFFFF, 0x10000, 0x10001)}
    for n in (0xFFF0, 0xFFFE, 0x10000, 0xFFFF, 0x10001):
        assert ours.unprotect(protected[n]) == rtp(n)
    assert ours.unprotect(protected[0xFFFF]) is REPEATED


def test_sources_have_counters_of_their_own(core: SrtpCore) -> None:
    leg = keys(GCM)
    ours, peer = CoreEnd(core, leg), SecurePeer(leg)
    for extended in (0xFFF0, 0x10000, 0x10001):
        for ssrc, sequence in ((1, extended), (2, extended - 0x8000)):
            packet = rtp(sequence, ssrc=ssrc)
            assert ours.unprotect(peer.protect(packet)) == packet


def test_a_key_protects_a_bounded_number_of_sources(core: SrtpCore) -> None:
    leg = keys()
    ours, peer = CoreEnd(core, leg), SecurePeer(leg)
    for ssrc in range(MAX_SOURCES):
        assert ours.unprotect(peer.protect(rtp(1, ssrc=ssrc))) == rtp(1, ssrc=ssrc)
    assert ours.unprotect(peer.protect(rtp(1, ssrc=99))) is FORGED
    assert ours.unprotect(peer.protect(rtp(2, ssrc=5))) == rtp(2, ssrc=5)


def test_forgeries_take_no_room_from_sources(core: SrtpCore) -> None:
    leg = keys()
    ours, peer = CoreEnd(core, leg), SecurePeer(leg)
    for ssrc in range(5 * MAX_SOURCES):
        assert ours.unprotect(rtp(1, ssrc=ssrc, payload=bytes(170))) is FORGED
    assert ours.unprotect(peer.protect(rtp(1))) == rtp(1)


def test_nothing_passes_without_keys(core: SrtpCore) -> None:
    for outbound in (False, True):
        assert turned(core, NO_KEYS, rtp(1), outbound=outbound) is FORGED
    assert core.protect_rtcp(NO_KEYS, RTCP) is FORGED
    assert core.unprotect_rtcp(NO_KEYS, RTCP + bytes(14)) is FORGED


# ---- RTCP ----


@pytest.mark.parametrize("suite", SUITES)
def test_rtcp_arrives_as_it_left(core: SrtpCore, suite: str) -> None:
    leg = keys(suite)
    ours, peer = CoreEnd(core, leg), SecurePeer(leg)
    for _ in range(3):
        protected = core.protect_rtcp(ours.outward, RTCP)
        assert isinstance(protected, bytes)
        assert len(protected) == len(RTCP) + 4 + SUITES[suite].rtcp_tag
        assert protected[:8] == RTCP[:8] and protected[8 : len(RTCP)] != RTCP[8:]
        assert peer.unprotect_rtcp(protected) == RTCP
        assert core.unprotect_rtcp(ours.inward, peer.protect_rtcp(RTCP)) == RTCP


@pytest.mark.parametrize("suite", SUITES)
def test_rtcp_that_must_not_pass(core: SrtpCore, suite: str) -> None:
    leg = keys(suite)
    ours, peer = CoreEnd(core, leg), SecurePeer(leg)
    protected = peer.protect_rtcp(RTCP)
    for place in range(len(protected)):
        forged = bytearray(protected)
        forged[place] ^= 0x80
        assert core.unprotect_rtcp(ours.inward, bytes(forged)) in (FORGED, REPEATED), place
    for length in range(len(protected)):
        assert core.unprotect_rtcp(ours.inward, protected[:length]) is FORGED
    assert core.unprotect_rtcp(ours.inward, RTCP) is FORGED
    assert core.unprotect_rtcp(ours.inward, bytes(4000)) is FORGED
    assert core.unprotect_rtcp(ours.inward, protected) == RTCP
    assert core.unprotect_rtcp(ours.inward, protected) is REPEATED
    assert core.protect_rtcp(ours.outward, RTCP + bytes(4000)) is FORGED


# ---- contexts ----


@pytest.mark.parametrize("suite", [*SUITES, "AES_256_CM_HMAC_SHA1_80", ""])
def test_keys_of_a_wrong_length_and_unknown_suites_are_refused(core: SrtpCore, suite: str) -> None:
    length = SUITES[suite].master if suite in SUITES else 46
    for octets in (0, length - 1, length + 1):
        with pytest.raises(ValueError, match="key"):
            core.create(suite, bytes(octets), outbound=False)


def test_freed_contexts_take_no_memory(core: SrtpCore) -> None:
    def grow(times: int) -> int:
        for number in range(times):
            ours = CoreEnd(core, keys(CM_80, number, number + 1))
            assert isinstance(ours.protect(rtp(1)), bytes)
            core.free(ours.inward)
            core.free(ours.outward)
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = grow(300)
    assert grow(1500) - before < 1500  # kB; a context takes 5 kB or more


def test_what_is_wrong_with_keys_is_said_without_them() -> None:
    assert why_unusable(keys(GCM)) is None
    assert why_unusable(SrtpKeys("", b"", b"")) is None
    assert why_unusable(SrtpKeys(CM_80, master(CM_80, 1), b"")) is None
    for wrong in (
        SrtpKeys(CM_80, b"secret", master(CM_80, 2)),
        SrtpKeys(CM_80, master(CM_80, 1), b"secret"),
        SrtpKeys("NULL", b"secret", b"secret"),
        SrtpKeys("", b"secret", b""),
    ):
        sentence = why_unusable(wrong)
        assert sentence is not None and "secret" not in sentence
