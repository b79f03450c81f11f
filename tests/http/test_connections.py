"""The connections of HTTP clients: who has a place, who gives way, who is too late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from softswitch.http.connections import ClientConnections, HttpCounts, HttpLimits, Stage
from softswitch.http.server import HttpServer

LIMITS = HttpLimits(connections=6, per_address=4, header_timeout=10, body_timeout=60)


class Transport(asyncio.Transport):
    """A socket that only remembers."""

    def __init__(self, host: str) -> None:
        super().__init__({"peername": (host, 1)})
        self.written = b""
        self.closed = ""

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = "closed"

    def abort(self) -> None:
        self.closed = "aborted"


class Bench:
    """A table with a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.counts = HttpCounts()
        self.table = ClientConnections(LIMITS, self.counts, asyncio.Protocol, lambda: self.now)

    def connect(self, host: str = "192.0.2.1", stage: Stage = Stage.HEADER) -> Any:
        """A new connection; its transport is in `.bench`."""
        transport = Transport(host)
        connection = self.table.new()
        connection.connection_made(transport)
        if stage is not Stage.HEADER:
            self.table.enter(connection, stage)
        return SimpleNamespace(connection=connection, transport=transport)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.table.sweep()


def test_the_oldest_half_sent_request_of_an_address_gives_way() -> None:
    bench = Bench()
    first, *others = (bench.connect() for _ in range(4))
    bench.now = 2.0
    newcomer = bench.connect()
    assert first.transport.closed == "aborted"
    assert not any(each.transport.closed for each in (*others, newcomer))
    assert (bench.counts.gave_way, bench.counts.refused, bench.counts.open) == (1, 0, 4)


def test_at_the_bound_of_all_somebody_of_any_address_gives_way() -> None:
    bench = Bench()
    first, *_ = (bench.connect(f"192.0.2.{number}") for number in range(6))
    assert not bench.connect("198.51.100.1").transport.closed
    assert first.transport.closed == "aborted"


def test_who_is_answered_never_gives_way() -> None:
    bench = Bench()
    answered = [bench.connect(stage=Stage.ANSWERED) for _ in range(4)]
    assert bench.connect().transport.closed == "aborted"
    assert not bench.connect("198.51.100.1").transport.closed
    assert not any(each.transport.closed for each in answered)
    assert bench.counts.refused == 1


def test_half_sent_requests_give_way_before_idle_connections_and_these_before_newcomers() -> None:
    bench = Bench()
    idle = bench.connect(stage=Stage.IDLE)
    half_sent = bench.connect()
    bench.connect(stage=Stage.ANSWERED)
    bench.now = 5.0
    new = bench.connect()
    bench.connect()
    assert (half_sent.transport.closed, idle.transport.closed) == ("aborted", "")
    bench.connect()
    assert (idle.transport.closed, new.transport.closed) == ("aborted", "")


def test_addresses_of_one_ipv6_network_are_one() -> None:
    bench = Bench()
    for number in range(6):
        bench.connect(f"2001:db8::{number}")
    assert (bench.counts.gave_way, bench.counts.open) == (2, 4)


def test_a_place_is_given_back_once() -> None:
    bench = Bench()
    for _ in range(20):
        one = bench.connect()
        one.connection.connection_lost(None)
        one.connection.connection_lost(None)
    assert (bench.counts.open, bench.counts.gave_way) == (0, 0)


@pytest.mark.parametrize(
    ("stage", "seconds", "words"),
    [(Stage.HEADER, 10.0, b"HTTP/1.1 408 "), (Stage.IDLE, 75.0, b"")],
)
def test_late_requests_are_ended(stage: Stage, seconds: float, words: bytes) -> None:
    bench = Bench()
    one = bench.connect(stage=stage)
    bench.wait(seconds - 0.1)
    assert not one.transport.closed
    bench.wait(0.1)
    assert one.transport.closed == "closed"
    assert one.transport.written.startswith(words)
    assert bench.counts.timed_out == bool(words)


def test_an_answer_may_take_as_long_as_it_likes() -> None:
    bench = Bench()
    one = bench.connect(stage=Stage.ANSWERED)
    bench.wait(100_000.0)
    assert not one.transport.closed


def test_a_header_that_drips_gets_no_more_time() -> None:
    bench = Bench()
    one = bench.connect(stage=Stage.IDLE)
    for _ in range(11):
        one.connection.data_received(b"x")
        bench.wait(1.0)
    assert one.transport.closed == "closed"


# ---- with aiohttp behind it ----


@asynccontextmanager
async def serving(limits: HttpLimits) -> AsyncIterator[HttpServer]:
    async def read(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    async def slow(_request: web.Request) -> web.Response:
        await asyncio.sleep(1.0)
        return web.Response(text="slow")

    async def refuse(_request: web.Request) -> web.Response:
        return web.Response(status=401)

    async def large(request: web.Request) -> web.StreamResponse:
        return web.Response(body=bytes(20_000_000))

    routes = [
        web.post("/read", read), web.get("/slow", slow), web.post("/refuse", refuse),
        web.get("/large", large),
    ]  # fmt: skip
    server = HttpServer(("127.0.0.1", 0), routes, limits)
    await server.start()
    yield server
    await server.stop()


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def say(server: HttpServer, octets: bytes) -> Streams:
    """Both ends of a new connection; it is closed with the writer."""
    reader, writer = await asyncio.open_connection(*server.listen)
    writer.write(octets)
    await writer.drain()
    return reader, writer


HEAD = b"POST /read HTTP/1.1\r\nHost: 127.0.0.1\r\n"
LAST = b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
HALF_SENT = [
    b"",
    b"GET /",
    HEAD,
    HEAD + b"Content-Length: 100\r\n\r\nhalf",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhalf",
]


@pytest.mark.parametrize("sent", HALF_SENT)
async def test_every_half_of_a_request_is_answered_408_in_time(sent: bytes) -> None:
    async with serving(HttpLimits(header_timeout=0.2, body_timeout=0.2)) as server:
        reader, writer = await say(server, sent)
        async with asyncio.timeout(10):
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"Connection: close" in answer
        writer.close()


async def test_1100_half_sent_requests_keep_nobody_out() -> None:
    limits = HttpLimits(connections=60, per_address=40)
    url = "http://127.0.0.1:{}/read"
    async with serving(limits) as server:
        opened: list[Streams] = []
        for number in range(1_100):
            opened.append(await say(server, HALF_SENT[number % len(HALF_SENT)]))
            if number % 50 == 49:
                async with (
                    aiohttp.ClientSession() as session,
                    session.post(url.format(server.listen[1]), data=b"12345") as answer,
                ):
                    assert await answer.text() == "5"
        counts = server.connections.counts
        assert counts.open <= 40
        assert counts.refused == 0
        for _, writer in opened:
            writer.close()


async def test_an_answer_that_takes_longer_than_a_header_may_is_given() -> None:
    async with serving(HttpLimits(header_timeout=0.2, idle_timeout=0.2)) as server:
        reader, writer = await say(
            server, b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        assert (await reader.read()).endswith(b"slow")
        writer.close()


async def test_a_large_answer_is_not_cut_while_it_is_read_slowly() -> None:
    async with serving(HttpLimits(header_timeout=0.2, idle_timeout=0.2)) as server:
        reader, writer = await say(
            server, b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        await asyncio.sleep(2.5)
        assert len(await reader.read()) > 20_000_000
        writer.close()


async def test_a_connection_serves_one_request_after_the_other() -> None:
    request = HEAD + b"Content-Length: 3\r\n\r\nabc"
    async with serving(HttpLimits()) as server:
        reader, writer = await asyncio.open_connection(*server.listen)
        for _ in range(3):
            writer.write(request)
            assert (await reader.readuntil(b"\r\n\r\n3")).startswith(b"HTTP/1.1 200 ")
        writer.write(request * 5)
        for _ in range(5):
            assert (await reader.readuntil(b"\r\n\r\n3")).startswith(b"HTTP/1.1 200 ")
        assert server.connections.counts.open == 1
        writer.close()


async def test_a_body_that_nobody_reads_is_no_fault_of_ours() -> None:
    async with serving(HttpLimits(body_timeout=0.2)) as server:
        reader, writer = await say(
            server, b"POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"
        )
        assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")
        await asyncio.sleep(1.5)
        writer.close()
