"""The sound of a demo phone: its tone in RTP, and what arrived, measured (RFC 3550, G.711).

The tone carries a little noise, so that no two packets are alike: a packet that arrives is known by
its payload, whatever the switch did to its header, and so is the moment when it was sent.
"""

from __future__ import annotations

import asyncio
import secrets
import statistics
import struct
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 8_000
"Samples a second."
FRAME = 160
"Samples in a packet: 20 ms."
LEVEL = 8_000
"Amplitude of a tone; full scale is 32,767."
NOISE = 200
HEADER = struct.Struct("!BBHII")
"Version and flags, marker and payload type, sequence number, timestamp, SSRC."
VERSION = 0x80
NOT_SPOKEN = 300
"An amplitude below which there is nothing to hear."


def _mu_law() -> NDArray[np.int16]:
    """The sample that each octet stands for (G.711 table 2a)."""
    code = ~np.arange(256) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 132) << ((code >> 4) & 0x07)) - 132
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


DECODED = _mu_law()
_ORDER = np.argsort(DECODED, kind="stable")
_BOUNDS = (DECODED[_ORDER][1:].astype(int) + DECODED[_ORDER][:-1]) / 2


def encode(samples: NDArray[np.float64]) -> bytes:
    """Samples to the nearest octets of µ-law."""
    return _ORDER[np.searchsorted(_BOUNDS, samples)].astype(np.uint8).tobytes()


def decode(payload: bytes) -> NDArray[np.float64]:
    """Octets of µ-law to samples."""
    return DECODED[np.frombuffer(payload, np.uint8)].astype(np.float64)


def frequency_of(samples: NDArray[np.float64]) -> float:
    """The strongest frequency in Hz, to an eighth of one; 0 when there is nothing to hear."""
    if len(samples) < RATE // 4 or np.abs(samples).max() < NOT_SPOKEN:
        return 0.0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * RATE))
    return float(np.argmax(spectrum)) / 8


@dataclass(frozen=True, slots=True)
class ToneHeard:
    """What one side heard of the other."""

    frequency: float
    "Hz."
    sent: int
    "Packets that the other side sent."
    received: int
    delays: tuple[float, ...]
    "Seconds from one phone to the other, of each packet."

    @property
    def lost(self) -> int:
        """Packets that never came."""
        return self.sent - self.received

    @property
    def typical_delay(self) -> float:
        """The median in milliseconds; 0 when nothing came."""
        return statistics.median(self.delays) * 1000 if self.delays else 0.0

    @property
    def longest_delay(self) -> float:
        """In milliseconds; 0 when nothing came."""
        return max(self.delays, default=0.0) * 1000


class PhoneSound(asyncio.DatagramProtocol):
    """One phone's RTP: sends its tone and keeps what comes."""

    def __init__(self, frequency: float) -> None:
        self.frequency = frequency
        self.address = ("", 0)
        "Ours, for the description."
        self._sent: dict[bytes, float] = {}
        self._heard: list[tuple[float, bytes]] = []
        self._random = np.random.default_rng()
        self._sender: asyncio.Task[None] | None = None
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        """Take a port of 127.0.0.1."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self.address = self._transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Keep the payload of a packet and when it came."""
        if len(data) == HEADER.size + FRAME and data[0] == VERSION:
            self._heard.append((time.perf_counter(), data[HEADER.size :]))

    def speak(self, remote: tuple[str, int]) -> None:
        """Send the tone to an address until `stop`."""
        self._sender = asyncio.create_task(self._speak(remote), name=f"tone {self.frequency}")

    async def _speak(self, remote: tuple[str, int]) -> None:
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        begin, ssrc, first = loop.time(), secrets.randbits(32), secrets.randbits(15)
        number = 0
        while True:
            payload = self._frame(number)
            packet = HEADER.pack(VERSION, 0, (first + number) & 0xFFFF, number * FRAME, ssrc)
            self._sent[payload] = time.perf_counter()
            self._transport.sendto(packet + payload, remote)
            number += 1
            await asyncio.sleep(begin + number * FRAME / RATE - loop.time())

    def _frame(self, number: int) -> bytes:
        times = np.arange(number * FRAME, (number + 1) * FRAME) / RATE
        tone = LEVEL * np.sin(2 * np.pi * self.frequency * times)
        return encode(tone + self._random.uniform(-NOISE, NOISE, FRAME))

    async def stop(self) -> None:
        """Say no more."""
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)

    def heard_of(self, other: PhoneSound) -> ToneHeard:
        """Compare what came with what the other side sent."""
        arrived = {payload: at for at, payload in reversed(self._heard) if payload in other._sent}
        samples = [decode(payload) for _, payload in self._heard]
        return ToneHeard(
            frequency=frequency_of(np.concatenate(samples)) if samples else 0.0,
            sent=len(other._sent),
            received=len(arrived),
            delays=tuple(at - other._sent[payload] for payload, at in arrived.items()),
        )

    async def close(self) -> None:
        """Give the port back."""
        await self.stop()
        if self._transport is not None:
            self._transport.close()
