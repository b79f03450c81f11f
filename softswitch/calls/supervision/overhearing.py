"""A listener that is no phone: what the parties of a call say, as samples, while it lasts.

A port of the media worker hears the parties as that of a supervisor does. It sends L16 (RFC 3551
section 4.5.11) to a socket of this process, fifty packets a second. A reader that is slow loses the
oldest of them; nothing waits for it.
"""

from __future__ import annotations

import array
import asyncio
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Protocol

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party
from softswitch.calls.endings.states import FINAL
from softswitch.calls.ports.media_port import LegCodec, MediaPort, OnWorker
from softswitch.calls.supervision.third_port import ThirdPort

RATE = 16_000
"Samples a second."
PAYLOAD_TYPE = 96
L16 = LegCodec(name="L16", clock=RATE, receive_pt=PAYLOAD_TYPE, send_pt=PAYLOAD_TYPE)
KEPT = 100
"Packets that wait for the reader: two seconds."
LONGEST_GAP = 1.0
"Seconds of silence at most that stand for packets that have not come."
_HEAD = 12
"Octets of an RTP header without CSRCs (RFC 3550 section 5.1)."


class MorePorts(Protocol):
    """Opens ports: the media workers."""

    async def open(self, beside: OnWorker | None = None) -> MediaPort:
        """A port on the same worker. Raises NoPortFree, WorkerGone."""


class Overheard(asyncio.DatagramProtocol):
    """What has been heard and not been read yet."""

    def __init__(self) -> None:
        self._packets: deque[bytes] = deque(maxlen=KEPT)
        self._more = asyncio.Event()
        self._due: int | None = None
        "The RTP timestamp that follows the last packet."
        self.is_over = False
        "Whether the call has ended, or cannot be heard any more."

    def datagram_received(self, data: bytes, _address: object) -> None:
        """Take a packet of the worker; what is no RTP is dropped, and what comes after the end."""
        head = _HEAD + 4 * (data[0] & 0x0F) if data else _HEAD
        if len(data) <= head or data[0] >> 6 != 2 or data[1] & 0x7F != PAYLOAD_TYPE:
            return
        if self.is_over:
            return
        samples = array.array("h", data[head : len(data) & ~1])
        if sys.byteorder == "little":
            samples.byteswap()
        timestamp = int.from_bytes(data[4:8], "big")
        gap = 0 if self._due is None else (timestamp - self._due) & 0xFFFF_FFFF
        self._due = (timestamp + len(samples)) & 0xFFFF_FFFF
        silence = bytes(2 * gap) if gap <= LONGEST_GAP * RATE else b""
        self._packets.append(silence + _little(samples))
        self._more.set()

    async def next(self) -> bytes:
        """What was said since the last look, 16 bits a sample, the low octet first; waits for it.

        Silence where nothing comes for `LONGEST_GAP`. Empty once it is over.
        """
        while not self._packets:
            if self.is_over:
                return b""
            self._more.clear()
            try:
                async with asyncio.timeout(LONGEST_GAP):
                    await self._more.wait()
            except TimeoutError:
                self._due = None
                return bytes(2 * round(LONGEST_GAP * RATE))
        said = b"".join(self._packets)
        self._packets.clear()
        return said

    def end(self) -> None:
        """Let the reader come to an end."""
        self.is_over = True
        self._more.set()


def _little(samples: array.array[int]) -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


@asynccontextmanager
async def overhearing(
    ports: MorePorts, call: Call, heard: Callable[[], Iterable[Party]]
) -> AsyncIterator[Overheard]:
    """Hear the parties that `heard` names, who may become others while the call lasts.

    It is over when `heard` names nobody any more. That is asked with every change of the call.

    Raises LookupError where none of them has a port, NoPortFree, WorkerGone, and OSError.
    """
    first = next((party.audio.port for party in heard() if party.audio.port is not None), None)
    if first is None:
        raise LookupError(f"nobody of call {call.id} can be heard")
    port = await ports.open(first)
    port.call_id = call.id
    try:
        async with _listening(port) as overheard:
            third = ThirdPort(port)

            def arrange() -> None:
                parties = () if call.state in FINAL else tuple(heard())
                wanted = {party.audio.port for party in parties}
                third.arrange([each for each in third.beside(call) if each in wanted], ())
                if not parties:
                    overheard.end()

            port.gone.add_done_callback(lambda _: overheard.end())
            stop = call.listen(lambda _call, _state: arrange())
            try:
                arrange()
                yield overheard
            finally:
                stop()
                third.leave()
    finally:
        port.close()


@asynccontextmanager
async def _listening(port: MediaPort) -> AsyncIterator[Overheard]:
    """A socket of this process to which a port sends what it hears."""
    inside = port.inside((port.address, 0))
    assert inside is not None
    loop = asyncio.get_running_loop()
    transport, overheard = await loop.create_datagram_endpoint(Overheard, local_addr=(inside[0], 0))
    try:
        port.configure(
            remote=transport.get_extra_info("sockname")[:2],
            codecs=[L16],
            direction="sendonly",
            timeout=0.0,
            inside=True,
        )
        yield overheard
    finally:
        transport.close()
