"""aiortc as an independent far end: full ICE on loopback, DTLS-SRTP, packets of our own."""

from __future__ import annotations

import secrets
from unittest.mock import patch

from aioice import ice as aioice
from aiortc import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceCandidate,
    RTCIceGatherer,
    RTCIceParameters,
    RTCIceTransport,
)
from aiortc.rtcdtlstransport import SRTPProtectionProfile

from softswitch.calls.ports.media_port import Dtls, Ice, MediaPort, Security

DTLS = range(20, 64)
"First octets."


def new_ice() -> Ice:
    """Credentials of a leg, as signalling makes them."""
    return Ice(secrets.token_hex(4), secrets.token_hex(16))


class WebRtcPeer:
    """A far end like a browser's, without its sound."""

    def __init__(self, *, active: bool) -> None:
        """Be the client of DTLS if `active`."""
        self.active = active
        self.gatherer = RTCIceGatherer(iceServers=[])
        self.ice = RTCIceTransport(self.gatherer)
        self.ice._connection.ice_controlling = True
        self.dtls = RTCDtlsTransport(self.ice, [RTCCertificate.generateCertificate()])
        self.dtls._set_role("client" if active else "server")
        self.heard: list[bytes] = []
        "RTP packets, decrypted."
        self.rtcp: list[bytes] = []
        "RTCP packets, decrypted."
        self.dtls._handle_rtp_data = self._hear  # type: ignore[method-assign]
        self.dtls._handle_rtcp_data = self._hear_rtcp  # type: ignore[method-assign]

    async def _hear(self, data: bytes, arrival_time_ms: int) -> None:
        self.heard.append(data)

    async def _hear_rtcp(self, data: bytes) -> None:
        self.rtcp.append(data)

    @property
    def fingerprint(self) -> str:
        told = self.dtls.getLocalParameters().fingerprints
        (value,) = [each.value for each in told if each.algorithm == "sha-256"]
        return f"sha-256 {value}"

    def security(self, ice: Ice, **more: object) -> Security:
        """Return what protects the leg of this far end."""
        own = self.gatherer.getLocalParameters().usernameFragment or ""
        dtls = Dtls(active=not self.active, fingerprints=(self.fingerprint,))
        named = Ice(ice.ufrag, ice.pwd, their_ufrag=own)
        return Security(dtls=dtls, ice=named, mux=True)

    def lose(self, *, leaving: int = 0, arriving: int = 0) -> None:
        """Lose the first so many datagrams of DTLS, each way."""
        lost = {"leaving": leaving, "arriving": arriving}
        send, receive = self.ice._send, self.ice._recv

        def is_lost(way: str, datagram: bytes) -> bool:
            if datagram[0] not in DTLS or not lost[way]:
                return False
            lost[way] -= 1
            return True

        async def send_some(datagram: bytes) -> None:
            if not is_lost("leaving", datagram):
                await send(datagram)

        async def receive_some() -> bytes:
            while is_lost("arriving", datagram := await receive()):
                pass
            return datagram

        self.ice._send, self.ice._recv = send_some, receive_some  # type: ignore[method-assign]

    def speak_only(self, profile: SRTPProtectionProfile) -> None:
        self.dtls._srtp_profiles = [profile]

    async def connect(self, port: MediaPort, ice: Ice, fingerprint: str | None = None) -> None:
        """Find the port, and shake hands with it."""
        with patch.object(aioice, "get_host_addresses", lambda **_: ["127.0.0.1"]):
            await self.gatherer.gather()
        candidate = RTCIceCandidate(
            component=1,
            foundation="1",
            ip="127.0.0.1",
            port=port.rtp_port,
            priority=2130706431,
            protocol="udp",
            type="host",
        )
        await self.ice.addRemoteCandidate(candidate)
        await self.ice.addRemoteCandidate(None)
        await self.ice.start(RTCIceParameters(ice.ufrag, ice.pwd, iceLite=True))
        assert self.ice.state == "completed"
        value = (fingerprint or port.fingerprint).partition(" ")[2]
        told = RTCDtlsParameters([RTCDtlsFingerprint("sha-256", value)])
        await self.dtls.start(told)

    async def send(self, datagram: bytes) -> None:
        """Send anything from the address that was nominated."""
        await self.ice._send(datagram)

    async def say(self, packet: bytes) -> None:
        await self.dtls._send_rtp(packet)

    async def close(self) -> None:
        await self.dtls.stop()
        await self.ice.stop()
