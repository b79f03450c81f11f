"""Real worker processes for tests, and phones on loopback that talk to their ports."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

from softswitch.calls.ports.media_port import LegCodec, MediaPort
from softswitch.calls.ports.media_workers import MediaWorkers
from tests.ports import media_ports

PCMU = LegCodec(name="PCMU", receive_pt=0, send_pt=0)
PCMA = LegCodec(name="PCMA", receive_pt=8, send_pt=8)
EVENTS = LegCodec(name="telephone-event", receive_pt=101, send_pt=101)


class Phone(asyncio.DatagramProtocol):
    """A far end on loopback that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.pass_on: Callable[[bytes], None] | None = None
        "Where everything goes that it hears."
        self._transport: asyncio.DatagramTransport

    @classmethod
    async def ring(cls) -> Phone:
        loop = asyncio.get_running_loop()
        _, phone = await loop.create_datagram_endpoint(cls, local_addr=("127.0.0.1", 0))
        return phone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.address: tuple[str, int] = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.heard.append(data)
        if self.pass_on is not None:
            self.pass_on(data)

    def say(self, port: MediaPort, datagram: bytes) -> None:
        self._transport.sendto(datagram, ("127.0.0.1", port.rtp_port))

    def close(self) -> None:
        self._transport.close()


class RunningWorkers:
    """Worker processes, and phones that are hung up at the end."""

    def __init__(self, workers: MediaWorkers) -> None:
        self.workers = workers
        self.phones: list[Phone] = []

    async def party(
        self, *codecs: LegCodec, beside: MediaPort | None = None, timeout: float = 60.0
    ) -> tuple[Phone, MediaPort]:
        phone = await Phone.ring()
        self.phones.append(phone)
        port = await self.workers.open(beside)
        port.configure(remote=phone.address, codecs=codecs or [PCMU], timeout=timeout)
        return phone, port

    async def call(
        self, codec: LegCodec = PCMU, *more: LegCodec
    ) -> tuple[Phone, MediaPort, Phone, MediaPort]:
        """Join a party that speaks PCMU with one that speaks `codec`; both take `more`."""
        first, port = await self.party(PCMU, *more)
        second, other = await self.party(codec, *more, beside=port)
        port.join(other)
        await port.statistics()
        return first, port, second, other


@contextlib.asynccontextmanager
async def run_workers(
    ports: tuple[int, int] | None = None, *, workers: int = 1, **more: Any
) -> AsyncIterator[RunningWorkers]:
    ports = ports or media_ports()
    media = MediaWorkers(address="127.0.0.1", ports=ports, workers=workers, **more)
    await media.start()
    made = RunningWorkers(media)
    try:
        yield made
    finally:
        for phone in made.phones:
            phone.close()
        await media.stop()


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for a condition; fails when it does not come true in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - other processes set it
            await asyncio.sleep(0.005)
