"""All WebSockets of one address: found by their far end, bounded in number, asked for life signs.

A page cannot be called back: when its WebSocket is gone, what is sent to it fails until it comes
again. `Flow.local` is the address that the page reached, as it is for TCP.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import Callable
from functools import partial
from typing import Protocol

import structlog
from websockets.frames import CloseCode

from softswitch.sip.effects import Flow
from softswitch.transport.addresses import WILDCARDS, set_dscp, source_for
from softswitch.transport.messages import shown
from softswitch.transport.places import Debtor, Places
from softswitch.transport.transport import Failed, Gone, Receive
from softswitch.transport.web_sockets.connection import WebSocketConnection

PING_INTERVAL = 28
"""Seconds between two Pings of one WebSocket: proxies and NATs commonly forget what has been silent
for 30 or 60 seconds."""

log = structlog.get_logger()


class Listener(Protocol):
    """The server that does the handshakes."""

    listen: tuple[str, int]
    "Where it listens; the port is the real one once it has been started."

    async def start(self) -> None:
        """Listen; raises OSError."""

    async def stop(self) -> None:
        """Stop listening, and end what is open."""


class WebSocketTransport:
    """The WebSockets of one address; `name` is `ws`, or `wss` where TLS carries them."""

    def __init__(
        self,
        name: str,
        local: tuple[str, int],
        receive: Receive,
        *,
        places: Places | None = None,
        second: float = 1.0,
        dscp: int = 24,
        gone: Gone | None = None,
        listener: Callable[[WebSocketTransport], Listener] | None = None,
    ) -> None:
        """`gone` hears of each WebSocket that ends before the transport does.

        `places` are those of all listeners; without them it has some of its own. `second` is the
        length of a second in which the WebSockets of one turn are pinged; shorter in tests.
        `listener` makes the server that belongs to this transport alone; None where the HTTP
        server of the web API listens at the same address.
        """
        self.name = name
        self.local = local
        self._second = second
        self.connections: dict[tuple[str, int], WebSocketConnection] = {}
        self.is_open = False
        "Whether WebSockets are let in."
        self.refused = 0
        "WebSockets for which there was no place."
        self.gave_way = 0
        "WebSockets that had sent no message and lost their place to newcomers."
        self.timed_out = 0
        "WebSockets whose page did not answer pings."
        self._receive = receive
        self._dscp = dscp
        self._gone = gone
        self._listener = None if listener is None else listener(self)
        self._places = places or Places()
        self._places.join(self)
        self._turns: list[dict[WebSocketConnection, None]] = [{} for _ in range(PING_INTERVAL)]
        "Which WebSockets are pinged in which second; a newcomer takes one at random."
        self._turn = 0
        self._pinging: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    async def open(self) -> None:
        """Let WebSockets in; port 0 takes a free one."""
        if self._listener is not None:
            await self._listener.start()
            self.local = (self.local[0], self._listener.listen[1])
        self.is_open = True
        self._pinging = self._loop.call_later(self._second, self._ping)

    def flow_to(self, remote: tuple[str, int]) -> Flow:
        """The flow to this address; on a wildcard socket `local` is the address they see."""
        host, port = self.local
        return Flow(self.name, (source_for(remote[0]) if host in WILDCARDS else host, port), remote)

    def send(self, data: bytes, flow: Flow, failed: Failed | None = None) -> None:
        """Send one message down the WebSocket of that flow; raises OSError when it is gone."""
        connection = self.connections.get(flow.remote)
        if connection is None:
            raise ConnectionResetError("the WebSocket is gone")
        connection.write(data)

    def take_back(self, data: bytes, flow: Flow) -> bool:
        """Nothing waits to be sent."""
        return False

    async def close(self) -> None:
        """Say goodbye to every page, and stop listening."""
        self.is_open = False
        self._gone = None
        if self._pinging is not None:
            self._pinging.cancel()
        for connection in list(self.connections.values()):
            connection.close(CloseCode.GOING_AWAY)
        if self._listener is not None:
            await self._listener.stop()

    def enter(self, transport: asyncio.Transport) -> WebSocketConnection | None:
        """Give a new WebSocket a place; None when there is none, or its page is gone already.

        At a limit the WebSocket that has been silent for longest gives way.
        """
        peer = transport.get_extra_info("peername")
        if not peer or transport.is_closing() or not self.is_open:
            return None
        if not self._places.make_room(peer[0]):
            self.refused += 1
            return None
        turn = random.randrange(PING_INTERVAL)
        flow = self.flow_to((peer[0], peer[1]))
        connection = WebSocketConnection(self, transport, flow, turn)
        sock = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 32_000)
            set_dscp(sock, self._dscp)
        self.connections[connection.flow.remote] = connection
        self._places.take(peer[0])
        self._turns[turn][connection] = None
        return connection

    def oldest_debtor(self, address: str | None) -> Debtor | None:
        """The WebSocket that has sent no message for longest; of one address, if that is given."""
        for connection in self.connections.values():
            is_there = address is None or connection.flow.remote[0] == address
            if is_there and not connection.started:
                return Debtor(connection.since, partial(self._end_debtor, connection))
        return None

    def _end_debtor(self, connection: WebSocketConnection) -> None:
        self.gave_way += 1
        self.forget(connection)
        connection.transport.abort()

    # ------------------------------------------------------------------ called by connections

    def received(self, connection: WebSocketConnection, data: bytes) -> None:
        """Hand a message to the driver."""
        self._receive(data, connection.flow)

    def lost(self, connection: WebSocketConnection) -> None:
        """Close a WebSocket whose page does not answer."""
        self.timed_out += 1
        log.info("WebSocket lost: no Pong", flow=shown(connection.flow))
        connection.transport.abort()

    def forget(self, connection: WebSocketConnection) -> None:
        """Take a WebSocket out of the table; harmless when it is not in it."""
        if self.connections.get(connection.flow.remote) is not connection:
            return
        del self.connections[connection.flow.remote]
        del self._turns[connection.turn][connection]
        self._places.give_back(connection.flow.remote[0])
        if self._gone is not None:
            self._gone(connection.flow)

    # ------------------------------------------------------------------ pings

    def _ping(self) -> None:
        """Ping the WebSockets whose turn it is."""
        for connection in list(self._turns[self._turn]):
            connection.ping()
        self._turn = (self._turn + 1) % len(self._turns)
        self._pinging = self._loop.call_later(self._second, self._ping)
