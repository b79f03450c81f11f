"""A switchboard with real loopback sockets under a virtual clock, and phones."""

from __future__ import annotations

import socket

from media.control.session import (
    Configure,
    Event,
    Join,
    LegCodec,
    Open,
    Opened,
)
from media.fast.sockets import FastSockets
from media.fast.srtp import NativeSrtp
from media.legs import Legs
from media.orders.ports import PortPool
from media.orders.security import SecureLegs
from media.orders.switchboard import Hosts, Switchboard
from media.rtp.drain import Drain
from media.rtp.leg_sockets import SocketTable
from media.rtp.receive import Receiver
from media.rtp.reports import RtcpReports
from media.rtp.shared_port import SharedPorts
from media.rtp.transmit import Transmitter
from media.rtp.unknown_sources import UnknownSources
from media.srtp.libsrtp import Libsrtp
from media.srtp.protection import Protection
from media.tick.rooms import Rooms
from media.tick.tick import Tick
from tests.ports import media_ports

PCMU = LegCodec(name="PCMU", receive_pt=0, send_pt=0)


class Phone:
    """A far end: a pair of sockets as a phone has them."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        while True:
            self.rtp, self.rtcp = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
            self.rtp.bind((host, 0))
            self.address: tuple[str, int] = self.rtp.getsockname()[:2]
            try:
                self.rtcp.bind((host, self.address[1] + 1))
                break
            except (OSError, OverflowError):
                self.close()
        self.rtp.setblocking(False)
        self.rtcp.setblocking(False)

    def send(self, port: int, datagram: bytes) -> None:
        self.rtp.sendto(datagram, (self.address[0], port))

    def got(self) -> list[bytes]:
        """Return every datagram that has arrived."""
        datagrams = []
        try:
            while True:
                datagrams.append(self.rtp.recv(2048))
        except BlockingIOError:
            return datagrams

    def close(self) -> None:
        self.rtp.close()
        self.rtcp.close()


NATIVE = [False, True] if NativeSrtp.is_there() else [False]
"Whether SRTP and sockets are those of the optional distribution."


class Scene:
    """A switchboard with what belongs to it, under a virtual clock."""

    def __init__(self, *, native: bool = False) -> None:
        self.now = 1000.0
        self.events: list[Event] = []
        self.pool = PortPool(*media_ports(), quarantine=5.0)
        self.legs = Legs(64)
        self.sockets = SocketTable(64)
        self.core = NativeSrtp() if native else Libsrtp()
        self.protection = Protection(self.legs, self.core)
        fast = FastSockets() if native else None
        self.receiver = Receiver(self.sockets, fast)
        self.transmitter = transmitter = Transmitter(
            self.legs,
            self.sockets.sends,
            self.protection,
            fast=fast,
            descriptors=self.sockets.descriptors,
        )
        self.tick = Tick(self.legs, transmitter)
        unknown = UnknownSources(self.legs, self.events.append)
        self.reports = RtcpReports(
            self.legs,
            self.sockets,
            unknown,
            "switch@test",
            protection=self.protection,
            wall=lambda: self.now,
        )
        self.rooms = Rooms(self.legs, self.sockets, self.tick)
        self.secure = SecureLegs(
            self.legs,
            self.sockets,
            self.protection,
            unknown,
            tell=self.events.append,
            clock=lambda: self.now,
        )
        self.drain = Drain(
            self.legs,
            self.sockets,
            self.receiver,
            transmitter,
            self.tick,
            unknown=unknown,
            protection=self.protection,
            shared=SharedPorts(self.legs, self.sockets, self.reports, self.secure),
            take_keys=lambda batch, packets, now: None,
            convert=lambda row, payload_type: None,
        )
        self.board = Switchboard(
            self.legs,
            self.sockets,
            self.pool,
            {False: Hosts("127.0.0.1", "127.0.0.1"), True: Hosts("::1", "::1")},
            lambda: self.now,
            drain=self.drain,
            protection=self.protection,
            reports=self.reports,
            rooms=self.rooms,
            secure=self.secure,
            parts=(self.secure,),
        )
        self.phones: list[Phone] = []

    def phone(self, host: str = "127.0.0.1") -> Phone:
        self.phones.append(Phone(host))
        return self.phones[-1]

    def open(self, leg: int, *, ipv6: bool = False) -> int:
        """Open a leg and return its port."""
        reply = self.board.answer(Open(ticket=leg, leg=leg, ipv6=ipv6))
        assert isinstance(reply, Opened), reply
        return reply.rtp_port

    def configure(self, leg: int, phone: Phone | None, *codecs: LegCodec, **more: object) -> None:
        remote = phone.address if phone else None
        request = Configure(leg=leg, remote=remote, codecs=codecs or (PCMU,), **more)  # type: ignore[arg-type]
        assert self.board.answer(request) is None

    def call(self) -> tuple[Phone, int, Phone, int]:
        """Let legs 1 and 2 hear each other, each with a phone; return phones and ports."""
        first, second = self.phone(), self.phone()
        ports = self.open(1), self.open(2)
        self.configure(1, first)
        self.configure(2, second)
        self.board.answer(Join(leg=1, other=2))
        return first, ports[0], second, ports[1]

    def work(self, rounds: int = 3) -> None:
        """Let the worker look at its sockets; on loopback what was sent is there already."""
        for _ in range(rounds):
            for epoll in (self.sockets.epoll, self.sockets.patient_epoll):
                self.drain.take_datagrams(epoll.poll(0), self.now)
            self.sockets.rearm()

    def bad(self, leg: int) -> dict[str, int]:
        return self.reports.statistics(self.legs.row(leg)).bad

    def close(self) -> None:
        for phone in self.phones:
            phone.close()
        for leg_sockets in list(self.sockets.of_row.values()):
            self.sockets.close_leg(leg_sockets)
        self.sockets.epoll.close()
        self.sockets.patient_epoll.close()
