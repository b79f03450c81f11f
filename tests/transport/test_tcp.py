"""The connection table over real loopback sockets: framing, reuse, limits, time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from softswitch.sip.effects import Flow
from softswitch.transport.places import Places
from softswitch.transport.tcp import LIVELINESS, TcpLimits, TcpTransport
from tests.transport.core import OPTIONS, padded

HOST = "127.0.0.1"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Switch:
    """A transport and what it received."""

    def __init__(self, places: Places | None = None, **limits: float) -> None:
        self.messages: asyncio.Queue[tuple[bytes, Flow]] = asyncio.Queue()
        bounds = TcpLimits(**limits)  # type: ignore[arg-type]
        self.tcp = TcpTransport(
            HOST,
            0,
            lambda data, flow: self.messages.put_nowait((data, flow)),
            limits=bounds,
            places=places,
        )

    async def connect(self) -> Streams:
        return await asyncio.open_connection(*self.tcp.local)


@pytest_asyncio.fixture
async def switch() -> AsyncIterator[Switch]:
    switch = Switch(
        Places(4, 3),
        connect_timeout=0.5,
        stream_timeout=0.05,
        sweep=0.02,
        last_answers=0.2,
    )
    await switch.tcp.open()
    yield switch
    await switch.tcp.close()
    await asyncio.sleep(0.01)


async def closed(streams: Streams) -> bytes:
    """Everything up to the end of the connection."""
    reader, writer = streams
    try:
        async with asyncio.timeout(3):
            rest = await reader.read()
    except ConnectionResetError:
        rest = b""
    writer.close()
    return rest


async def test_messages_are_cut_out_of_the_stream_however_it_is_sliced(switch: Switch) -> None:
    _, writer = await switch.connect()
    stream = OPTIONS + b"\r\n" + padded(2000)
    for start in range(0, len(stream), 700):
        writer.write(stream[start : start + 700])
        await asyncio.sleep(0.001)
    first, flow = await switch.messages.get()
    second, _ = await switch.messages.get()
    assert (first, second) == (OPTIONS, padded(2000))
    assert flow == Flow("tcp", switch.tcp.local, writer.get_extra_info("sockname"))
    writer.close()


async def test_an_answer_uses_the_connection(switch: Switch) -> None:
    reader, writer = await switch.connect()
    writer.write(OPTIONS)
    _, flow = await switch.messages.get()
    switch.tcp.send(b"SIP/2.0 200 OK\r\n\r\n", flow)
    assert await reader.readexactly(18) == b"SIP/2.0 200 OK\r\n\r\n"
    writer.close()


async def test_a_double_line_end_is_answered_with_one(switch: Switch) -> None:
    reader, writer = await switch.connect()
    writer.write(b"\r\n\r\n")
    assert await reader.readexactly(2) == b"\r\n"
    writer.close()


@pytest.mark.timeout(20)
async def test_the_pongs_of_many_pings_are_one_for_each(switch: Switch) -> None:
    reader, writer = await switch.connect()
    writer.write(b"\r\n\r\n" * 1000 + OPTIONS)
    await switch.messages.get()
    assert await reader.readexactly(2 * 1000) == b"\r\n" * 1000
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.05)
    writer.close()


@pytest.mark.timeout(20)
async def test_what_came_before_a_broken_message_is_answered(switch: Switch) -> None:
    """The answer takes a while, and nothing that follows is read."""
    reader, writer = await switch.connect()
    writer.write(OPTIONS + b"OPTIONS sip:x SIP/2.0\r\nl: many\r\n\r\n" + OPTIONS)
    message, flow = await switch.messages.get()
    assert message == OPTIONS
    await asyncio.sleep(0.05)
    switch.tcp.send(b"answer", flow)
    assert await reader.readexactly(6) == b"answer"
    writer.write(OPTIONS)
    assert await closed((reader, writer)) == b""
    assert switch.messages.empty()


async def test_one_connection_is_opened_and_used_for_all_that_follows(switch: Switch) -> None:
    got: asyncio.Queue[bytes] = asyncio.Queue()

    opened = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.set()
        got.put_nowait(await reader.readexactly(len(OPTIONS) * 3))
        writer.write(b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    flow = switch.tcp.flow_to(server.sockets[0].getsockname())
    switch.tcp.send(OPTIONS, flow)
    switch.tcp.send(OPTIONS, flow)
    async with asyncio.timeout(1):
        await opened.wait()
        await asyncio.sleep(0.01)
    switch.tcp.send(OPTIONS, flow)
    assert await got.get() == OPTIONS * 3
    _, came_from = await switch.messages.get()
    assert came_from == flow
    server.close()
    await server.wait_closed()


async def test_a_connection_that_cannot_be_made_is_told(switch: Switch) -> None:
    failed: asyncio.Queue[int] = asyncio.Queue()
    for number in (1, 2):
        flow = switch.tcp.flow_to((HOST, 1))
        switch.tcp.send(OPTIONS, flow, lambda number=number: failed.put_nowait(number))  # type: ignore[misc]
    assert [await failed.get(), await failed.get()] == [1, 2]


async def test_a_response_whose_connection_is_gone_goes_to_the_address_in_the_via(
    switch: Switch,
) -> None:
    got: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.put_nowait(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    response = OPTIONS.replace(b"OPTIONS sip:switch@127.0.0.1 SIP/2.0", b"SIP/2.0 200 OK").replace(
        b":5070", f":{port}".encode()
    )
    switch.tcp.send(response, Flow("tcp", switch.tcp.local, (HOST, 1)))
    assert await got.get() == response
    server.close()
    await server.wait_closed()


async def test_connections_above_the_limit_of_an_address_are_closed(switch: Switch) -> None:
    streams = []
    for _ in range(3):
        streams.append(await switch.connect())
        streams[-1][1].write(OPTIONS)
        await switch.messages.get()
    streams.append(await switch.connect())
    assert await closed(streams[3]) == b""
    assert (switch.tcp.refused, switch.tcp.gave_way) == (1, 0)
    for _, writer in streams[:3]:
        writer.close()


@pytest.mark.parametrize("bound", ["connections", "per_address"])
async def test_the_connection_that_owes_longest_gives_way_to_a_newcomer(bound: str) -> None:
    switch = Switch(Places(**{"connections": 9, "per_address": 9, bound: 3}))
    await switch.tcp.open()
    busy = await switch.connect()
    busy[1].write(OPTIONS)
    await switch.messages.get()
    half_sent = []
    for _ in range(30):
        half_sent.append(await switch.connect())
        half_sent[-1][1].write(OPTIONS[:-20])
    newcomer = await switch.connect()
    newcomer[1].write(OPTIONS)
    await switch.messages.get()
    assert (switch.tcp.refused, switch.tcp.gave_way) == (0, 29)
    assert not busy[0].at_eof()
    for _, writer in (busy, newcomer, *half_sent):
        writer.close()
    await switch.tcp.close()


@pytest.mark.parametrize("sent", [b"", b"OPTIONS sip:", OPTIONS[:-20], OPTIONS + b"INVITE "])
async def test_a_connection_that_owes_a_message_is_closed(switch: Switch, sent: bytes) -> None:
    streams = await switch.connect()
    streams[1].write(sent)
    await closed(streams)
    assert switch.tcp.timed_out == 1


async def test_an_idle_connection_that_owes_nothing_stays(switch: Switch) -> None:
    reader, writer = await switch.connect()
    writer.write(OPTIONS)
    await asyncio.sleep(0.2)
    assert not reader.at_eof()
    assert len(switch.tcp.connections) == 1
    writer.close()


async def test_a_stream_that_cannot_be_cut_is_answered_and_closed(switch: Switch) -> None:
    streams = await switch.connect()
    streams[1].write(OPTIONS.replace(b"Content-Length: 0", b"Content-Length: 5\r\nl: 6"))
    answer = await closed(streams)
    assert answer.startswith(b"SIP/2.0 400 ")
    assert b"Call-ID: one@example.org\r\n" in answer
    assert switch.messages.empty()


async def test_a_far_end_that_does_not_read_loses_its_connection(switch: Switch) -> None:
    _, writer = await switch.connect()
    writer.write(OPTIONS)
    _, flow = await switch.messages.get()
    with pytest.raises(OSError, match="does not read"):
        for _ in range(1000):
            switch.tcp.send(padded(60_000), flow)
    writer.close()


async def test_a_far_end_that_vanishes_is_noticed(switch: Switch) -> None:
    _, writer = await switch.connect()
    writer.write(OPTIONS)
    await switch.messages.get()
    (connection,) = switch.tcp.connections.values()
    assert connection.transport is not None
    opened = connection.transport.get_extra_info("socket")
    assert [opened.getsockopt(level, option) for level, option, _ in LIVELINESS] == [
        value for *_, value in LIVELINESS
    ]
    writer.close()


async def test_who_asks_hears_of_connections_that_end_but_not_of_the_end_of_all() -> None:
    came: asyncio.Queue[bytes] = asyncio.Queue()
    gone: asyncio.Queue[Flow] = asyncio.Queue()
    tcp = TcpTransport(HOST, 0, lambda data, flow: came.put_nowait(data), gone=gone.put_nowait)
    await tcp.open()
    one, other = [await asyncio.open_connection(*tcp.local) for _ in range(2)]
    async with asyncio.timeout(3):
        for _, writer in (one, other):
            writer.write(OPTIONS)
            await came.get()
        left = one[1].get_extra_info("sockname")
        one[1].close()
        assert (await gone.get()).remote == left
        await tcp.close()
        await closed(other)
    assert gone.empty()
