"""The sound of a phone made of text: in the clear, or secured by libsrtp and aiortc.

Nothing of ours secures it: libsrtp encrypts by keys of SDES, aiortc shakes hands by DTLS.
"""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
from typing import Any, cast

import numpy as np
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from pylibsrtp import Error, Policy, Session

from media.codecs import g711
from tests.system.peer import media_address
from tests.system.signals import share, tone

FRAME = 160
"Samples of a packet."
SSRC = 0x5EC0DE

GCM, CM_80, CM_32 = (
    "AEAD_AES_128_GCM",
    "AES_CM_128_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32",
)
PROFILES = {
    GCM: (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28),
    CM_80: (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30),
    CM_32: (Policy.SRTP_PROFILE_AES128_CM_SHA1_32, 30),
}
"By the names of suites: those of libsrtp, and the octets of key and salt."


def attribute(text: str, name: str) -> str:
    """The value of an attribute in a description; empty when it is not there."""
    found = re.search(rf"^a={name}:(.*?)\r?$", text, re.MULTILINE)
    return found[1] if found else ""


class Voice(asyncio.DatagramProtocol):
    """In the clear; the others do more."""

    profile = "RTP/AVP"
    suite = ""
    "What the switch says secures it."

    def __init__(self, format_: str = "PCMU") -> None:
        self.format = format_
        "PCMU, or L16 with 8,000 samples a second."
        self.packets: list[bytes] = []
        "RTP that came, in the clear."
        self.spoilt = 0
        "Packets that came and could not be decrypted."
        self.port = 0
        self.target: tuple[str, int] = ("", 0)
        self._left: set[tuple[str, int]] = set()
        "Where they were before: what is still on its way from there was protected by other keys."
        self._transport: asyncio.DatagramTransport
        self._sequence = secrets.randbelow(1000)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self.port = self._transport.get_extra_info("sockname")[1]

    # -- descriptions ------------------------------------------------------------------------------

    def describe(self, offer: str = "", *, direction: str = "sendrecv", version: int = 1) -> str:
        """Our offer, or our answer to theirs."""
        profile = re.findall(r"^m=audio \d+ (\S+)", offer, re.MULTILINE)
        number = "0" if self.format == "PCMU" else "96"
        lines = (
            "v=0",
            f"o=- 1 {version} IN IP4 127.0.0.1",
            "s=-",
            "c=IN IP4 127.0.0.1",
            "t=0 0",
            f"m=audio {self.port} {profile[0] if profile else self.profile} {number}",
            *([] if number == "0" else ["a=rtpmap:96 L16/8000"]),
            f"a={direction}",
            *self.lines(offer),
        )
        return "\r\n".join(lines) + "\r\n"

    def lines(self, offer: str) -> list[str]:
        """More lines of a description."""
        return []

    async def agree(self, theirs: str) -> None:
        """Take their description, which is the answer or was the offer."""
        before, self.target = self.target, media_address(theirs)
        self._left = (self._left | {before}) - {self.target}

    async def ready(self) -> None:
        """Wait until sound can be sent and heard."""

    # -- sound -------------------------------------------------------------------------------------

    async def play(self, frequency: float, seconds: float) -> None:
        """Send a tone, 20 ms a packet, and keep to the clock."""
        samples = np.frombuffer(tone(frequency, seconds), "<i2")
        loop = asyncio.get_running_loop()
        began = loop.time()
        for count in range(len(samples) // FRAME):
            frame = samples[count * FRAME : (count + 1) * FRAME]
            payload = g711.encode_ulaw(frame).tobytes() if self.format == "PCMU" else b""
            number = self._sequence % 2**16
            head = bytes((0x80, 0 if self.format == "PCMU" else 96)) + number.to_bytes(2, "big")
            head += (self._sequence * FRAME % 2**32).to_bytes(4, "big") + SSRC.to_bytes(4, "big")
            await self.put(head + (payload or frame.astype(">i2").tobytes()))
            self._sequence += 1
            await asyncio.sleep(began + (count + 1) * 0.02 - loop.time())

    async def put(self, packet: bytes) -> None:
        """Send a packet of RTP."""
        self._transport.sendto(packet, self.target)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if addr not in self._left:
            self.take(data)

    def take(self, data: bytes) -> None:
        """Take a datagram from where they are."""
        if not 192 <= data[1] < 224:
            self.hear(data)

    def hear(self, packet: bytes) -> None:
        """Take what came."""
        self.packets.append(packet)

    def share(self, frequency: float) -> float:
        """How much of the sound that came is this tone, 0 to 1."""
        payloads = b"".join(packet[12:] for packet in self.packets)
        if self.format == "PCMU":
            samples = g711.decode_ulaw(np.frombuffer(payloads, np.uint8))
        else:
            samples = np.frombuffer(payloads, ">i2").astype("<i2")
        return share(samples.tobytes(), frequency)

    @property
    def lost(self) -> int:
        """Packets that are missing between the first and the last that came."""
        numbers = {int.from_bytes(packet[2:4], "big") for packet in self.packets}
        first = int.from_bytes(self.packets[0][2:4], "big") if self.packets else 0
        places = {(number - first) % 2**16 for number in numbers}
        return max(places, default=-1) + 1 - len(places)

    async def close(self) -> None:
        self._transport.close()


class SdesVoice(Voice):
    """SRTP with keys of `a=crypto`."""

    profile = "RTP/SAVP"

    def __init__(self, suite: str, format_: str = "PCMU", *, profile: str = "RTP/SAVP") -> None:
        super().__init__(format_)
        self.suite, self.profile = suite, profile
        self.key = secrets.token_bytes(PROFILES[suite][1])
        self._tag = "1"
        self._out: Session | None = None
        self._in: Session | None = None

    def lines(self, offer: str) -> list[str]:
        if offer:
            self._tag = self._line(offer)[0]
        return [f"a=crypto:{self._tag} {self.suite} inline:{base64.b64encode(self.key).decode()}"]

    def rekey(self) -> None:
        """Take another key for the next description."""
        self.key = secrets.token_bytes(PROFILES[self.suite][1])

    def _line(self, text: str) -> tuple[str, bytes]:
        """Tag and key of their line of our suite."""
        found = re.search(rf"^a=crypto:(\d+) {self.suite} inline:([^|\s]+)", text, re.MULTILINE)
        assert found is not None, text
        return found[1], base64.b64decode(found[2])

    async def agree(self, theirs: str) -> None:
        await super().agree(theirs)
        profile, _ = PROFILES[self.suite]
        outbound, inbound = Policy.SSRC_ANY_OUTBOUND, Policy.SSRC_ANY_INBOUND
        self._out = Session(Policy(self.key, outbound, srtp_profile=profile))
        self._in = Session(Policy(self._line(theirs)[1], inbound, srtp_profile=profile))

    async def put(self, packet: bytes) -> None:
        assert self._out is not None
        await super().put(self._out.protect(packet))

    def hear(self, packet: bytes) -> None:
        try:
            assert self._in is not None
            super().hear(self._in.unprotect(packet))
        except Error:
            self.spoilt += 1


class _Wire:
    """A socket as aiortc wants its transports, without the checks of ICE."""

    role = "controlling"

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self.arrived: asyncio.Queue[bytes] = asyncio.Queue()

    async def _recv(self) -> bytes:
        return await self.arrived.get()

    async def _send(self, data: bytes) -> None:
        await Voice.put(self._voice, data)


class DtlsVoice(Voice):
    """SRTP with keys of a handshake, RTCP on the RTP port, no ICE."""

    profile = "UDP/TLS/RTP/SAVP"
    suite = GCM
    "The switch is the server of the handshake and takes this first."

    def __init__(self, format_: str = "PCMU", *, setup: str = "active") -> None:
        """`setup` is our role where the choice is ours."""
        super().__init__(format_)
        self._setup = setup
        self._certificate = RTCCertificate.generateCertificate()
        self._shown = self._certificate
        self._theirs = ""
        self._handshake: asyncio.Task[None] | None = None
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._wire = _Wire(self)
        self._dtls = RTCDtlsTransport(cast(Any, self._wire), [self._certificate])
        self._dtls._handle_rtp_data = self._hear_rtp  # type: ignore[method-assign]
        self._dtls._handle_rtcp_data = self._hear_rtcp  # type: ignore[method-assign]

    def lie(self) -> None:
        """Show the fingerprint of another certificate."""
        self._shown = RTCCertificate.generateCertificate()

    @property
    def fingerprint(self) -> str:
        own = self._shown.getFingerprints()
        return next(f"sha-256 {each.value}" for each in own if each.algorithm == "sha-256")

    def lines(self, offer: str) -> list[str]:
        setup = self._setup if offer else "actpass"
        return [f"a=fingerprint:{self.fingerprint}", f"a=setup:{setup}", "a=rtcp-mux"]

    async def agree(self, theirs: str) -> None:
        await super().agree(theirs)
        if attribute(theirs, "fingerprint") == self._theirs:
            return
        if self._theirs:
            await self._end()
            self._begin_anew()
        self._theirs = attribute(theirs, "fingerprint")
        said = attribute(theirs, "setup")
        active = said == "passive" or (said == "actpass" and self._setup == "active")
        self._dtls._set_role("client" if active else "server")
        algorithm, _, value = attribute(theirs, "fingerprint").partition(" ")
        told = RTCDtlsParameters([RTCDtlsFingerprint(algorithm, value)])
        self._handshake = asyncio.create_task(self._dtls.start(told))

    async def ready(self) -> None:
        assert self._handshake is not None
        async with asyncio.timeout(5):
            await self._handshake
        assert self._dtls.state == "connected"

    async def put(self, packet: bytes) -> None:
        await self._dtls._send_rtp(packet)

    def take(self, data: bytes) -> None:
        self._wire.arrived.put_nowait(data)

    async def _hear_rtp(self, data: bytes, arrival_time_ms: int) -> None:
        self.hear(data)

    async def _hear_rtcp(self, data: bytes) -> None:
        """Reports are not what is looked at here."""

    async def _end(self) -> None:
        running = self._dtls._task
        await self._dtls.stop()
        waiting = [task for task in (self._handshake, running) if task is not None]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def close(self) -> None:
        await self._end()
        await super().close()
