"""SIP over TCP: a table of connections, found by their far end (RFC 3261 section 18, RFC 5626).

A connection carries both directions: a message to an address that has a connection uses it,
whichever side opened it; else one is opened. `Flow.local` is always the address that listens,
because that is what Via and Contact must name. `tls` adds encryption to both classes.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import structlog

from softswitch.sip.effects import Flow
from softswitch.sip.message.framing import (
    PING,
    PONG,
    FramingError,
    KeepAlive,
    StreamFramer,
)
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import (
    MalformedMessage,
    Request,
    parse_message,
    response_to,
)
from softswitch.transport.addresses import (
    WILDCARDS,
    family_of,
    require_numeric,
    set_dscp,
    source_for,
)
from softswitch.transport.messages import shown
from softswitch.transport.places import Debtor, Places
from softswitch.transport.transport import Failed, Gone, Receive

BACKLOG = 1024
WAITING = 64
"Messages that may wait for a connection to be made."
LIVELINESS = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 32_000),
)
"""Options of every connection: a far end that has vanished is noticed after two minutes (the
kernel's own value is two hours), and after 32 seconds when something was sent to it."""
UNSENT = 1024 * 1024
"Octets that a peer may leave unread before its connection is closed."

Place = tuple[tuple[str, int], str]
"Where a connection stands in the table: its far end's address, and who that has proven to be."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TcpLimits:
    """Bounds of time; those of number are in `places.py`."""

    connect_timeout: float = 4.0
    "Seconds that opening a connection may take."
    stream_timeout: float = 32.0
    "Seconds for the first message, and for the rest of one that has begun, at most."
    last_answers: float = 5.0
    "Seconds that a broken stream stays open for answers to what came before."
    sweep: float = 1.0
    "Seconds between looks for connections that are late."


class TcpConnection(asyncio.Protocol):
    """One connection, opened by either side."""

    __slots__ = ("_framer", "_table", "flow", "inbound", "started", "transport")

    def __init__(self, table: TcpTransport, *, inbound: bool, peer: str = "") -> None:
        self._table = table
        self._framer = StreamFramer()
        self.inbound = inbound
        self.started = not inbound
        "Whether a message has come: a peer that opens a connection must not stay silent."
        self.flow = Flow(table.name, table.local, ("", 0), peer)
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place in the table, or close at once when there is none."""
        self.transport = transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        if not peer:
            transport.abort()
            return
        self.flow = self._table.flow_to((peer[0], peer[1]))._replace(peer=self.flow.peer)
        if not self._table.admit(self):
            transport.abort()

    @property
    def place(self) -> Place:
        """Where it stands in the table."""
        return self.flow.remote, self.flow.peer

    async def ready(self) -> None:
        """Wait until something can be sent; raises OSError when that will never be."""

    def data_received(self, data: bytes) -> None:
        """Cut the stream into messages and hand them on; a broken stream is answered and closed."""
        try:
            items = self._framer.feed(data)
        except FramingError as error:
            self._take(error.complete)
            self._table.broken(self, error)
            return
        messages = self._take(items)
        owed = bool(self._framer.pending) or not self.started
        self._table.expect(self, owed=owed, progress=bool(messages))

    def _take(self, items: Sequence[bytes | KeepAlive]) -> int:
        """Hand messages on in their order and answer pings; returns how many messages there were.

        The pongs of one read leave together, one for each ping.
        """
        messages = [item for item in items if isinstance(item, bytes)]
        pings = sum(item is PING for item in items)
        if pings:
            with contextlib.suppress(OSError):
                self.write(PONG.value * pings)
        if messages:
            self.started = True
        for message in messages:
            self._table.received(self, message)
        return len(messages)

    def write(self, data: bytes) -> None:
        """Send octets; a peer that does not read them loses its connection."""
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        transport.write(data)
        if transport.get_write_buffer_size() > UNSENT:
            transport.abort()
            raise ConnectionAbortedError("the far end does not read")

    def close(self) -> None:
        """Close after what has been written."""
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self.transport is not None:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place in the table back."""
        self._table.forget(self)


class TcpTransport:
    """One listening socket and all connections from and to it."""

    name = "tcp"
    port = 5060
    "The far end's, where Via names none (RFC 3261 section 18.2.2)."

    def __init__(
        self,
        host: str,
        port: int,
        receive: Receive,
        *,
        limits: TcpLimits | None = None,
        places: Places | None = None,
        dscp: int = 24,
        gone: Gone | None = None,
    ) -> None:
        """`gone` hears of each connection that ends before the transport does.

        `places` are those of all listeners; without them it has some of its own.
        """
        self.local = (host, port)
        self.limits = limits or TcpLimits()
        self.connections: dict[Place, TcpConnection] = {}
        self.refused = 0
        "Connections that were closed because a limit was reached."
        self.gave_way = 0
        "Connections that owed a message and lost their place to newcomers."
        self.timed_out = 0
        "Connections that were closed because their message did not come."
        self._receive = receive
        self._dscp = dscp
        self._gone = gone
        self._connection_places = places or Places()
        self._connection_places.join(self)
        self._patience = max(0.0, self.limits.stream_timeout - self.limits.sweep)
        self._deadlines: dict[TcpConnection, float] = {}
        "Oldest first, because all limits of time are equal."
        self._opening: dict[Place, list[tuple[bytes, Failed | None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._sweeping: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    async def open(self) -> None:
        """Bind and listen; port 0 takes a free one."""
        family = family_of(self.local[0])
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(self.local)
        except OSError:
            sock.close()
            raise
        self.local = (self.local[0], sock.getsockname()[1])
        self._server = await self._loop.create_server(
            lambda: self._connection(inbound=True), sock=sock, backlog=BACKLOG
        )
        self._sweep()

    def flow_to(self, remote: tuple[str, int]) -> Flow:
        """The flow to this address; on a wildcard socket `local` is the address they see."""
        host, port = self.local
        return Flow(self.name, (source_for(remote[0]) if host in WILDCARDS else host, port), remote)

    def send(self, data: bytes, flow: Flow, failed: Failed | None = None) -> None:
        """Send on the connection to that address, opening one if there is none."""
        place = flow.remote, flow.peer
        connection = self.connections.get(place)
        if connection is not None and place not in self._opening:
            connection.write(data)
            return
        remote = flow.remote
        if data.startswith(b"SIP/2.0 "):
            remote = _return_address(data, flow, self.port)
        place = remote, flow.peer
        waiting = self._opening.get(place)
        if waiting is None:
            if (
                self._connection_places.taken + len(self._opening)
                >= self._connection_places.connections
            ):
                raise OSError("no connection is free")
            self._check_opening(flow._replace(remote=require_numeric(remote)))
            self._opening[place] = [(data, failed)]
            self._spawn(place)
        elif len(waiting) < WAITING:
            waiting.append((data, failed))
        else:
            raise OSError("too many messages wait for this connection")

    def take_back(self, data: bytes, flow: Flow) -> bool:
        """Whether octets still waited for their connection; if so they are not sent any more."""
        waiting = self._opening.get((flow.remote, flow.peer), [])
        for entry in waiting:
            if entry[0] == data:
                waiting.remove(entry)
                return True
        return False

    async def close(self) -> None:
        """Stop listening and close every connection."""
        self._gone = None
        if self._sweeping is not None:
            self._sweeping.cancel()
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self.connections.values()):
            connection.close()
        if self._server is not None:
            await self._server.wait_closed()

    # ------------------------------------------------------------------ opening

    def _connection(self, *, inbound: bool, peer: str = "") -> TcpConnection:
        """Make a connection that has no socket yet."""
        return TcpConnection(self, inbound=inbound, peer=peer)

    def _check_opening(self, flow: Flow) -> None:
        """Raise OSError when no connection may be opened for this flow."""

    def _spawn(self, place: Place) -> None:
        (host, port), _ = place
        task = self._loop.create_task(self._open(place), name=f"connect {host}:{port}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self, place: Place) -> None:
        """Connect and send what waits, or tell those who wait that it cannot be done."""
        remote, peer = place
        host = self.local[0]
        source = None if host in WILDCARDS else (host, 0)
        connection = self._connection(inbound=False, peer=peer)
        is_ready = False
        try:
            async with asyncio.timeout(self.limits.connect_timeout):
                await self._loop.create_connection(lambda: connection, *remote, local_addr=source)
                await connection.ready()
            is_ready = True
        except OSError as error:
            connection.abort()
            log.info("no connection", flow=shown(self.flow_to(remote)), reason=_reason(error))
        finally:
            waiting = self._opening.pop(place)
        for data, failed in waiting:
            try:
                if not is_ready:
                    raise ConnectionRefusedError
                connection.write(data)
            except OSError:
                if failed is not None:
                    failed()

    # ------------------------------------------------------------------ called by connections

    def admit(self, connection: TcpConnection) -> bool:
        """Enter a connection into the table; False when a limit says no.

        At a limit the connection that has owed a message for longest gives way.
        """
        address = connection.flow.remote[0]
        if connection.inbound and not self._connection_places.make_room(address):
            self.refused += 1
            return False
        if connection.transport is not None:
            sock = connection.transport.get_extra_info("socket")
            with contextlib.suppress(OSError):
                for level, option, value in LIVELINESS:
                    sock.setsockopt(level, option, value)
                set_dscp(sock, self._dscp)
        if connection.place not in self.connections:
            self._connection_places.take(address)
        self.connections[connection.place] = connection
        if connection.inbound:
            self._deadlines[connection] = self._loop.time() + self._patience
        return True

    def oldest_debtor(self, address: str | None) -> Debtor | None:
        """The connection that has owed a message for longest; of one address, if that is given."""
        for connection, deadline in self._deadlines.items():
            if address is None or connection.flow.remote[0] == address:
                return Debtor(deadline - self._patience, partial(self._end_debtor, connection))
        return None

    def _end_debtor(self, connection: TcpConnection) -> None:
        self.gave_way += 1
        self.forget(connection)
        connection.abort()

    def forget(self, connection: TcpConnection) -> None:
        """Take a connection out of the table."""
        self._deadlines.pop(connection, None)
        if self.connections.get(connection.place) is connection:
            del self.connections[connection.place]
            self._connection_places.give_back(connection.flow.remote[0])
            if self._gone is not None:
                self._gone(connection.flow)

    def received(self, connection: TcpConnection, data: bytes) -> None:
        """Hand a message to the driver."""
        self._receive(data, connection.flow)

    def expect(self, connection: TcpConnection, *, owed: bool, progress: bool) -> None:
        """Start the clock when a message is owed, anew after every message, and else stop it."""
        if progress or not owed:
            self._deadlines.pop(connection, None)
        if owed and connection not in self._deadlines:
            self._deadlines[connection] = self._loop.time() + self._patience

    def broken(self, connection: TcpConnection, error: FramingError) -> None:
        """Answer a message whose length cannot be known, and close.

        Nothing more is read. Requests that came before it may still be answered for a while.
        """
        log.info("stream broken", flow=shown(connection.flow), reason=str(error))
        self._deadlines.pop(connection, None)
        answer = _refusal(error)
        with contextlib.suppress(OSError):
            if answer is not None:
                connection.write(answer)
        transport = connection.transport
        if transport is None:
            return
        if connection.started:
            transport.pause_reading()
            self._loop.call_later(self.limits.last_answers, connection.close)
        else:
            connection.close()

    def _sweep(self) -> None:
        """Look for late connections, now and from time to time."""
        self._close_late(self._loop.time())
        self._sweeping = self._loop.call_later(self.limits.sweep, self._sweep)

    def _close_late(self, now: float) -> None:
        """Close the connections whose message is late."""
        for connection, deadline in list(self._deadlines.items()):
            if deadline > now:
                break
            self.timed_out += 1
            self._deadlines.pop(connection)
            connection.abort()


def _reason(error: OSError) -> str:
    return str(error) or ("too late" if isinstance(error, TimeoutError) else "refused")


def _refusal(error: FramingError) -> bytes | None:
    """The answer to a request whose end cannot be found, when its beginning can be read."""
    try:
        message = parse_message(error.head)
        request = message if isinstance(message, Request) else None
    except MalformedMessage as mistake:
        request = mistake.request
    if request is None or request.method == "ACK":
        return None
    answer = response_to(request, error.status, error.phrase, to_tag=secrets.token_hex(8))
    return answer.to_bytes()


def _return_address(data: bytes, flow: Flow, port: int) -> tuple[str, int]:
    """Where a response goes whose connection is gone (RFC 3261 section 18.2.2)."""
    try:
        return flow.remote[0], parse_message(data).via.port or port
    except MessageError:
        return flow.remote
