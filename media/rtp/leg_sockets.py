"""Which sockets belong to which row: where a leg's packets come from, and where they leave.

`LegSockets` holds what is known of a leg and is no number: its sockets, what it believes about the
far end, its formats. `SocketTable` holds them all. The drain looks a descriptor up in `reads` and
`row_of`, and a row in `sends`; everything else that is ready (an unconnected socket, RTCP, the
control socket) has a function in `callbacks`.

One epoll watches legs whose packets somebody hears at once; another, which is read less often,
watches legs whose packets would only wait for the tick: the patient ones. `change_epoll` moves a
leg from one to the other.
"""

from __future__ import annotations

import resource
import select
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from media.control.session import Address, LegCodec
from media.legs import FREE
from media.rtp.latching import Latch
from media.rtp.sockets import connect_beside, open_pair
from media.secure.handshake import Handshake

MAX_DESCRIPTORS = 65536

ONCE = select.EPOLLIN | select.EPOLLONESHOT
"Readiness is told once, and again after `rearm`: a flood of packets cannot keep us awake."

Read = Callable[[memoryview], int]
Send = Callable[[memoryview], int]


@dataclass(slots=True)
class RtcpPeer:
    """What RTCP has told about a leg, and where its reports go (RFC 3550 section 6)."""

    announced: Address | None = None
    "Where the SDP wants it."
    believed: Address | None = None
    "Where it came from, when that is not `announced`."
    last_sr: int = 0
    "Middle 32 bits of the NTP time of the far end's last SR."
    last_sr_at: float = 0.0
    lost: int = 0
    "What the far end misses of ours."
    jitter_ms: float = 0.0
    "What it sees of ours."
    round_trip: float | None = None
    "Seconds."


@dataclass(slots=True, eq=False)
class LegSockets:
    """The sockets of one leg, and what belongs to them."""

    row: int
    port: int
    "The even port."
    unconnected: socket.socket
    "Bound to `port`; it takes packets from everybody."
    rtcp: socket.socket
    "Bound to the port above; it takes packets from everybody."
    connected: socket.socket | None = None
    "Bound to `port` too, and connected to `connected_to`."
    connected_to: Address | None = None
    unknown_source: str | None = None
    "The last host whose packets were not believed, if there was one."
    unknown_packets: int = 0
    "Packets of unknown sources since the last event about them."
    unknown_told_at: float = float("-inf")
    "When that event was sent."
    latch: Latch = field(default_factory=Latch)
    rtcp_peer: RtcpPeer = field(default_factory=RtcpPeer)
    codecs: tuple[LegCodec, ...] = ()
    muxed: bool = False
    "Whether RTCP passes through the RTP port (RFC 5761)."
    handshake: Handshake | None = None
    "How keys are agreed by DTLS, if they are."
    handshake_peer: Address | None = None
    "Where its last datagram came from."
    rtcp_apart: bool = False
    "Whether RTCP has a port, and so a handshake and keys, of its own (RFC 5764 section 5.1)."
    rtcp_secured: bool = False
    "Whether that handshake has given it keys; until then none passes."
    proved_at: float = float("-inf")
    "When a datagram of a far end that proved itself came last by the unconnected socket."


class SocketTable:
    """The sockets of all legs of a worker, and the epolls that watch them."""

    def __init__(self, capacity: int) -> None:
        self.epoll = select.epoll()
        self.patient_epoll = select.epoll()
        self.patient = np.zeros(capacity, np.bool_)
        "By row: whether its connected socket is watched by `patient_epoll`."
        self.patients = 0
        "How many are."
        self.reads: list[Read | None] = [None] * MAX_DESCRIPTORS
        "By descriptor: `recv_into` of a connected socket, or None for what is in `callbacks`."
        self.row_of = np.full(MAX_DESCRIPTORS, FREE, np.intp)
        "By descriptor: the row of a connected socket."
        self.callbacks: dict[int, Callable[[float], None]] = {}
        "By descriptor: what to call, with the time, when anything else is ready."
        self.sends: list[Send] = [_to_nobody] * capacity
        "By row: `send` of the connected socket, else a `sendto` of the unconnected one."
        self.descriptors = np.full(capacity, FREE, np.int64)
        "By row: the descriptor of the connected socket, if there is one."
        self.of_row: dict[int, LegSockets] = {}
        "By row."
        self.rtcp_flights: dict[int, list[tuple[bytes, Address]]] = {}
        "By row: datagrams of handshakes that came by its RTCP port, and where from."
        self.sharing = 0
        "How many legs have more than RTP on their RTP port."
        self.refused = 0
        "Sockets that could not be connected, and datagrams that could not be sent, but for RTP."
        self._already_read: set[int] = set()
        self._always: set[int] = set()
        "Descriptors whose readiness is told until there is nothing left to read."

    def watch_always(self, descriptor: int, ready: Callable[[float], None]) -> None:
        """Call `ready` whenever the descriptor can be read."""
        self.callbacks[descriptor] = ready
        self._always.add(descriptor)
        self.epoll.register(descriptor, select.EPOLLIN)

    def put_off(self, descriptor: int) -> None:
        """Watch again at once a descriptor that was ready and has not been read."""
        if descriptor not in self._always:
            self.epoll.modify(descriptor, ONCE)

    def open_leg(
        self,
        row: int,
        host: str,
        port: int,
        at_unconnected: Callable[[LegSockets, float], None],
        at_rtcp: Callable[[LegSockets, float], None],
    ) -> LegSockets | None:
        """Bind both ports of a leg; None when another program has one of them."""
        pair = open_pair(host, port)
        if pair is None:
            return None
        leg_sockets = LegSockets(row, port, *pair)
        self.of_row[row] = leg_sockets
        self.callbacks[leg_sockets.unconnected.fileno()] = lambda now: at_unconnected(
            leg_sockets, now
        )
        self.callbacks[leg_sockets.rtcp.fileno()] = lambda now: at_rtcp(leg_sockets, now)
        for opened in pair:
            self.epoll.register(opened.fileno(), ONCE)
        return leg_sockets

    def aim(self, leg_sockets: LegSockets) -> None:
        """Send to the target of the latch; a socket that is connected elsewhere is closed."""
        target = leg_sockets.latch.target
        if leg_sockets.connected is not None and leg_sockets.connected_to != target:
            self._close_connected(leg_sockets)
        if leg_sockets.connected is not None:
            self.sends[leg_sockets.row] = leg_sockets.connected.send
        elif target is None:
            self.sends[leg_sockets.row] = _to_nobody
        else:
            self.sends[leg_sockets.row] = _by_unconnected(leg_sockets.unconnected, target)

    def connect(self, leg_sockets: LegSockets, far_end: Address) -> None:
        """Connect a socket to the far end; raises OSError when there is no route."""
        if leg_sockets.connected is not None:
            self._close_connected(leg_sockets)
        leg_sockets.connected = connect_beside(leg_sockets.unconnected, far_end)
        leg_sockets.connected_to = far_end
        descriptor = leg_sockets.connected.fileno()
        self.reads[descriptor] = leg_sockets.connected.recv_into
        self.row_of[descriptor] = leg_sockets.row
        self.descriptors[leg_sockets.row] = descriptor
        self.epoll.register(descriptor, select.EPOLLIN)
        self.sends[leg_sockets.row] = leg_sockets.connected.send

    def go_to(self, leg_sockets: LegSockets, far_end: Address) -> None:
        """Connect to the far end; without a route the unconnected socket stays in use."""
        try:
            self.connect(leg_sockets, far_end)
        except OSError:
            self.refused += 1
            self.aim(leg_sockets)

    def change_epoll(self, row: int) -> None:
        """Watch the connected socket of a row, if it has one, by the other epoll from now on."""
        connected = self.of_row[row].connected
        if connected is None:
            return
        patient = not self.patient[row]
        before, after = self.epoll, self.patient_epoll
        if not patient:
            before, after = after, before
        before.unregister(connected)
        after.register(connected, select.EPOLLIN)
        self.patient[row] = patient
        self.patients += 1 if patient else -1

    def close_leg(self, leg_sockets: LegSockets) -> None:
        """Close every socket of the leg."""
        if leg_sockets.connected is not None:
            self._close_connected(leg_sockets)
        for opened in (leg_sockets.unconnected, leg_sockets.rtcp):
            del self.callbacks[opened.fileno()]
            self._already_read.discard(opened.fileno())
            opened.close()
        self.sends[leg_sockets.row] = _to_nobody
        del self.of_row[leg_sockets.row]

    def note_read(self, opened: socket.socket) -> None:
        """Note that an unconnected or RTCP socket was read, so that it is watched again later."""
        self._already_read.add(opened.fileno())

    def rearm(self) -> None:
        """Watch again the unconnected and RTCP sockets that were read."""
        for descriptor in self._already_read:
            self.epoll.modify(descriptor, ONCE)
        self._already_read.clear()

    def rearm_now(self, opened: socket.socket) -> None:
        """Watch one unconnected socket again at once."""
        self.epoll.modify(opened.fileno(), ONCE)

    def _close_connected(self, leg_sockets: LegSockets) -> None:
        assert leg_sockets.connected is not None
        descriptor = leg_sockets.connected.fileno()
        self.reads[descriptor] = None
        self.row_of[descriptor] = FREE
        self.descriptors[leg_sockets.row] = FREE
        self.patients -= int(self.patient[leg_sockets.row])
        self.patient[leg_sockets.row] = False
        leg_sockets.connected.close()
        leg_sockets.connected = leg_sockets.connected_to = None


def allow_descriptors() -> int:
    """Raise the limit of open descriptors as far as it may go; return how many there can be."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return limit


def _to_nobody(data: memoryview) -> int:
    return 0


def _by_unconnected(unconnected: socket.socket, target: Address) -> Send:
    return lambda data: unconnected.sendto(data, target)
