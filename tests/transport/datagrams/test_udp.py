"""The UDP socket: what is SIP, wildcard addresses, IPv6."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from softswitch.sip.effects import Flow
from softswitch.transport.addresses import primary_address
from softswitch.transport.datagrams import udp
from softswitch.transport.datagrams.udp import BATCH, UdpTransport
from tests.transport.core import OPTIONS


class Received:
    """A transport and what it received."""

    def __init__(self, host: str) -> None:
        self.messages: asyncio.Queue[tuple[bytes, Flow]] = asyncio.Queue()
        self.udp = UdpTransport(host, 0, lambda data, flow: self.messages.put_nowait((data, flow)))


@pytest_asyncio.fixture(params=["127.0.0.1", "0.0.0.0", "::1"])
async def switch(request: pytest.FixtureRequest) -> AsyncIterator[Received]:
    received = Received(request.param)
    await received.udp.open()
    yield received
    await received.udp.close()


def far_end(switch: Received) -> socket.socket:
    """A socket that is connected to the switch."""
    six = ":" in switch.udp.local[0]
    sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(("::1" if six else "127.0.0.1", switch.udp.local[1]))
    sock.settimeout(1)
    return sock


async def test_the_flow_names_the_address_that_the_far_end_sees(switch: Received) -> None:
    with far_end(switch) as phone:
        phone.send(OPTIONS)
        data, flow = await switch.messages.get()
        assert data == OPTIONS
        assert flow == Flow("udp", phone.getpeername()[:2], phone.getsockname()[:2])
        switch.udp.send(b"answer", flow)
        assert phone.recv(100) == b"answer"


async def test_keep_alives_and_noise_do_not_reach_the_core(switch: Received) -> None:
    with far_end(switch) as phone:
        for noise in (b"\r\n\r\n", b"\0\0\0\0", b"", b"\x00\x01\x00\x00!\x12\xa4B", b"\r\n"):
            phone.send(noise)
        phone.send(b"\r\n" + OPTIONS)
        data, _ = await switch.messages.get()
    assert data == OPTIONS
    assert switch.udp.ignored == 5


async def test_a_datagram_of_65_000_octets_arrives_whole(switch: Received) -> None:
    with far_end(switch) as phone:
        phone.send(OPTIONS + b"x" * 64_000)
        data, _ = await switch.messages.get()
    assert len(data) == len(OPTIONS) + 64_000


async def test_what_gathers_on_a_busy_socket_arrives_in_order(switch: Received) -> None:
    count = 4 * BATCH
    with far_end(switch) as phone:
        for number in range(count):
            phone.send(OPTIONS + b"%d" % number)
            if number % 8 == 0:
                await asyncio.sleep(0)
        arrived = [await switch.messages.get() for _ in range(count)]
    assert [data for data, _ in arrived] == [OPTIONS + b"%d" % number for number in range(count)]


async def test_what_a_busy_socket_sends_leaves_together_and_in_order(
    switch: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(udp, "BUSY", 0.0)
    monkeypatch.setattr(udp, "WINDOW", 0.0)
    told: list[str] = []
    with far_end(switch) as phone:
        phone.send(OPTIONS)
        _, flow = await switch.messages.get()
        switch.udp.send(b"one", flow)
        switch.udp.send(b"x" * 70_000, flow, lambda: told.append("too long"))
        switch.udp.send(b"two", flow)
        phone.setblocking(False)
        with pytest.raises(BlockingIOError):
            phone.recv(100)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        phone.settimeout(1)
        assert [phone.recv(100), phone.recv(100), told] == [b"one", b"two", ["too long"]]
        switch.udp.send(b"three", flow)
        await switch.udp.close()
        assert phone.recv(100) == b"three"


async def test_a_closed_socket_refuses_to_send(switch: Received) -> None:
    flow = switch.udp.flow_to(switch.udp.local)
    await switch.udp.close()
    with pytest.raises(OSError, match="closed"):
        switch.udp.send(b"x", flow)


async def test_a_name_is_refused_instead_of_looked_up(switch: Received) -> None:
    with pytest.raises(OSError, match="not a numeric address"):
        switch.udp.send(b"x", Flow("udp", switch.udp.local, ("localhost", 5060)))


def test_the_primary_address_is_ours() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((primary_address(), 0))


def test_remembered_flows_are_few_though_ports_are_many() -> None:
    transport = UdpTransport("127.0.0.1", 5060, lambda data, flow: None)
    for port in range(1024, 65_536):
        transport.flow_to(("192.0.2.1", port))
    assert transport.remembered <= 10_000
