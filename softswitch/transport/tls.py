"""SIP over TLS 1.2 and 1.3: the connections of TCP, encrypted (RFC 3261 section 26, RFC 9325).

OpenSSL works in memory, one step of a handshake at a turn of the event loop, so that a thousand
phones that come back at once do not keep the others waiting. A connection is in the table from its
first packet on; it has no state of TLS until it has sent something and there is a place for its
handshake, which is large. A far end that is slow gives its place away, and may finish without one.

Nobody is called back: what is for a phone goes down the connection that the phone has opened. Only
to trunks connections are opened, and they are used when the certificate is the trunk's (RFC 5922).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from softswitch.sip.effects import Flow
from softswitch.transport.certificates import Certificates, Trust
from softswitch.transport.identities import belongs_to, identities
from softswitch.transport.messages import shown
from softswitch.transport.places import Places
from softswitch.transport.tcp import TcpConnection, TcpLimits, TcpTransport
from softswitch.transport.transport import Gone, Receive

READ = 65536
"Octets that are decrypted at a time, more than a record has."
LARGEST_FLIGHT = 128 * 1024
"Octets that a far end may send ahead of its handshake: a long chain of certificates."
PATIENCE = 0.1
"Seconds after which a handshake that waits for its far end gives its place to another one."
QUIET_SECONDS = 60.0
"In this time one address makes one line in the log about handshakes that failed."
REMEMBERED = 1000
"Addresses whose lines are counted."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TlsLimits(TcpLimits):
    """Bounds of time, and of handshakes."""

    handshakes: int = 64
    "Places for handshakes; further ones wait."
    handshake_timeout: float = 10.0
    "Seconds from the first packet of a connection to the end of its handshake."


@dataclass(frozen=True, slots=True)
class Peer:
    """Who a trunk must prove to be."""

    domain: str
    "The host of its settings: what the certificate names, and what we ask for (SNI)."
    trust: Trust
    wildcards: bool = False
    "Whether a certificate for `*.example.org` will do."

    def is_proven_by(self, certificate: Mapping[str, object]) -> bool:
        """Whether a certificate is this peer's; an authority that we believe has signed it."""
        return belongs_to(certificate, self.domain, wildcards=self.wildcards)


class TlsConnection(TcpConnection):
    """One encrypted connection, opened by either side."""

    __slots__ = (
        "_from_far",
        "_handshake",
        "_handshakes",
        "_tls",
        "_to_far",
        "is_queued",
        "is_secured",
    )

    def __init__(self, table: TlsTransport, *, inbound: bool, peer: str = "") -> None:
        super().__init__(table, inbound=inbound, peer=peer)
        self._handshakes = table
        self._from_far = ssl.MemoryBIO()
        self._to_far = ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        "None until something has come, or we open the connection."
        self._handshake: asyncio.Future[None] | None = None
        "Done when it is; None where nobody waits for it."
        self.is_queued = False
        "Whether it waits for us: for a place, or for its turn to go on with the handshake."
        self.is_secured = False
        "Whether the handshake has come to its end."

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place in the table; the side that opened the connection begins."""
        super().connection_made(transport)
        if self.transport is not None and not self.transport.is_closing():
            self._handshakes.arrived(self)
            if not self.inbound:
                self._handshakes.enter(self)

    async def ready(self) -> None:
        """Wait for the end of the handshake; raises OSError when it fails."""
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError("the far end closed the connection")
        if not self.is_secured:
            self._handshake = asyncio.get_running_loop().create_future()
            await self._handshake

    def data_received(self, data: bytes) -> None:
        """Decrypt, or go on with the handshake when it is this connection's turn."""
        self._from_far.write(data)
        if self.is_secured:
            self._read()
        elif self._from_far.pending > LARGEST_FLIGHT:
            self.abort()
        elif self._tls is None:
            self._handshakes.enter(self)
        else:
            self._handshakes.queue(self)

    def write(self, data: bytes) -> None:
        """Encrypt and send octets; raises OSError."""
        if self._tls is None or not self.is_secured:
            raise ConnectionResetError("the connection is not secured")
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            raise ConnectionResetError(str(error)) from error
        self._flush()

    def close(self) -> None:
        """Say goodbye and close after what has been written."""
        if self._tls is not None and self.is_secured:
            with contextlib.suppress(ssl.SSLError, OSError):
                self._tls.unwrap()
            with contextlib.suppress(OSError):
                self._flush()
        super().close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give all places back."""
        self._handshakes.left(self)
        self._settle(ConnectionResetError("the far end closed the connection"))
        super().connection_lost(exc)

    # ------------------------------------------------------------------ the handshake

    def begin(self) -> bool:
        """Take a place for the handshake; False when the connection is gone. For the table."""
        if self.transport is None or self.transport.is_closing():
            return False
        self._tls = self._handshakes.wrap(self, self._from_far, self._to_far)
        self._handshakes.queue(self)
        return True

    def go_on(self) -> None:
        """Take the next step of the handshake; for the table."""
        self.is_queued = False
        if self._tls is None or self.transport is None or self.transport.is_closing():
            return
        try:
            self._tls.do_handshake()
            self._handshakes.secured(self, self._tls)
        except ssl.SSLWantReadError:
            self._flush_quietly()
            return
        except (OSError, ValueError) as error:
            self._fail(error)
            return
        self.is_secured = True
        self._flush_quietly()
        self._settle(None)
        self._read()

    def _fail(self, error: Exception) -> None:
        """Tell the far end why, close, and tell who waits."""
        self._flush_quietly()
        self._handshakes.failed(self, error)
        self._settle(ConnectionRefusedError(reason_of(error)))
        super().close()

    def _settle(self, error: OSError | None) -> None:
        handshake = self._handshake
        if handshake is None or handshake.done():
            return
        if error is None:
            handshake.set_result(None)
        else:
            handshake.set_exception(error)

    # ------------------------------------------------------------------ what is said afterwards

    def _read(self) -> None:
        """Decrypt all that has come, and hand it on."""
        chunks: list[bytes] = []
        is_over = self._decrypt(chunks)
        self._flush_quietly()
        if chunks:
            super().data_received(b"".join(chunks))
        if is_over:
            self.close()

    def _decrypt(self, chunks: list[bytes]) -> bool:
        """Gather what can be read; True when nothing will follow."""
        assert self._tls is not None
        try:
            while chunk := self._tls.read(READ):
                chunks.append(chunk)
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            log.info("stream broken", flow=shown(self.flow), reason=reason_of(error))
        return True

    def _flush(self) -> None:
        """Send what OpenSSL has written."""
        if self._to_far.pending:
            super().write(self._to_far.read())

    def _flush_quietly(self) -> None:
        """Send, where a closed connection is no news."""
        with contextlib.suppress(OSError):
            self._flush()


class TlsTransport(TcpTransport):
    """One listening socket of TLS and all connections from and to it."""

    name = "tls"
    port = 5061

    def __init__(
        self,
        host: str,
        port: int,
        receive: Receive,
        certificates: Certificates,
        *,
        peers: Mapping[str, Peer] | None = None,
        limits: TlsLimits | None = None,
        places: Places | None = None,
        dscp: int = 24,
        gone: Gone | None = None,
    ) -> None:
        """`peers` are the trunks by their names. Raises CertificateError without a certificate."""
        bounds = limits or TlsLimits()
        super().__init__(host, port, receive, limits=bounds, places=places, dscp=dscp, gone=gone)
        self.handshakes = 0
        "That came to their end."
        self.failures = 0
        "Handshakes that failed, gave way, or came too late."
        self._certificates = certificates
        self._context = certificates.server_context(asks_clients=True)
        self._peers = dict(peers or {})
        self._bounds = bounds
        self._shaking: dict[TlsConnection, float] = {}
        "Until when the handshake of each must be over, the oldest first."
        self._newcomers: deque[TlsConnection] = deque()
        "Those that wait for a place."
        self._places: dict[TlsConnection, float] = {}
        "Since when each handshake has its place, the oldest first."
        self._looking: asyncio.TimerHandle | None = None
        self._turns: deque[TlsConnection] = deque()
        self._told: OrderedDict[str, float] = OrderedDict()
        "When each address had its last line in the log."

    def follow(self, peers: Mapping[str, Peer]) -> None:
        """Take other trunks from now on; connections that are open go on."""
        in_use = {connection.flow.peer for connection in self.connections.values()}
        kept = {name: peer for name, peer in self._peers.items() if name in in_use}
        self._peers = {**kept, **peers}

    @property
    def pending(self) -> int:
        """Handshakes that wait for a place or for their turn."""
        return len(self._newcomers) + len(self._turns)

    async def close(self) -> None:
        """Stop listening and close every connection."""
        self._newcomers.clear()
        if self._looking is not None:
            self._looking.cancel()
        await super().close()

    def _connection(self, *, inbound: bool, peer: str = "") -> TlsConnection:
        return TlsConnection(self, inbound=inbound, peer=peer)

    def _check_opening(self, flow: Flow) -> None:
        if flow.peer not in self._peers:
            raise ConnectionResetError("the far end has closed its connection")

    # ------------------------------------------------------------------ called by connections

    def arrived(self, connection: TlsConnection) -> None:
        """Start the clock of a handshake."""
        timeout = max(0.0, self._bounds.handshake_timeout - self.limits.sweep)
        self._shaking[connection] = self._loop.time() + timeout

    def enter(self, connection: TlsConnection) -> None:
        """Let a connection begin its handshake as soon as there is a place."""
        if not connection.is_queued:
            connection.is_queued = True
            self._newcomers.append(connection)
            self._let_in()

    def _let_in(self) -> None:
        """Give the places that are free, now and in a while."""
        now = self._loop.time()
        while self._newcomers and self._has_place(now):
            connection = self._newcomers.popleft()
            connection.is_queued = False
            if connection.begin():
                self._places[connection] = now
        if self._newcomers and self._looking is None:
            self._looking = self._loop.call_later(PATIENCE, self._look)

    def _has_place(self, now: float) -> bool:
        """Whether there is a place, perhaps of one whose far end is slow."""
        if len(self._places) < self._bounds.handshakes:
            return True
        oldest, since = next(iter(self._places.items()))
        if oldest.is_queued or now - since < PATIENCE:
            return False
        del self._places[oldest]
        return True

    def _look(self) -> None:
        self._looking = None
        self._let_in()

    def wrap(
        self, connection: TlsConnection, from_far: ssl.MemoryBIO, to_far: ssl.MemoryBIO
    ) -> ssl.SSLObject:
        """Make the state of a handshake."""
        if connection.inbound:
            return self._context.wrap_bio(from_far, to_far, server_side=True)
        peer = self._peers[connection.flow.peer]
        context = self._certificates.client_context(peer.trust)
        return context.wrap_bio(from_far, to_far, server_hostname=peer.domain)

    def queue(self, connection: TlsConnection) -> None:
        """Let a connection go on with its handshake when its turn comes."""
        if not connection.is_queued:
            connection.is_queued = True
            self._turns.append(connection)
            if len(self._turns) == 1:
                self._loop.call_soon(self._give_turn)

    def _give_turn(self) -> None:
        """Let one go on; the next one has to wait until everything else was looked after."""
        try:
            self._turns[0].go_on()
        finally:
            self._turns.popleft()
            if self._turns:
                self._loop.call_soon(self._give_turn)

    def secured(self, connection: TlsConnection, tls: ssl.SSLObject) -> None:
        """Judge the certificate at the end of a handshake; raises OSError when it will not do.

        A client whose certificate is a trunk's is that trunk.
        """
        certificate = tls.getpeercert() or {}
        flow = connection.flow
        if not connection.inbound:
            wanted = self._peers[flow.peer]
            if not wanted.is_proven_by(certificate):
                names = ", ".join(identities(certificate)) or "nobody"
                raise ConnectionRefusedError(f"is the certificate of {names}, not {wanted.domain}")
        elif certificate:
            proven = (name for name, peer in self._peers.items() if peer.is_proven_by(certificate))
            self._move(connection, flow._replace(peer=next(proven, "")))
        self.handshakes += 1
        self.left(connection)

    def _move(self, connection: TlsConnection, flow: Flow) -> None:
        """Give a connection the place of who it has proven to be."""
        self.connections.pop(connection.place, None)
        connection.flow = flow
        self.connections[connection.place] = connection

    def failed(self, connection: TlsConnection, error: Exception) -> None:
        """Count a handshake that failed, and write it to the log unless the address is in it."""
        self.failures += 1
        self.left(connection)
        now, address = self._loop.time(), connection.flow.remote[0]
        if now < self._told.get(address, 0.0):
            return
        if len(self._told) >= REMEMBERED:
            self._told.popitem(last=False)
        self._told[address] = now + QUIET_SECONDS
        self._told.move_to_end(address)
        log.info(
            "no handshake",
            flow=shown(connection.flow),
            trunk=connection.flow.peer,
            reason=reason_of(error),
        )

    def left(self, connection: TlsConnection) -> None:
        """Forget a handshake."""
        self._shaking.pop(connection, None)
        if self._places.pop(connection, None) is not None:
            self._let_in()

    def _close_late(self, now: float) -> None:
        for connection, deadline in list(self._shaking.items()):
            if deadline > now:
                break
            if connection.is_queued:
                continue  # it is our turn, and not the far end that is late
            self.timed_out += 1
            self.failed(connection, TimeoutError("the handshake took too long"))
            connection.abort()
        super()._close_late(now)


def reason_of(error: Exception) -> str:
    """What went wrong in a handshake, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return str(error)
