"""A worker process and aiortc: ICE, DTLS-SRTP in both roles, RTP and RTCP on one port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80

from softswitch.calls.ports.media_port import MediaPort, MediaSecured
from tests.media.packets import rtp
from tests.system.media.webrtc_peer import WebRtcPeer, new_ice
from tests.system.media.workers import PCMU, RunningWorkers, until

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
