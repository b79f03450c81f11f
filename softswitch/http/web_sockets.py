"""The opening handshake of SIP over WebSocket (RFC 7118 section 4, RFC 6455 section 4.2).

aiohttp reads the request; when all is well, the socket is handed over to the transport
(`transport/web_sockets/`). Extensions are declined: compression would cost memory for every page,
and tell whoever sees the sizes what is inside (as CRIME did).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Collection

import structlog
from aiohttp import web

from softswitch.http.connections import connection_of
from softswitch.transport.web_sockets.connection import WebSocketConnection
from softswitch.transport.web_sockets.transport import WebSocketTransport

PATH = "/ws"
"Where the WebSocket is on a server that also has the web API."
PROTOCOL = "sip"
"The sub-protocol; a browser ends a WebSocket whose server does not echo it."
VERSION = "13"
"Of the WebSocket protocol, the only one there is."
_KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"What the key of the client is hashed with (RFC 6455 section 1.3)."

log = structlog.get_logger("http")


class WebSocketEntry:
    """The way in for WebSockets, at one server."""

    def __init__(self, transport: WebSocketTransport, origins: Collection[str] = ()) -> None:
        """`origins` are those of pages that may come in; empty for any, see `sip.origins`.

        A program names no origin, and comes in: it could name any.
        """
        self._transport = transport
        self._origins = frozenset(origins)

    def is_for(self, request: web.Request) -> bool:
        """Whether a request to the server of the web API wants SIP."""
        return request.path == PATH or (
            _tokens(request, "Upgrade") == ["websocket"]
            and PROTOCOL in _tokens(request, "Sec-WebSocket-Protocol")
        )

    async def answer(self, request: web.Request) -> web.Response:
        """Open a WebSocket; a refusal says why."""
        refusal = self._refusal(request)
        if refusal is not None:
            log.info("WebSocket refused", source=request.remote, reason=refusal.text)
            return refusal
        connection = connection_of(request)
        if connection is None or not connection.hand_over(lambda on: self._open(on, request)):
            return web.Response(
                status=503, text="no place for a WebSocket", headers={"Retry-After": "10"}
            )
        return web.Response()  # of no connection any more: aiohttp drops it

    def _refusal(self, request: web.Request) -> web.Response | None:
        if (
            request.method != "GET"
            or request.version < (1, 1)
            or "websocket" not in _tokens(request, "Upgrade")
            or "upgrade" not in _tokens(request, "Connection")
        ):
            return web.Response(
                status=426, text="expected a WebSocket", headers={"Upgrade": "websocket"}
            )
        if request.headers.get("Sec-WebSocket-Version", "").strip() != VERSION:
            return web.Response(
                status=426,
                text=f"expected Sec-WebSocket-Version: {VERSION}",
                headers={"Sec-WebSocket-Version": VERSION, "Upgrade": "websocket"},
            )
        if not _is_key(request.headers.get("Sec-WebSocket-Key", "")):
            return web.Response(status=400, text="expected 16 octets in Sec-WebSocket-Key")
        if PROTOCOL not in _tokens(request, "Sec-WebSocket-Protocol"):
            return web.Response(status=400, text=f"expected the sub-protocol {PROTOCOL}")
        origin = request.headers.get("Origin")
        if origin is not None and self._origins and origin.lower() not in self._origins:
            return web.Response(
                status=403, text=f"sip.origins does not have the origin {origin[:200]}"
            )
        return None

    def _open(
        self, transport: asyncio.Transport, request: web.Request
    ) -> WebSocketConnection | None:
        """Answer 101, where there is a place."""
        connection = self._transport.enter(transport)
        if connection is not None:
            key = request.headers["Sec-WebSocket-Key"].strip()
            transport.write(_switching(key))
        return connection


def _switching(key: str) -> bytes:
    proof = hashlib.sha1(key.encode() + _KEY, usedforsecurity=False).digest()
    lines = (
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {base64.b64encode(proof).decode()}",
        f"Sec-WebSocket-Protocol: {PROTOCOL}",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.strip(), validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def _tokens(request: web.Request, name: str) -> list[str]:
    """The tokens of a header of which there may be several lines, in lower case."""
    return [
        token.strip().lower()
        for line in request.headers.getall(name, ())
        for token in line.split(",")
    ]
