"""The connections of HTTPS: a place in the table first, then the handshake of TLS, then aiohttp.

The time of the header includes the handshake. So half handshakes are bounded in number and time
like half-sent requests, and give way like them. asyncio tells of a connection only after its
handshake, so this file accepts by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

import structlog

from softswitch.http.connections import ClientConnection, ClientConnections

SHUTDOWN = 2.0
"Seconds that a client may take to answer the end of TLS."
AT_ONCE = 64
"Connections that are accepted before everything else has its turn."
BREATHER = 1.0
"Seconds without accepting when the process has no descriptor left."

log = structlog.get_logger("http")


class SecureConnection(ClientConnection):
    """One connection of HTTPS; it has a place before `connection_made`."""

    __slots__ = ("_shaking_hands",)

    def __init__(self, table: ClientConnections, answering: asyncio.Protocol) -> None:
        super().__init__(table, answering)
        self._shaking_hands: asyncio.Task[None] | None = None

    def shake_hands(self, sock: socket.socket, tls: ssl.SSLContext) -> None:
        """Begin the handshake."""
        shaking = self._until_secured(sock, tls)
        self._shaking_hands = asyncio.get_running_loop().create_task(shaking)

    async def _until_secured(self, sock: socket.socket, tls: ssl.SSLContext) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self,
                sock,
                ssl=tls,
                ssl_handshake_timeout=self._table.limits.header_timeout,
                ssl_shutdown_timeout=SHUTDOWN,
            )
        except (OSError, asyncio.CancelledError) as error:
            log.debug("no TLS", source=self.address, reason=str(error) or "too late")
            self._table.forget(self)
            sock.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let aiohttp answer what comes: the handshake is over."""
        self._begin(transport)

    def close(self, words: bytes = b"") -> None:
        """Close, after these words; during a handshake there are none."""
        if self._transport is None:
            self.abort()
        else:
            super().close(words)

    def abort(self) -> None:
        """Close at once."""
        if self._transport is None and self._shaking_hands is not None:
            self._shaking_hands.cancel()
        super().abort()


class SecureServer:
    """One listening socket of HTTPS."""

    def __init__(
        self,
        sock: socket.socket,
        table: ClientConnections,
        answering: Callable[[], asyncio.Protocol],
        tls: ssl.SSLContext,
    ) -> None:
        """`sock` listens and does not block; `answering` makes the protocol of aiohttp."""
        self._sock = sock
        self._table = table
        self._answering = answering
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._resting: asyncio.TimerHandle | None = None
        self._listen()

    def close(self) -> None:
        """Accept no more."""
        if self._resting is not None:
            self._resting.cancel()
        self._loop.remove_reader(self._sock)
        self._sock.close()

    def _listen(self) -> None:
        self._loop.add_reader(self._sock, self._accept)

    def _accept(self) -> None:
        """Take those who wait."""
        for _ in range(AT_ONCE):
            try:
                sock, peer = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                log.error("no connection can be accepted", reason=str(error))
                self._loop.remove_reader(self._sock)
                self._resting = self._loop.call_later(BREATHER, self._listen)
                return
            sock.setblocking(False)
            connection = SecureConnection(self._table, self._answering())
            if self._table.admit(connection, peer[0]):
                connection.shake_hands(sock, self._tls)
            else:
                with contextlib.suppress(OSError):
                    sock.close()
