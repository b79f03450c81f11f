"""Strangers at the ports for pages: what they send harms nobody else, and is not taken for SIP."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import ssl
from pathlib import Path

import aiohttp
import pytest

from softswitch.cli.authority import Authority
from tests.ports import free_port
from tests.system.peer import status
from tests.system.program import Program, running

PHONES = """
[[extensions]]
number = "1000"
type = "phone"
password = "pw1000"
"""
OPTIONS = (
    "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/WSS a.invalid;branch=z9hG4bK{0}\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:1000@127.0.0.1>;tag=1\r\nTo: <sip:1000@127.0.0.1>\r\n"
    "Call-ID: {0}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)
UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"Sec-WebSocket-Protocol: sip\r\nOrigin: https://phone.example.org\r\n\r\n"
)
MASKED = b"\x00\x00\x00\x00"
FRAMES = {
    "unmasked": b"\x81\x05hello",
    "too long": b"\x82\xff\x00\x00\x00\x00\x40\x00\x00\x00" + MASKED,
    "rubbish": bytes(range(256)),
    "no SIP": b"\x82\x85" + MASKED + b"\xff\x00\x01\x02\x03",
    "half a frame": b"\x81\xfe\x10\x00" + MASKED + b"INVITE",
    "half a message": b"\x01\x85" + MASKED + b"INVIT",
    "no UTF-8": b"\x81\x82" + MASKED + b"\xff\xff",
    "a ping of 126": b"\x89\xfe\x00\x7e" + MASKED + b"x" * 126,
}


def untrusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def is_answered(url: str, name: str) -> None:
    """A page in good order is challenged at once."""
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(
            url, protocols=("sip",), origin="https://phone.example.org", ssl=untrusting()
        ) as page,
    ):
        await page.send_str(OPTIONS.format(name))
        assert status((await page.receive(5)).data) == 401


async def say(port: int, octets: bytes, *, tls: bool) -> asyncio.StreamWriter:
    """Send octets on a new connection, which stays open."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=untrusting() if tls else None)
    writer.write(octets)
    return writer


async def refused(url: str, **more: str) -> int:
    """The status of a handshake that is refused."""
    protocol = more.pop("protocol", "sip")
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            await client.ws_connect(url, protocols=(protocol,), ssl=untrusting(), headers=more)
    return error.value.status


@pytest.mark.timeout(120)
async def test_strangers_at_the_ports_for_pages(tmp_path: Path) -> None:
    certificate, key = tmp_path / "server.pem", tmp_path / "server.key"
    Authority.make("Trial CA").issue(["127.0.0.1"]).write(certificate, key)
    program = Program(tmp_path, PHONES)
    ws, wss = free_port(), free_port()
    overrides = {
        "SIP__LISTEN": f'["udp:127.0.0.1:{program.sip_port}", "ws:127.0.0.1:{ws}", '
        f'"wss:127.0.0.1:{wss}"]',
        "SIP__ORIGINS": '["https://phone.example.org"]',
        "TLS__CERTIFICATE": str(certificate),
        "TLS__KEY": str(key),
        "HTTP__HEADER_TIMEOUT": "3",
    }
    urls = (f"http://127.0.0.1:{ws}/", f"https://127.0.0.1:{wss}/")
    noise = random.Random(7118)
    async with running(tmp_path, PHONES, sip_port=program.sip_port, overrides=overrides) as program:
        opened: list[asyncio.StreamWriter] = []
        for url in urls:
            assert await refused(url, Origin="https://evil.example") == 403
            assert await refused(url, protocol="chat") == 400
        for number, octets in enumerate(FRAMES.values()):
            for port, tls in ((ws, False), (wss, True)):
                opened.append(await say(port, UPGRADE + octets, tls=tls))
                opened.append(await say(port, octets, tls=tls))
            await is_answered(urls[number % 2], f"a{number}")
        for number in range(300):
            half = (b"", b"\x16\x03\x01\x02\x00", os.urandom(40), b"GET / HTTP")[number % 4]
            opened.append(await say(noise.choice((ws, wss)), half, tls=False))
        for url in urls:
            await is_answered(url, f"b{len(url)}")
        # half a handshake has three seconds, and then its place is free
        await asyncio.sleep(5)
        for _ in range(20):
            octets = noise.randbytes(noise.randrange(1, 3000))
            opened.append(await say(ws, UPGRADE + octets, tls=False))
        for url in urls:
            await is_answered(url, f"c{len(url)}")
        assert await program.metric("softswitch_errors_total") == 0
        for writer in opened:
            with contextlib.suppress(OSError):
                writer.transport.abort()
        await program.until_metric("softswitch_connections", 0)
