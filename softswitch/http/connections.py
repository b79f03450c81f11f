"""The connections of HTTP clients: bounded in number and in the time that a request may take.

A connection owes a request until its header and body have come. When there are too many, in all or
from one address, the one that has owed for longest gives way to the newcomer, so half-sent requests
(CWE-400, "Slowloris") keep nobody out; what is being answered never gives way. aiohttp parses and
answers; this file stands between it and the socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple, cast

import structlog
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol

from softswitch.guard.rates import RequestSources
from softswitch.telemetry.metrics import Metric

log = structlog.get_logger("http")

NEW = 1.0
"Seconds in which a newcomer may send its request before it gives way like others."
QUIET = 10.0
"Seconds for which one line about too many connections is enough."
TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class HttpLimits(NamedTuple):
    """Bounds of the connections of one server."""

    connections: int = 512
    per_address: int = 256
    header_timeout: float = 10.0
    "Seconds for the header of a request, from the connection or from its first octet."
    body_timeout: float = 60.0
    "Seconds for its body, from the end of the header."
    idle_timeout: float = 75.0
    "Seconds that a connection may wait for its next request."

    def patience(self, stage: Stage) -> float:
        """How long a stage may last, in seconds."""
        return {
            Stage.HEADER: self.header_timeout,
            Stage.IDLE: self.idle_timeout,
            Stage.BODY: self.body_timeout,
            Stage.ANSWERED: float("inf"),
        }[stage]


class Stage(Enum):
    """What a connection is about."""

    HEADER = auto()
    "It owes a header."
    IDLE = auto()
    "It has been answered, and nothing has come since."
    BODY = auto()
    "It owes the rest of a body, as far as is known."
    ANSWERED = auto()
    "Its request is complete and is being answered."


@dataclass(slots=True)
class HttpCounts:
    """How many connections there are, and what became of others."""

    open: int = 0
    refused: int = 0
    "They found no place."
    gave_way: int = 0
    "They owed a request and lost their place to newcomers."
    timed_out: int = 0
    "Their request did not come in time."

    def metrics(self) -> Iterator[Metric]:
        """The same for people."""
        yield Metric("http_connections", "HTTP connections open", lambda: self.open)
        yield Metric(
            "http_connections_closed_total",
            "HTTP connections that were closed before a request was complete, by cause",
            lambda: {
                "refused": self.refused,
                "gave way": self.gave_way,
                "timed out": self.timed_out,
            },
            "cause",
        )


class BodyLate(TimeoutError):
    """The body of a request has not come in time: what reads it raises this."""


class ClientConnection(asyncio.Protocol):
    """One connection: passes everything on to the protocol of aiohttp, once it has a place."""

    __slots__ = (
        "_answering",
        "_is_answering",
        "_table",
        "_transport",
        "address",
        "request",
        "since",
        "stage",
    )

    def __init__(self, table: ClientConnections, answering: asyncio.Protocol) -> None:
        self._table = table
        self._answering = answering
        self._is_answering = False
        "Whether aiohttp knows of the connection."
        self._transport: asyncio.Transport | None = None
        self.address = ""
        "The source as limits count it."
        self.stage = Stage.HEADER
        self.since = 0.0
        "When the stage began."
        self.request: web.Request | None = None
        "The request that is being read or answered."

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place, or close at once when there is none."""
        peer = transport.get_extra_info("peername")
        if self._table.admit(self, peer[0] if peer else ""):
            self._begin(transport)
        else:
            cast(asyncio.Transport, transport).abort()

    def _begin(self, transport: asyncio.BaseTransport) -> None:
        """Let aiohttp answer what comes."""
        self._transport = cast(asyncio.Transport, transport)
        self._is_answering = True
        self._answering.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Pass octets on; the first one of a request starts the clock of its header."""
        if self.stage is Stage.IDLE:
            self._table.enter(self, Stage.HEADER)
        if self._is_answering:
            self._answering.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass the end of what the client sends on."""
        return self._answering.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._table.forget(self)
        if self._is_answering:
            self._answering.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass on that the client reads slowly."""
        self._answering.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that it reads again."""
        self._answering.resume_writing()

    def hand_over(self, make: Callable[[asyncio.Transport], asyncio.Protocol | None]) -> bool:
        """Give the connection to the protocol that `make` makes; False when it makes none.

        aiohttp and this table know nothing of it from then on.
        """
        transport = self._transport
        successor = None if transport is None else make(transport)
        if transport is None or successor is None:
            return False
        self._table.forget(self)
        self._is_answering = False
        # aiohttp closes the transport of a connection that it has lost.
        cast(BaseProtocol, self._answering).transport = None
        self._answering.connection_lost(None)
        transport.set_protocol(successor)
        return True

    @property
    def owes(self) -> bool:
        """Whether the request is not complete, so that the connection may give way."""
        if self.stage is Stage.BODY and self.request is not None:
            return not self.request.content.is_eof()
        return self.stage is not Stage.ANSWERED

    def answered(self) -> None:
        """All of the answer to the request has been written."""
        self._table.ended(self)

    def close(self, words: bytes = b"") -> None:
        """Close, after these words."""
        if self._transport is not None:
            if words:
                self._transport.write(words)
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()


class ClientConnections:
    """The table of the connections of one server."""

    def __init__(
        self,
        limits: HttpLimits,
        counts: HttpCounts,
        answering: Callable[[], asyncio.Protocol],
        clock: Callable[[], float],
    ) -> None:
        """`answering` makes the protocol of aiohttp for a connection; `clock` is the loop's."""
        self.limits = limits
        self.counts = counts
        self._make_answering = answering
        self._clock = clock
        self._sources = RequestSources()
        self._open: dict[ClientConnection, None] = {}
        "Those with a place, in the order in which their stages began."
        self._of_address: dict[str, dict[ClientConnection, None]] = {}
        "The same by their source."
        self._said_at = float("-inf")

    def new(self) -> ClientConnection:
        """The protocol of a connection that is about to be made."""
        return ClientConnection(self, self._make_answering())

    # -- called by connections ---------------------------------------------------------------------

    def admit(self, connection: ClientConnection, host: str) -> bool:
        """Enter a connection; False when there is no place and nobody can give way."""
        connection.address = self._sources.find(host).key
        if not self._make_room(connection.address):
            self.counts.refused += 1
            return False
        self._open[connection] = None
        self._of_address.setdefault(connection.address, {})[connection] = None
        self.counts.open = len(self._open)
        self.enter(connection, Stage.HEADER)
        return True

    def enter(self, connection: ClientConnection, stage: Stage) -> None:
        """Note the stage of a connection."""
        connection.stage, connection.since = stage, self._clock()
        if connection in self._open:
            for ordered in (self._open, self._of_address[connection.address]):
                del ordered[connection]
                ordered[connection] = None

    def forget(self, connection: ClientConnection) -> None:
        """Take a connection out; harmless when it has no place."""
        if connection in self._open:
            del self._open[connection]
            self.counts.open = len(self._open)
            same = self._of_address[connection.address]
            del same[connection]
            if not same:
                del self._of_address[connection.address]

    # -- called while a request is answered --------------------------------------------------------

    def began(self, request: web.Request) -> None:
        """Note that a header has come, and whether a body is owed."""
        connection = connection_of(request)
        if connection is not None:
            connection.request = request
            owes_body = not request.content.is_eof()
            self.enter(connection, Stage.BODY if owes_body else Stage.ANSWERED)

    def ended(self, connection: ClientConnection) -> None:
        """Note that a request has been answered."""
        connection.request = None
        self.enter(connection, Stage.IDLE)

    def abort_all(self) -> None:
        """End what is open."""
        for connection in list(self._open):
            connection.abort()

    # -- limits ------------------------------------------------------------------------------------

    def sweep(self) -> None:
        """End the connections whose request is late; to be called once a second."""
        now = self._clock()
        for connection in list(self._open):
            if now - connection.since >= self.limits.patience(connection.stage):
                self._end(connection)

    def _end(self, connection: ClientConnection) -> None:
        """End a connection whose stage has lasted too long."""
        request = connection.request
        if not connection.owes:
            self.enter(connection, Stage.ANSWERED)
        elif connection.stage is Stage.IDLE:
            connection.close()
        elif request is None:
            self.counts.timed_out += 1
            connection.close(TOO_LATE)
        else:
            self.counts.timed_out += 1
            self.enter(connection, Stage.ANSWERED)
            request.content.set_exception(BodyLate())

    def _make_room(self, address: str) -> bool:
        """Whether there is a place, perhaps because somebody has given way."""
        same = self._of_address.get(address, {})
        if len(same) >= self.limits.per_address:
            return self._give_way(same)
        return len(self._open) < self.limits.connections or self._give_way(self._open)

    def _give_way(self, crowd: Iterable[ClientConnection]) -> bool:
        """Close one of them; False when none of them owes anything."""
        now = self._clock()
        victim = _first_to_go(crowd, now)
        if now >= self._said_at + QUIET:
            self._said_at = now
            source = "" if victim is None else victim.address
            log.warning("too many connections", open=len(self._open), source=source)
        if victim is None:
            return False
        self.counts.gave_way += 1
        self.forget(victim)
        victim.abort()
        return True


def _first_to_go(crowd: Iterable[ClientConnection], now: float) -> ClientConnection | None:
    """The oldest half-sent request, else the oldest idle connection, else the oldest newcomer.

    The crowd is in the order in which stages began, so a newcomer is followed by newcomers only.
    """
    idle = None
    for connection in crowd:
        if not connection.owes:
            continue
        if connection.stage is Stage.IDLE:
            idle = idle or connection
        elif now - connection.since >= NEW:
            return connection
        else:
            return idle or connection
    return idle


def connection_of(request: web.BaseRequest) -> ClientConnection | None:
    """The connection of a request; None when it is gone."""
    protocol = None if request.transport is None else request.transport.get_protocol()
    return protocol if isinstance(protocol, ClientConnection) else None
