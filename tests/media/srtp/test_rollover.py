"""Far ends whose rollover counter had counted on before their key came."""

from __future__ import annotations

import numpy as np
import pytest

from media.control.security import SrtpKeys
from media.legs import Bad, Legs
from media.srtp.core import SrtpCore
from media.srtp.protection import Protection
from media.srtp.rollover import MOST, context_for
from media.srtp.suites import SUITES
from tests.media.packets import rtp
from tests.media.srtp.peers import CORES, GCM, SecurePeer, keys

ROW = 2


@pytest.fixture(params=CORES)
def core(request: pytest.FixtureRequest) -> SrtpCore:
    made: SrtpCore = request.param()
    return made


def far_on(leg: SrtpKeys, extended: int) -> SecurePeer:
    """A far end that has counted up to there, the last packet not among it."""
    peer = SecurePeer(leg)
    for place in range(extended % 0x3FFF, extended, 0x3FFF):
        peer.protect(rtp(place))
    return peer


class Leg:
    """The packets of one row, one at a time."""

    def __init__(self, core: SrtpCore, leg: SrtpKeys) -> None:
        self.legs = Legs(4)
        self.protection = Protection(self.legs, core)
        self.protection.install(ROW, leg)

    def hear(self, datagram: bytes) -> bytes | Bad:
        matrix = np.zeros((1, 1600), np.uint8)
        matrix[0, : len(datagram)] = np.frombuffer(datagram, np.uint8)
        lengths = np.array([len(datagram)])
        refused = self.protection.unprotect(matrix, np.array([ROW]), lengths)
        if refused:
            return refused[0]
        self.legs.packets_in[ROW] += 1
        return matrix[0, : int(lengths[0])].tobytes()


@pytest.mark.parametrize("sequence", [0, 1, 0x7FFF, 0x8000, 0xFFFF])
@pytest.mark.parametrize("rollovers", [1, 2, 7, MOST - 1])
@pytest.mark.parametrize("suite", SUITES)
def test_a_far_end_is_followed_wherever_it_is(
    core: SrtpCore, suite: str, rollovers: int, sequence: int
) -> None:
    leg = keys(suite)
    extended = rollovers * 0x10000 + sequence
    peer, ours = far_on(leg, extended), Leg(core, leg)
    packets = [rtp(extended + place, payload=bytes([place]) * 160) for place in range(4)]
    heard = [ours.hear(peer.protect(packet)) for packet in packets]
    assert heard == [Bad.SRTP_AUTH, *packets[1:]]


def test_it_is_followed_through_its_next_rollover(core: SrtpCore) -> None:
    leg = keys(GCM)
    peer, ours = far_on(leg, 0x3FFFE), Leg(core, leg)
    ours.hear(peer.protect(rtp(0x3FFFE)))
    for extended in (0x3FFFF, 0x40000, 0x40002):
        packet = peer.protect(rtp(extended))
        assert ours.hear(packet) == rtp(extended)
        assert ours.hear(packet) is Bad.SRTP_REPLAY


def test_a_packet_of_another_key_or_source_fits_nowhere(core: SrtpCore) -> None:
    leg = keys()
    key = (leg.suite, leg.theirs)
    stranger = far_on(keys(theirs=102), 0x20000)
    assert context_for(core, key, stranger.protect(rtp(0x20000))) is None
    assert context_for(core, key, bytes(12)) is None
    assert context_for(core, key, b"") is None
    protected = bytearray(far_on(leg, 0x20000).protect(rtp(0x20000)))
    protected[11] ^= 1
    assert context_for(core, key, bytes(protected)) is None
    assert len(core) == 0  # type: ignore[arg-type]


def test_rubbish_is_looked_at_ever_less_often(
    core: SrtpCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[bytes] = []
    monkeypatch.setattr(
        "media.srtp.protection.context_for", lambda core, key, packet: tried.append(packet)
    )
    leg, stranger = keys(), SecurePeer(keys(theirs=102))
    ours = Leg(core, leg)
    for sequence in range(1000):
        assert ours.hear(stranger.protect(rtp(sequence))) is Bad.SRTP_AUTH
    assert len(tried) == 10


def test_a_key_that_has_opened_something_is_not_searched_for(
    core: SrtpCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    leg = keys()
    ours, peer, stranger = Leg(core, leg), SecurePeer(leg), SecurePeer(keys(theirs=102))
    assert ours.hear(peer.protect(rtp(1))) == rtp(1)
    monkeypatch.setattr("media.srtp.protection.context_for", pytest.fail)
    for sequence in range(100, 110):
        assert ours.hear(stranger.protect(rtp(sequence))) is Bad.SRTP_AUTH
    assert ours.hear(peer.protect(rtp(2))) == rtp(2)


def test_a_row_without_its_key_tries_nothing(
    core: SrtpCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("media.srtp.protection.context_for", pytest.fail)
    leg, stranger = keys(), SecurePeer(keys(theirs=102))
    ours = Leg(core, leg)
    assert ours.hear(stranger.protect(rtp(1))) is Bad.SRTP_AUTH
    ours.protection.withhold(ROW)
    assert ours.hear(stranger.protect(rtp(2))) is Bad.SRTP_AUTH
    ours.protection.install(ROW, leg)
    assert ours.hear(SecurePeer(leg).protect(rtp(1))) == rtp(1)
