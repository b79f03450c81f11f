"""The HTTP server: nonsense of unknown clients is answered and does not fill the log."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog
from aiohttp import web

from softswitch.http.server import HttpServer
from softswitch.telemetry.log import configure


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    before = structlog.get_config()
    handlers, level = logging.root.handlers[:], logging.root.level
    out = io.StringIO()
    configure("debug", "text", out)
    # A logger keeps the stream of its first line.
    monkeypatch.setattr("softswitch.http.server.log", structlog.get_logger())
    yield out
    structlog.configure(**before)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    async def read(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    async def broken(_request: web.Request) -> web.Response:
        raise KeyError("ours")

    routes = [web.post("/read", read), web.get("/broken", broken)]
    server = HttpServer(("127.0.0.1", 0), routes)
    await server.start()
    yield server
    await server.stop()


async def answer(server: HttpServer, octets: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*server.listen)
    writer.write(octets)
    async with asyncio.timeout(10):
        first = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return first.rstrip()


HOST = b"Host: 127.0.0.1\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    "octets",
    [
        b"GET /read HTTP/1.1\r\n\r\n",
        b"GET /read HTTP/1.1\r\nHost: a\x00b\r\n\r\n",
        b"GET /read HTTP/1.1\r\nX: " + 9000 * b"x" + b"\r\n\r\n",
        b"POST /read HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n",
    ],
)
async def test_a_bad_request_is_one_line_that_says_why(
    server: HttpServer, lines: io.StringIO, octets: bytes
) -> None:
    assert (await answer(server, octets)).startswith(b"HTTP/1.0 400 ")
    written = [line for line in lines.getvalue().splitlines() if "asyncio" not in line]
    assert len(written) == 1, written
    assert " debug   bad request source=127.0.0.1 error=" in written[0]


async def test_a_fault_of_ours_is_an_error_with_its_traceback(
    server: HttpServer, lines: io.StringIO
) -> None:
    first = await answer(server, b"GET /broken HTTP/1.1\r\n" + HOST + b"\r\n")
    assert first.startswith(b"HTTP/1.1 500 ")
    assert " error   Error handling request" in lines.getvalue()
    assert "  | KeyError: 'ours'" in lines.getvalue()


async def test_a_body_that_cannot_be_read_is_one_line_too(
    server: HttpServer, lines: io.StringIO
) -> None:
    head = b"POST /read HTTP/1.1\r\n" + HOST + b"Content-Length: 20\r\n"
    first = await answer(server, head + b"Content-Encoding: gzip\r\n\r\n" + 20 * b"x")
    assert first.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    _, writer = await asyncio.open_connection(*server.listen)
    writer.write(head + b"\r\nhalf")
    await writer.drain()
    writer.close()
    async with asyncio.timeout(10):
        while "Connection lost" not in lines.getvalue():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert "Traceback" not in lines.getvalue()
    assert " error " not in lines.getvalue()
