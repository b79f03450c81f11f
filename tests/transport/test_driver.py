"""The driver: effects in order, nothing raises through the loop, large requests over TCP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from softswitch.sip.effects import Effect, Flow, PassUp, Send, SetTimer
from softswitch.transport.datagrams.udp import UdpTransport
from softswitch.transport.driver import Driver, NoTransport
from softswitch.transport.oversize import PATIENCE
from softswitch.transport.tcp import TcpLimits, TcpTransport
from tests.transport.core import OPTIONS, OwnerOfNothing, RecordingCore, nobody, padded

HOST = "127.0.0.1"


class Peer(asyncio.DatagramProtocol):
    """A far end over UDP."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.received.put_nowait(data)


@pytest_asyncio.fixture
async def core() -> RecordingCore:
    return RecordingCore()


@pytest_asyncio.fixture
async def driver(core: RecordingCore) -> AsyncIterator[Driver]:
    driver = Driver(core, write_messages="line")
    limits = TcpLimits(connect_timeout=0.5)
    await driver.open(
        [
            UdpTransport(HOST, 0, driver.receive),
            TcpTransport(HOST, 0, driver.receive, limits=limits),
        ],
        nobody,
    )
    yield driver
    await driver.close()


@pytest_asyncio.fixture
async def peer() -> AsyncIterator[tuple[Peer, tuple[str, int]]]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Peer, local_addr=(HOST, 0))
    yield protocol, transport.get_extra_info("sockname")
    transport.close()
    await asyncio.sleep(0)


async def test_an_answer_leaves_from_the_socket_that_was_asked(
    core: RecordingCore, driver: Driver
) -> None:
    core.answer = lambda data, flow: [Send(b"SIP/2.0 200 OK\r\n\r\n", flow)]
    loop = asyncio.get_running_loop()
    local = driver.transports[0].local
    transport, protocol = await loop.create_datagram_endpoint(Peer, remote_addr=local)
    transport.sendto(OPTIONS)
    assert await protocol.received.get() == b"SIP/2.0 200 OK\r\n\r\n"
    transport.close()
    _, flow = core.messages.get_nowait()
    assert flow == Flow("udp", local, transport.get_extra_info("sockname"))
    assert driver.traffic.received == {"OPTIONS": 1}
    assert driver.traffic.sent == {"2xx": 1}


async def test_effects_that_are_asked_for_meanwhile_come_after_those_at_hand(
    core: RecordingCore, driver: Driver, peer: tuple[Peer, tuple[str, int]]
) -> None:
    far, address = peer
    flow = driver.flow("udp", address)
    later = [Send(b"third", flow)]
    driver.perform(
        [
            Send(b"first", flow),
            PassUp("event", lambda event: driver.perform(later)),
            Send(b"second", flow),
        ]
    )
    assert [await far.received.get() for _ in range(3)] == [b"first", b"second", b"third"]


async def test_an_exception_is_logged_with_the_call_id_and_the_next_message_taken(
    core: RecordingCore, driver: Driver, logged: list[Any]
) -> None:
    flow = driver.flow("udp", (HOST, 9))

    def broken(data: bytes, flow: Flow) -> list[Effect]:
        raise RuntimeError("a mistake of ours")

    core.answer = broken
    driver.receive(OPTIONS, flow)
    core.answer = lambda data, flow: []
    driver.receive(OPTIONS, flow)
    assert core.messages.qsize() == 2
    errors = [event for event in logged if event["log_level"] == "error"]
    assert [error["call"] for error in errors] == ["one@example.org"]
    assert driver.errors == 1


async def test_an_event_that_cannot_be_taken_is_logged_and_the_rest_performed(
    driver: Driver, peer: tuple[Peer, tuple[str, int]], logged: list[Any]
) -> None:
    def refuse(event: object) -> None:
        raise RuntimeError("no")

    driver.perform([PassUp("event", refuse), Send(b"after", driver.flow("udp", peer[1]))])
    assert await peer[0].received.get() == b"after"
    assert driver.errors == 1


async def test_what_cannot_be_sent_is_told_to_its_owner(
    core: RecordingCore, driver: Driver
) -> None:
    owner = OwnerOfNothing()
    driver.perform([Send(OPTIONS, Flow("tls", (HOST, 5061), (HOST, 9)), owner)])
    assert core.failed.get_nowait() is owner
    driver.perform([Send(b"x" * 70_000, driver.flow("udp", (HOST, 9)), owner)])
    driver.perform([Send(OPTIONS, Flow("udp", driver.transports[0].local, ("host", 9)), owner)])
    assert core.failed.get_nowait() is owner


async def test_the_calls_of_a_connection_go_on_by_the_one_that_took_its_place(
    core: RecordingCore, driver: Driver
) -> None:
    local = driver.transports[1].local
    readers = [await asyncio.open_connection(*local) for _ in range(3)]
    first, second, third = (
        Flow("tcp", local, writer.get_extra_info("sockname")) for _, writer in readers
    )

    async def heard(flow: Flow, place: int) -> bytes:
        driver.perform([Send(b"to the phone\n", flow)])
        async with asyncio.timeout(5):
            return await readers[place][0].readline()

    await asyncio.sleep(0.05)
    driver.moved(first, second)
    assert await heard(first, 1)
    assert core.gone == [first]
    driver.moved(second, third)
    assert await heard(first, 2)
    assert await heard(second, 2)
    driver.receive(OPTIONS, first)  # somebody else has that port now
    assert await heard(first, 0)
    driver.moved(third, second)
    driver.moved(second, third)
    assert await heard(third, 2)
    for _, writer in readers:
        writer.close()


async def test_a_timer_of_zero_seconds_fires(core: RecordingCore, driver: Driver) -> None:
    owner = OwnerOfNothing()
    driver.perform([SetTimer(owner, "I", 0.0), SetTimer(owner, "J", 0.001)])
    assert [await core.fired.get() for _ in range(2)] == [(owner, "I"), (owner, "J")]


async def test_a_large_request_goes_over_tcp_where_the_target_takes_it(
    core: RecordingCore, driver: Driver
) -> None:
    got: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.put_nowait(await reader.readexactly(1301))
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    request = padded(1301)
    flow = driver.flow("udp", server.sockets[0].getsockname())
    driver.perform([Send(request, flow), Send(request, flow)])
    assert await got.get() == request.replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP")
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.01)


async def test_a_large_request_falls_back_to_udp(
    driver: Driver, peer: tuple[Peer, tuple[str, int]]
) -> None:
    flow = driver.flow("udp", peer[1])
    for _ in range(2):
        driver.perform([Send(padded(1301), flow)])
        assert await peer[0].received.get() == padded(1301)


@pytest.fixture
def silent_port() -> Iterator[tuple[str, int]]:
    """A TCP port whose queue is full, so that it answers no further connection."""
    with contextlib.ExitStack() as opened:
        listening = opened.enter_context(socket.socket())
        listening.bind((HOST, 0))
        listening.listen(0)
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()


async def test_a_large_request_does_not_wait_for_a_connection_that_nobody_answers(
    driver: Driver, silent_port: tuple[str, int]
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(silent_port)
        phone.setblocking(False)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        driver.perform([Send(padded(1301), driver.flow("udp", silent_port))])
        async with asyncio.timeout(5):
            assert await loop.sock_recv(phone, 2000) == padded(1301)
        assert 0.5 * PATIENCE < loop.time() - begun < 2
        driver.perform([Send(padded(1302), driver.flow("udp", silent_port))])
        async with asyncio.timeout(0.5 * PATIENCE):
            assert await loop.sock_recv(phone, 2000) == padded(1302)


async def test_a_request_of_1300_octets_goes_over_udp(
    driver: Driver, peer: tuple[Peer, tuple[str, int]]
) -> None:
    driver.perform([Send(padded(1300), driver.flow("udp", peer[1]))])
    assert await peer[0].received.get() == padded(1300)


async def test_there_is_no_flow_without_a_socket_of_that_family(driver: Driver) -> None:
    with pytest.raises(NoTransport):
        driver.flow("udp", ("::1", 5060))


async def test_an_address_in_use_closes_what_was_opened(core: RecordingCore) -> None:
    driver = Driver(core)
    first = UdpTransport(HOST, 0, driver.receive)
    await driver.open([first], nobody)
    second = Driver(core)
    taken = UdpTransport(HOST, first.local[1], second.receive)
    with pytest.raises(OSError, match="in use"):
        await second.open([TcpTransport(HOST, 0, second.receive), taken], nobody)
    assert second.transports == []
    await driver.close()
