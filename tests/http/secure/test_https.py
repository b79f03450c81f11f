"""HTTPS: requests and WebSockets through TLS, and handshakes that are late, broken or too many."""

from __future__ import annotations

import asyncio
import ssl
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from softswitch.cli.authority import Authority
from softswitch.commands.running.recording_links import RecordingLinks
from softswitch.guard.files import AllowedFiles
from softswitch.guard.proofs.tickets import Tickets
from softswitch.http.connections import HttpLimits
from softswitch.http.recordings import recording_routes
from softswitch.http.server import HttpServer
from softswitch.http.users import Users
from softswitch.http.web_sockets import WebSocketEntry
from softswitch.sip.effects import Flow
from softswitch.transport.certificates import Certificates, OwnCertificate
from softswitch.transport.web_sockets.transport import WebSocketTransport
from tests.transport.core import OPTIONS

AUTHORITY = Authority.make("Trial CA")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder: Path = tmp_path_factory.mktemp("tls")
    own = OwnCertificate(folder / "server.pem", folder / "server.key")
    AUTHORITY.issue(["127.0.0.1"]).write(own.certificate, own.key)
    return Certificates([own])


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=AUTHORITY.own.certificate_pem().decode())
    assert context.check_hostname
    return context


@asynccontextmanager
async def serving(
    certificates: Certificates,
    limits: HttpLimits | None = None,
    entry: WebSocketEntry | None = None,
) -> AsyncIterator[HttpServer]:
    async def read(request: web.Request) -> web.Response:
        assert request.secure
        return web.Response(text=str(len(await request.read())))

    server = HttpServer(
        ("127.0.0.1", 0),
        [web.post("/read", read)],
        limits,
        web_sockets=entry,
        tls=certificates.server_context(),
    )
    await server.start()
    yield server
    await server.stop()


async def posted(server: HttpServer, body: bytes = b"12345") -> str:
    url = f"https://127.0.0.1:{server.listen[1]}/read"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, ssl=client_context()) as answer,
    ):
        return await answer.text()


async def test_requests_are_answered_through_tls(certificates: Certificates) -> None:
    async with serving(certificates) as server:
        assert await posted(server) == "5"
        assert await posted(server, bytes(300_000)) == "300000"
        url = f"https://127.0.0.1:{server.listen[1]}/read"
        async with aiohttp.ClientSession() as session:
            for _ in range(3):
                async with session.post(url, data=b"1", ssl=client_context()) as answer:
                    assert await answer.text() == "1"


async def test_a_request_that_comes_with_the_end_of_the_handshake_is_answered(
    certificates: Certificates,
) -> None:
    """A client of TLS 1.3 sends both in one packet."""
    async with serving(certificates) as server:
        reader, writer = await asyncio.open_connection(*server.listen)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = client_context().wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(65_536))
        tls.write(b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        writer.write(outgoing.read())
        answer = b""
        async with asyncio.timeout(5):
            while not answer.endswith(b"\r\n\r\n3"):
                incoming.write(await reader.read(65_536))
                try:
                    answer += tls.read(65_536)
                except ssl.SSLWantReadError:
                    continue
        writer.close()


async def test_recordings_are_downloaded_through_tls(
    certificates: Certificates, tmp_path: Path
) -> None:
    """The file does not go from disk to socket by itself: it has to be encrypted."""
    recording = bytes(range(256)) * 4000
    (tmp_path / "a.wav").write_bytes(recording)
    tickets = Tickets(b"key", 60.0, time.time)
    links = RecordingLinks(tmp_path, tickets, ("127.0.0.1", 0), scheme="https")
    routes = recording_routes(AllowedFiles([tmp_path]), Users({}), links)
    server = HttpServer(("127.0.0.1", 0), routes, tls=certificates.server_context())
    await server.start()
    links.listens_on(server.listen)
    url = await links.url("a.wav")
    assert url.startswith("https://")
    async with aiohttp.ClientSession() as session:
        for wanted, headers in ((recording, {}), (recording[100:200], {"Range": "bytes=100-199"})):
            async with session.get(url, ssl=client_context(), headers=headers) as answer:
                assert await answer.read() == wanted
    await server.stop()


def hello() -> bytes:
    """The first flight of a client."""
    outgoing = ssl.MemoryBIO()
    tls = client_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="127.0.0.1")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


HALF_SENT = [b"", hello()[:20], hello(), b"\x16\x03\x01\xff\xff"]


@pytest.mark.parametrize("sent", HALF_SENT, ids=["nothing", "a part", "a whole", "a lie"])
async def test_half_a_handshake_ends_in_time_without_a_word_in_the_clear(
    certificates: Certificates, sent: bytes
) -> None:
    async with serving(certificates, HttpLimits(header_timeout=0.3)) as server:
        reader, writer = await asyncio.open_connection(*server.listen)
        writer.write(sent)
        async with asyncio.timeout(5):
            with suppress(ConnectionError):
                assert b"HTTP" not in await reader.read()
        assert server.connections.counts.open == 0
        writer.close()


@pytest.mark.parametrize("sent", [b"POST /read HTTP/1.1\r\nHost: a\r\n\r\n", b"\x00" * 64])
async def test_what_is_no_tls_is_closed(certificates: Certificates, sent: bytes) -> None:
    async with serving(certificates) as server:
        reader, writer = await asyncio.open_connection(*server.listen)
        writer.write(sent)
        async with asyncio.timeout(5):
            with suppress(ConnectionError):
                assert b"HTTP" not in await reader.read()
        writer.close()
        assert await posted(server) == "5"


async def test_a_client_that_does_not_believe_us_leaves_nothing_behind(
    certificates: Certificates,
) -> None:
    async with serving(certificates) as server:
        stranger = ssl.create_default_context()
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection(*server.listen, ssl=stranger, server_hostname="127.0.0.1")
        async with asyncio.timeout(5):
            while server.connections.counts.open:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_half_handshakes_keep_nobody_out(certificates: Certificates) -> None:
    async with serving(certificates, HttpLimits(connections=60, per_address=40)) as server:
        opened = []
        for number in range(300):
            _, writer = await asyncio.open_connection(*server.listen)
            writer.write(HALF_SENT[number % len(HALF_SENT)])
            opened.append(writer)
            if number % 50 == 49:
                await asyncio.sleep(1.05)  # newcomers have a second
                assert await posted(server) == "5"
        assert server.connections.counts.open <= 40
        for writer in opened:
            writer.close()


async def test_the_end_of_the_server_ends_handshakes(certificates: Certificates) -> None:
    async with serving(certificates) as server:
        _, writer = await asyncio.open_connection(*server.listen)
        writer.write(hello())
        await asyncio.sleep(0.1)
    writer.close()


async def test_pages_come_in_through_tls_beside_the_web_api(certificates: Certificates) -> None:
    messages: asyncio.Queue[tuple[bytes, Flow]] = asyncio.Queue()
    gone: list[Flow] = []
    pages = WebSocketTransport(
        "wss",
        ("127.0.0.1", 0),
        lambda data, flow: messages.put_nowait((data, flow)),
        gone=gone.append,
    )
    async with serving(certificates, entry=WebSocketEntry(pages)) as server:
        await pages.open()
        url = f"https://127.0.0.1:{server.listen[1]}/ws"
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(url, protocols=("sip",), ssl=client_context()) as page:
                for _ in range(3):
                    await page.send_str(OPTIONS.decode())
                    data, flow = await messages.get()
                    assert data == OPTIONS
                    assert flow.transport == "wss"
                    pages.send(b"SIP/2.0 200 OK\r\n\r\n", flow)
                    assert (await page.receive(5)).data == "SIP/2.0 200 OK\r\n\r\n"
                assert await posted(server) == "5"
                assert server.connections.counts.open <= 1
            async with asyncio.timeout(5):
                while not gone:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert gone == [flow]
            async with session.ws_connect(url, protocols=("sip",), ssl=client_context()) as page:
                await page.send_bytes(OPTIONS)
                await messages.get()
                await pages.close()
                closed = await page.receive(5)
                assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1001)


async def test_a_frame_against_the_rules_is_answered_through_tls(
    certificates: Certificates,
) -> None:
    pages = WebSocketTransport("wss", ("127.0.0.1", 0), lambda data, flow: None)
    async with serving(certificates, entry=WebSocketEntry(pages)) as server:
        await pages.open()
        reader, writer = await asyncio.open_connection(
            *server.listen, ssl=client_context(), server_hostname="127.0.0.1"
        )
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            b"Sec-WebSocket-Protocol: sip\r\n\r\n"
        )
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        writer.write(b"\x81\x05hello")  # not masked
        async with asyncio.timeout(5):
            answer = await reader.read()
        assert answer[:1] == b"\x88"
        assert answer[2:4] == struct.pack("!H", 1002)
        writer.close()
        await pages.close()
