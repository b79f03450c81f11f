"""CPU and memory of the switch for pages that are registered and do nothing.

    python benchmarks/web_sockets.py --pages 2000 --seconds 60 [--tls]

Each page opens its WebSocket, registers an extension of its own and answers pings, in this process.
The same seconds without any page come first; the difference is what the pages cost.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import re
import secrets
import ssl
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from softswitch.cli.authority import Authority
from tests.ports import free_port
from tests.system.program import Program

FIRST = 100_000
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"Sec-WebSocket-Protocol: sip\r\nOrigin: https://localhost\r\n\r\n"
)
AT_ONCE = 50
"Pages that come at a time."


class IdlePage(asyncio.Protocol):
    """Registers, and answers pings from then on."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.registered = asyncio.get_running_loop().create_future()
        self.pings = 0
        self._frames = Protocol(CLIENT)
        self._is_open = False
        self._name = f"{secrets.token_hex(6)}.invalid"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(HANDSHAKE)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if not self._is_open:
            head, _, data = data.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 "), head
            self._is_open = True
            self._say(self._register(1))
        self._frames.receive_data(data)
        for event in self._frames.events_received():
            assert isinstance(event, Frame)
            if event.opcode is Opcode.TEXT:
                self._take(bytes(event.data).decode())
            elif event.opcode is Opcode.PING:
                self.pings += 1
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.registered.done():
            self.registered.set_exception(exc or ConnectionResetError("closed"))

    def _take(self, answer: str) -> None:
        if answer.startswith("SIP/2.0 401 "):
            self._say(self._register(2, self._credentials(answer)))
        else:
            assert answer.startswith("SIP/2.0 200 "), answer
            self.registered.set_result(None)

    def _register(self, cseq: int, credentials: str = "") -> str:
        return (
            "REGISTER sip:localhost SIP/2.0\r\n"
            f"Via: SIP/2.0/WSS {self._name};branch=z9hG4bK{secrets.token_hex(6)}\r\n"
            "Max-Forwards: 70\r\n"
            f"From: <sip:{self.number}@localhost>;tag={self.number}\r\n"
            f"To: <sip:{self.number}@localhost>\r\n"
            f"Call-ID: {self._name}\r\nCSeq: {cseq} REGISTER\r\n"
            f"Contact: <sip:page@{self._name};transport=ws>;expires=3600\r\n"
            f"{credentials}Content-Length: 0\r\n\r\n"
        )

    def _credentials(self, challenge: str) -> str:
        offered = dict(re.findall(r'(\w+)="([^"]*)"', challenge))

        def md5(text: str) -> str:
            return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

        secret = md5(f"{self.number}:{offered['realm']}:secret")
        asked = md5("REGISTER:sip:localhost")
        proof = md5(f"{secret}:{offered['nonce']}:00000001:c0ffee:auth:{asked}")
        return (
            f'Authorization: Digest username="{self.number}", realm="{offered["realm"]}", '
            f'nonce="{offered["nonce"]}", uri="sip:localhost", response="{proof}", algorithm=MD5, '
            'qop=auth, nc=00000001, cnonce="c0ffee"\r\n'
        )

    def _say(self, text: str) -> None:
        self._frames.send_text(text.encode())
        self._flush()

    def _flush(self) -> None:
        self._transport.write(b"".join(self._frames.data_to_send()))  # type: ignore[attr-defined]


async def idle(program: Program, seconds: float) -> float:
    """The share of a core that the switch takes, in percent."""
    before = program.cpu_seconds()
    await asyncio.sleep(seconds)
    return (program.cpu_seconds() - before) / seconds * 100


async def measure(directory: Path, pages: int, seconds: float, *, secure: bool) -> None:
    certificate, key = directory / "server.pem", directory / "server.key"
    Authority.make("Trial CA").issue(["127.0.0.1"]).write(certificate, key)
    port, sip = free_port(), free_port()
    overrides = {
        "SIP__LISTEN": f'["udp:127.0.0.1:{sip}", "{"wss" if secure else "ws"}:127.0.0.1:{port}"]',
        "SIP__DOMAIN": "localhost",
        "TLS__CERTIFICATE": str(certificate),
        "TLS__KEY": str(key),
        "LIMITS__CONNECTIONS": "100000",
        "LIMITS__CONNECTIONS_PER_ADDRESS": "100000",
        "GUARD__TRUSTED": '["127.0.0.1/32"]',
        "LOGGING__LEVEL": "warning",
        "LOGGING__MESSAGES": "off",
    }
    extensions = (
        f'[[extensions]]\nrange = "{FIRST}-{FIRST + pages - 1}"\ntype = "phone"\n'
        'password = "secret"\n'
    )
    program = Program(directory, extensions, sip_port=sip, overrides=overrides)
    await program.start()
    try:
        await asyncio.sleep(5)
        alone, memory = await idle(program, seconds), program.memory()
        opened = await open_pages(port, pages, tls() if secure else None)
        kilobytes = (program.memory() - memory) / 1000 / pages
        await asyncio.sleep(5)
        before = sum(page.pings for page in opened)
        with_pages = await idle(program, seconds)
        pings = (sum(page.pings for page in opened) - before) / seconds
        kept = await program.metric("softswitch_connections")
    finally:
        await program.stop()
    print(
        f"{'wss' if secure else 'ws '}  {pages} pages, {kept:g} after {seconds:g} s, "
        f"{pings:.0f} pings a second: {with_pages:.2f} % of a core, {alone:.2f} % without pages, "
        f"so {with_pages - alone:.2f} %; {kilobytes:.0f} kB each"
    )


async def open_pages(port: int, pages: int, context: ssl.SSLContext | None) -> list[IdlePage]:
    """Open all of them, some at a time; each has registered."""
    loop = asyncio.get_running_loop()
    opened: list[IdlePage] = []
    for first in range(0, pages, AT_ONCE):
        made = await asyncio.gather(
            *(
                loop.create_connection(
                    lambda number=number: IdlePage(FIRST + number),  # type: ignore[misc]
                    "127.0.0.1",
                    port,
                    ssl=context,
                    server_hostname="127.0.0.1" if context else None,
                )
                for number in range(first, min(pages, first + AT_ONCE))
            )
        )
        await asyncio.gather(*(page.registered for _, page in made))
        opened += [page for _, page in made]
    return opened


def tls() -> ssl.SSLContext:
    """A client that believes everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--tls", action="store_true", help="only with TLS; else without and with")
    arguments = parser.parse_args()
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    for secure in (True,) if arguments.tls else (False, True):
        with tempfile.TemporaryDirectory() as directory:
            work = measure(Path(directory), arguments.pages, arguments.seconds, secure=secure)
            asyncio.run(work)


if __name__ == "__main__":
    main()
