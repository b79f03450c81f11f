"""A server of a carrier, made of text: it listens on UDP, TCP or TLS, and does as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.system.peer import header, headers

Behaviour = Literal["answers", "503", "silence"]

SDP = (
    "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 0\r\na=inactive\r\n"
)


@dataclass
class Carrier:
    """One server; `heard` are its requests, in order."""

    host: str
    port: int
    transport: str = "udp"
    tls: ssl.SSLContext | None = None
    "What it shows, where its transport is `tls`."
    behaviour: Behaviour = "answers"
    "`503` or `silence` to INVITE; OPTIONS are answered unless it is silent."
    heard: list[str] = field(default_factory=list)

    @property
    def invites(self) -> int:
        return sum(text.startswith("INVITE ") for text in self.heard)

    def receive(self, text: str, send: Callable[[bytes], object]) -> None:
        """Take a request, and answer it."""
        self.heard.append(text)
        method = text.partition(" ")[0]
        if method == "ACK" or self.behaviour == "silence":
            return
        if method == "INVITE" and self.behaviour == "503":
            send(self._response(text, "503 Service Unavailable"))
        else:
            body = SDP.format(host=self.host) if method == "INVITE" else ""
            send(self._response(text, "200 OK", body))

    def _response(self, request: str, status: str, body: str = "") -> bytes:
        to = header(request, "To")
        kind = ("Content-Type: application/sdp",) if body else ()
        lines = (
            f"SIP/2.0 {status}",
            *(f"Via: {via}" for via in headers(request, "Via")),
            *(f"{name}: {header(request, name)}" for name in ("From", "Call-ID", "CSeq")),
            f"To: {to}" if "tag=" in to else f"To: {to};tag=carrier",
            f"Contact: <sip:{self.host}:{self.port};transport={self.transport}>",
            *kind,
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join((*lines, "", body)).encode()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what comes on a connection."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lstrip("\r\n")
                if head:
                    body = await reader.readexactly(int(header(head, "Content-Length") or 0))
                    self.receive(head + body.decode(), writer.write)
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._carrier.receive(data.decode(), lambda answer: self._transport.sendto(answer, addr))


@asynccontextmanager
async def listening(carrier: Carrier) -> AsyncIterator[Carrier]:
    """The server for the length of a test."""
    loop = asyncio.get_running_loop()
    address = (carrier.host, carrier.port)
    if carrier.transport == "udp":
        wire, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(carrier), local_addr=address
        )
        try:
            yield carrier
        finally:
            wire.close()
        return
    server = await asyncio.start_server(carrier.converse, *address, ssl=carrier.tls)
    try:
        yield carrier
    finally:
        server.close()
