"""A worker process and aiortc: ICE, DTLS-SRTP in both roles, RTP and RTCP on one port."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80
from msgspec.structs import replace

from media.rtp import rtcp
from softswitch.calls.ports.media_port import (
    Dtls,
    Ice,
    MediaInsecure,
    MediaPort,
    MediaSecured,
    Security,
)
from tests.media.packets import rtp
from tests.media.secure.checks import check
from tests.media.secure.dtls_peer import DtlsPeer
from tests.system.media.webrtc_peer import WebRtcPeer, new_ice
from tests.system.media.workers import PCMU, Phone, RunningWorkers, until

SUITES = {
    "AEAD_AES_128_GCM": SRTP_AEAD_AES_128_GCM,
    "AES_CM_128_HMAC_SHA1_80": SRTP_AES128_CM_SHA1_80,
}


class WebRtcParties:
    """Far ends that are hung up at the end, and what was told of their ports."""

    def __init__(self, running: RunningWorkers, monkeypatch: pytest.MonkeyPatch) -> None:
        self.running = running
        self._monkeypatch = monkeypatch
        self.peers: list[WebRtcPeer] = []
        self.told: dict[int, list[object]] = {}

    async def open(self, beside: MediaPort | None = None) -> MediaPort:
        port = await self.running.workers.open(beside)
        self.told[port.rtp_port] = told = []
        self._monkeypatch.setattr(port, "happened", told.append)
        return port

    def peer(self, *, active: bool) -> WebRtcPeer:
        self.peers.append(WebRtcPeer(active=active))
        return self.peers[-1]

    async def party(
        self, *, active: bool = True, beside: MediaPort | None = None
    ) -> tuple[WebRtcPeer, MediaPort]:
        """Return a far end whose keys are agreed, and its port."""
        peer, port, ice = self.peer(active=active), await self.open(beside), new_ice()
        port.configure(remote=None, codecs=[PCMU], security=peer.security(ice))
        await peer.connect(port, ice)
        await until(lambda: bool(self.told[port.rtp_port]))
        return peer, port


@pytest_asyncio.fixture
async def parties(
    running: RunningWorkers, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[WebRtcParties]:
    made = WebRtcParties(running, monkeypatch)
    yield made
    await asyncio.gather(*(peer.close() for peer in made.peers))


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("active", [True, False], ids=["they begin", "we begin"])
async def test_both_sides_hear_each_other(parties: WebRtcParties, active: bool, suite: str) -> None:
    phone, plain = await parties.running.party()
    peer, port, ice = parties.peer(active=active), await parties.open(plain), new_ice()
    peer.speak_only(SUITES[suite])
    port.configure(remote=None, codecs=[PCMU], security=peer.security(ice))
    port.join(plain)
    await peer.connect(port, ice)
    told = parties.told[port.rtp_port]
    await until(lambda: bool(told))
    assert told == [MediaSecured(leg=port._leg, suite=suite)]
    for sequence in range(20):
        await peer.say(rtp(sequence, payload=b"\x11" * 160))
        phone.say(plain, rtp(sequence, ssrc=9, payload=b"\x22" * 160))
        await asyncio.sleep(0.005)
    await until(lambda: len(phone.heard) == len(peer.heard) == 20)
    assert {packet[12:] for packet in phone.heard} == {b"\x11" * 160}
    assert {packet[12:] for packet in peer.heard} == {b"\x22" * 160}
    statistics = await port.close()
    assert (statistics.packets_in, statistics.packets_out, statistics.lost) == (20, 20, 0)
    assert statistics.bad == {}


async def test_two_of_them_hear_each_other(parties: WebRtcParties) -> None:
    first, port = await parties.party()
    second, other = await parties.party(active=False, beside=port)
    port.join(other)
    await port.statistics()
    for sequence in range(20):
        await first.say(rtp(sequence, payload=b"\x11" * 160))
        await second.say(rtp(sequence, ssrc=9, payload=b"\x22" * 160))
        await asyncio.sleep(0.005)
    await until(lambda: len(first.heard) == len(second.heard) == 20)
    assert {packet[12:] for packet in second.heard} == {b"\x11" * 160}
    assert {packet[12:] for packet in first.heard} == {b"\x22" * 160}


async def test_sound_of_our_own_is_encrypted(parties: WebRtcParties) -> None:
    peer, port = await parties.party()
    port.play_tone("dial")
    await until(lambda: len(peer.heard) >= 10)
    assert len({packet[8:12] for packet in peer.heard}) == 1
    assert any(len(set(packet[12:])) > 10 for packet in peer.heard)


async def test_reports_come_and_go_by_the_rtp_port(parties: WebRtcParties) -> None:
    peer, port = await parties.party()
    port.echo()
    await port.statistics()
    for sequence in range(10):
        await peer.say(rtp(sequence))
    await until(lambda: bool(peer.rtcp), seconds=10.0)
    compound = rtcp.parse(peer.rtcp[0])
    (report,) = compound.reports
    assert report.sender is not None
    assert report.sender.packets == 10
    (block,) = report.blocks
    assert block.ssrc == 0x1234
    lost = rtcp.ReportBlock(report.ssrc, 0, 5, 10, 80, 0, 0)
    await peer.say(rtcp.build_report(rtcp.RtcpReport(0x1234, None, (lost,)), "peer"))
    await asyncio.sleep(0.2)
    statistics = await port.statistics()
    assert (statistics.remote_lost, statistics.remote_jitter_ms) == (5, 10.0)


@pytest.mark.parametrize("active", [True, False], ids=["they begin", "we begin"])
async def test_handshakes_survive_loss(parties: WebRtcParties, active: bool) -> None:
    """First flights are lost each way, and of a handshake that they begin the last one, too."""
    peer, port, ice = parties.peer(active=active), await parties.open(), new_ice()
    port.configure(remote=None, codecs=[PCMU], security=peer.security(ice))
    peer.lose(leaving=2, arriving=2)
    await peer.connect(port, ice)
    await until(lambda: bool(parties.told[port.rtp_port]))
    assert isinstance(parties.told[port.rtp_port][0], MediaSecured)
    assert peer.dtls.state == "connected"


async def test_a_handshake_before_the_answer_is_good(parties: WebRtcParties) -> None:
    peer, port, ice = parties.peer(active=True), await parties.open(), new_ice()
    port.expect(Security(dtls=Dtls(active=False, fingerprints=()), ice=ice, mux=True))
    await peer.connect(port, ice)
    assert peer.dtls.state == "connected"
    assert parties.told[port.rtp_port] == []
    port.configure(remote=None, codecs=[PCMU], security=peer.security(ice))
    await until(lambda: bool(parties.told[port.rtp_port]))
    assert isinstance(parties.told[port.rtp_port][0], MediaSecured)


async def test_a_wrong_fingerprint_is_told_of(parties: WebRtcParties) -> None:
    peer, other = parties.peer(active=True), parties.peer(active=True)
    port, ice = await parties.open(), new_ice()
    wrong = Dtls(active=False, fingerprints=(other.fingerprint,))
    security = Security(dtls=wrong, ice=ice, mux=True)
    port.configure(remote=None, codecs=[PCMU], security=security)
    port.echo()
    await port.statistics()
    await peer.connect(port, ice)
    await until(lambda: bool(parties.told[port.rtp_port]))
    (told,) = parties.told[port.rtp_port]
    assert isinstance(told, MediaInsecure)
    assert "certificate" in told.reason
    await peer.say(rtp(1))
    await asyncio.sleep(0.1)
    assert peer.heard == []


async def test_who_is_shown_another_certificate_than_ours_goes_away(
    parties: WebRtcParties,
) -> None:
    peer, port, ice = parties.peer(active=True), await parties.open(), new_ice()
    port.configure(remote=None, codecs=[PCMU], security=peer.security(ice))
    await peer.connect(port, ice, fingerprint="sha-256 " + ":".join(["00"] * 32))
    assert peer.dtls.state == "failed"


async def test_forgeries_and_noise_do_no_harm(parties: WebRtcParties) -> None:
    """Strangers send checks, handshakes and noise; the far end itself sends noise, too."""
    peer, port = await parties.party()
    port.echo()
    await port.statistics()
    stranger = await Phone.ring()
    parties.running.phones.append(stranger)
    chance = random.Random(7)
    alert = bytes.fromhex("15fefd000000000000000000020228")
    for sequence in range(50):
        for _ in range(20):
            noise = bytes([chance.choice((0, 1, 20, 22, 63, 70, 128))]) + chance.randbytes(
                chance.choice((0, 1, 12, 19, 60, 172, 1499))
            )
            stranger.say(port, noise)
            await peer.send(noise)
        stranger.say(port, check(Ice("guess", "of-a-password-of-24-signs")))
        for datagram in (alert, DtlsPeer(active=True).go_on()[0]):
            stranger.say(port, datagram)
            await peer.send(datagram)
        await peer.say(rtp(sequence))
        await asyncio.sleep(0.01)
    await until(lambda: len(peer.heard) == 50)
    assert stranger.heard == []
    statistics = await port.statistics()
    assert (statistics.packets_in, statistics.lost) == (50, 0)
    assert {"check", "version", "srtp_auth", "unknown_source"} <= statistics.bad.keys()
    await asyncio.sleep(1.0)
    assert parties.running.workers.reports()[0].faults == 0


async def test_half_handshakes_of_many_legs_hold_nothing_up(parties: WebRtcParties) -> None:
    """A hundred legs get a ClientHello and nothing more, while a call goes on."""
    peer, port = await parties.party()
    port.echo()
    await port.statistics()
    stranger = await Phone.ring()
    parties.running.phones.append(stranger)
    halves = []
    for _ in range(100):
        half, ice = await parties.open(), new_ice()
        dtls = Dtls(active=False, fingerprints=(peer.fingerprint,))
        half.configure(remote=None, codecs=[PCMU], security=Security(dtls=dtls, ice=ice, mux=True))
        await half.statistics()
        stranger.say(half, check(replace(ice, their_ufrag="any")))
        halves.append(half)
    await until(lambda: len(stranger.heard) >= 100)
    for half in halves:
        stranger.say(half, DtlsPeer(active=True).go_on()[0])
    for sequence in range(50):
        await peer.say(rtp(sequence))
        await asyncio.sleep(0.01)
    await until(lambda: len(peer.heard) == 50)
    # The worker answers a few handshakes a tick, so that none of them delays it.
    await until(lambda: sum(datagram[0] == 22 for datagram in stranger.heard) >= 100)
    for half in halves:
        await half.close()
    assert parties.told[port.rtp_port][1:] == []
