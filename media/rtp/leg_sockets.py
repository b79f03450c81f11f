"""Between sockets and rows: which descriptor feeds which leg, and where a leg's packets leave.

A wire is what of a leg is no number: its sockets, what it believes about the far end, its formats.
The drain looks a descriptor up in `reads` and `row_of`, and a row in `sends`; everything else that
is ready (a door, RTCP, the control socket) is called through `others`.

Whose packets somebody hears at once is watched by one epoll; whose packets would only wait for the
tick, by another, which is read less often. Legs are moved between the two as their packets show.
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

MAX_DESCRIPTORS = 65536

ONCE = select.EPOLLIN | select.EPOLLONESHOT
"Readiness is told once, then again after `rearm`: a flood of strangers cannot keep us awake."

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
class LegSocket:
    """The sockets of one leg, and what belongs to them."""

    row: int
    port: int
    "The even port."
    door: socket.socket
    "Bound to `port`, open to everybody."
    rtcp: socket.socket
    "Bound to the port above, open to everybody."
    path: socket.socket | None = None
    "Bound to `port` too, connected to `path_to`."
    path_to: Address | None = None
    stranger: str | None = None
    "The host that packets came from which nobody believed, if that happened."
    latch: Latch = field(default_factory=Latch)
    correspondence: RtcpPeer = field(default_factory=RtcpPeer)
    codecs: tuple[LegCodec, ...] = ()


class LegSockets:
    """All wires of a worker and the epoll that watches them."""

    def __init__(self, capacity: int) -> None:
        self.epoll = select.epoll()
        self.patient_epoll = select.epoll()
        self.patient = np.zeros(capacity, np.bool_)
        "By row: whether its connected socket is watched by `patient_epoll`."
        self.patients = 0
        "How many are."
        self.reads: list[Read | None] = [None] * MAX_DESCRIPTORS
        "By descriptor: `recv_into` of a connected socket, or None for what is in `others`."
        self.row_of = np.full(MAX_DESCRIPTORS, FREE, np.intp)
        "By descriptor: the row of a connected socket."
        self.others: dict[int, Callable[[float], None]] = {}
        "By descriptor: what to call, with the time, when anything else is ready."
        self.sends: list[Send] = [_to_nobody] * capacity
        "By row: `send` of the connected socket, or of the door to where the SDP says."
        self.wires: dict[int, LegSocket] = {}
        "By row."
        self._spent: set[int] = set()
        self._always: set[int] = set()
        "Descriptors whose readiness is told until there is nothing left to read."

    def watch_always(self, descriptor: int, ready: Callable[[float], None]) -> None:
        """Call `ready` whenever the descriptor can be read."""
        self.others[descriptor] = ready
        self._always.add(descriptor)
        self.epoll.register(descriptor, select.EPOLLIN)

    def put_off(self, descriptor: int) -> None:
        """Let what was told of, and not looked at, be told of again at once."""
        if descriptor not in self._always:
            self.epoll.modify(descriptor, ONCE)

    def open(
        self,
        row: int,
        host: str,
        port: int,
        at_door: Callable[[LegSocket, float], None],
        at_rtcp: Callable[[LegSocket, float], None],
    ) -> LegSocket | None:
        """Bind both ports of a leg; None when another program has one of them."""
        pair = open_pair(host, port)
        if pair is None:
            return None
        wire = LegSocket(row, port, *pair)
        self.wires[row] = wire
        self.others[wire.door.fileno()] = lambda now: at_door(wire, now)
        self.others[wire.rtcp.fileno()] = lambda now: at_rtcp(wire, now)
        for opened in pair:
            self.epoll.register(opened.fileno(), ONCE)
        return wire

    def aim(self, wire: LegSocket) -> None:
        """Send to where the latch points; a path to somewhere else is given up."""
        target = wire.latch.target
        if wire.path is not None and wire.path_to != target:
            self._give_up_path(wire)
        if wire.path is not None:
            self.sends[wire.row] = wire.path.send
        elif target is None:
            self.sends[wire.row] = _to_nobody
        else:
            self.sends[wire.row] = _through_door(wire.door, target)

    def connect(self, wire: LegSocket, far_end: Address) -> None:
        """Lay the path to the far end; raises OSError when there is no route."""
        if wire.path is not None:
            self._give_up_path(wire)
        wire.path = connect_beside(wire.door, far_end)
        wire.path_to = far_end
        descriptor = wire.path.fileno()
        self.reads[descriptor] = wire.path.recv_into
        self.row_of[descriptor] = wire.row
        self.epoll.register(descriptor, select.EPOLLIN)
        self.sends[wire.row] = wire.path.send

    def change_pace(self, row: int) -> None:
        """Watch the connected socket of a row, if it has one, by the other epoll from now on."""
        path = self.wires[row].path
        if path is None:
            return
        patient = not self.patient[row]
        before, after = self.epoll, self.patient_epoll
        if not patient:
            before, after = after, before
        before.unregister(path)
        after.register(path, select.EPOLLIN)
        self.patient[row] = patient
        self.patients += 1 if patient else -1

    def close(self, wire: LegSocket) -> None:
        """Close every socket of the leg."""
        if wire.path is not None:
            self._give_up_path(wire)
        for opened in (wire.door, wire.rtcp):
            del self.others[opened.fileno()]
            self._spent.discard(opened.fileno())
            opened.close()
        self.sends[wire.row] = _to_nobody
        del self.wires[wire.row]

    def spent(self, opened: socket.socket) -> None:
        """Note that the readiness of a door or of an RTCP socket was told and used."""
        self._spent.add(opened.fileno())

    def rearm(self) -> None:
        """Let the doors and RTCP sockets that were used be told of again."""
        for descriptor in self._spent:
            self.epoll.modify(descriptor, ONCE)
        self._spent.clear()

    def rearm_now(self, opened: socket.socket) -> None:
        """Let one door be told of again at once."""
        self.epoll.modify(opened.fileno(), ONCE)

    def _give_up_path(self, wire: LegSocket) -> None:
        assert wire.path is not None
        descriptor = wire.path.fileno()
        self.reads[descriptor] = None
        self.row_of[descriptor] = FREE
        self.patients -= int(self.patient[wire.row])
        self.patient[wire.row] = False
        wire.path.close()
        wire.path = wire.path_to = None


def allow_descriptors() -> int:
    """Raise the limit of open descriptors as far as it may go; return how many there can be."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return limit


def _to_nobody(data: memoryview) -> int:
    return 0


def _through_door(door: socket.socket, target: Address) -> Send:
    return lambda data: door.sendto(data, target)
