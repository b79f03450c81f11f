"""What each request of the signalling process does to the table, the wires and the ports."""

from __future__ import annotations

import ipaddress
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from media.control.session import (
    NO_PORT_FREE,
    TICKETLESS,
    VERSION,
    Address,
    Ask,
    Close,
    Configure,
    ControlMessage,
    Counted,
    Echo,
    Join,
    Leave,
    LegCodec,
    Open,
    Opened,
    OrderRefused,
    Reply,
    Statistics,
    WorkerHello,
)
from media.control.sound import EnterRoom, Mute, Whisper
from media.legs import FREE, PAYLOAD_TYPES, Legs
from media.orders import quality
from media.rtp import relay
from media.rtp.drain import Drain
from media.rtp.latching import WINDOW, may_send_to
from media.rtp.leg_sockets import LegSocket, LegSockets
from media.rtp.ports import PortPool
from media.rtp.reports import RtcpReports
from media.rtp.timeline import set_clock
from media.tick.rooms import Rooms

DIRECTIONS: dict[str, tuple[bool, bool]] = {
    "sendrecv": (True, True),
    "sendonly": (True, False),
    "recvonly": (False, True),
    "inactive": (False, False),
}
"Our side's direction (RFC 3264 section 5.1): whether we send, whether we hear."

PTIMES = range(10, 121)
"Milliseconds; what lies outside is taken for 20."

ATTEMPTS = 32
"Pairs that are tried when other programs have ports in our range."


@dataclass(frozen=True, slots=True)
class Hosts:
    """The addresses of one family: what is announced, and what is bound."""

    announced: str
    bound: str


class Refusal(ValueError):
    """A request that cannot be obeyed; the sentence goes back."""


class OrderTaker(Protocol):
    """A part of the worker that obeys some of the requests."""

    @property
    def doors(self) -> Mapping[type[ControlMessage], Callable[[Any], Reply | None]]:
        """What it does with each kind of message; KeyError and `Refusal` are answered."""

    def changed(self, row: int) -> None:
        """Take into account that a leg has other formats, or hears somebody else."""

    def forget(self, row: int) -> None:
        """Let go of a leg that is about to be closed."""


class Switchboard:
    """Obeys requests, in order."""

    def __init__(
        self,
        legs: Legs,
        wires: LegSockets,
        pool: PortPool,
        hosts: dict[bool, Hosts],
        clock: Callable[[], float],
        *,
        drain: Drain,
        reports: RtcpReports,
        hearers: Rooms,
    ) -> None:
        """Take `hosts` for IPv4 (False) and IPv6 (True), and the monotonic clock."""
        self._legs, self._wires, self._pool = legs, wires, pool
        self._drain, self._reports, self._hearers = drain, reports, hearers
        self._hosts, self._clock = hosts, clock
        self._ports: set[int] = set()
        "The even ports of the legs that are open."
        self._windows: deque[tuple[float, LegSocket]] = deque()
        self.closed_in = self.closed_out = self.closed_bad = 0
        "Packets of legs that are closed."
        self._obey: dict[type[ControlMessage], Callable[..., Reply | None]] = {
            WorkerHello: self._hello,
            Open: self._open,
            Configure: self._configure,
            Join: self._join,
            Leave: self._leave,
            Echo: self._echo,
            Ask: self._ask,
            Close: self._close,
            EnterRoom: self._enter_room,
            Mute: self._mute,
            Whisper: self._whisper,
        }
        self._parts: list[OrderTaker] = []

    def add(self, part: OrderTaker) -> None:
        """Let a part of the worker obey its requests."""
        self._parts.append(part)
        self._obey.update(part.doors)

    def obey(self, request: ControlMessage) -> Reply | None:
        """Do what is asked; return the answer, if one is due."""
        try:
            return self._obey[type(request)](request)
        except (Refusal, KeyError) as error:
            ticket = getattr(request, "ticket", TICKETLESS)
            return OrderRefused(ticket=ticket, reason=str(error.args[0]))

    def settle(self, now: float) -> None:
        """Connect the legs whose window of learning has closed to where their SDP says.

        Nobody has proved to be elsewhere by then, and the kernel shall keep strangers away.
        """
        while self._windows and self._windows[0][0] <= now:
            _, wire = self._windows.popleft()
            open_still = self._wires.wires.get(wire.row) is wire
            target = wire.latch.target
            if open_still and target and wire.path is None and not wire.latch.learning(now):
                self._drain.connect(wire, target)

    # ---- requests ----

    def _hello(self, request: WorkerHello) -> None:
        if request.version != VERSION:
            raise Refusal(f"version {request.version} is asked for, this is version {VERSION}")

    def _open(self, request: Open) -> Opened:
        hosts = self._hosts.get(request.ipv6)
        if hosts is None:
            raise Refusal(f"no address for {'IPv6' if request.ipv6 else 'IPv4'} is configured")
        legs = self._legs
        if legs.full:
            raise Refusal(NO_PORT_FREE)
        row = legs.take(request.leg)
        try:
            wire = self._bind(row, hosts.bound)
        except OSError as error:
            legs.give_back(row)
            raise Refusal(f"cannot bind a port on {hosts.bound}: {error.strerror}") from None
        if wire is None:
            legs.give_back(row)
            raise Refusal(NO_PORT_FREE)
        self._ports.add(wire.port)
        now = self._clock()
        legs.ssrc_out[row] = random.getrandbits(32)
        legs.last_sequence_out[row] = random.getrandbits(16)
        legs.line_timestamp[row] = legs.last_timestamp_out[row] = random.getrandbits(32)
        legs.line_at[row] = legs.heard_at[row] = now
        return Opened(
            ticket=request.ticket, leg=request.leg, address=hosts.announced, rtp_port=wire.port
        )

    def _bind(self, row: int, host: str) -> LegSocket | None:
        """Bind a random pair; pairs that other programs have are laid aside for a while."""
        for _ in range(ATTEMPTS):
            port = self._pool.draw()
            if port is None:
                return None
            try:
                wire = self._wires.open(row, host, port, self._drain.at_door, self._reports.at_rtcp)
            except OSError:
                self._pool.give_back(port, self._clock())
                raise
            if wire is not None:
                return wire
            self._pool.give_back(port, self._clock())
        return None

    def _configure(self, request: Configure) -> None:
        legs, row = self._legs, self._legs.row(request.leg)
        wire = self._wires.wires[row]
        directions = DIRECTIONS.get(request.direction)
        if directions is None:
            raise Refusal(f"direction cannot be {request.direction!r}")
        _check_codecs(request.codecs)
        ipv6 = ":" in wire.door.getsockname()[0]
        remote = self._sendable(request.remote, ipv6)
        rtcp = self._sendable(request.rtcp, ipv6)
        if rtcp is None and request.rtcp is None and remote is not None:
            rtcp = self._sendable((remote[0], remote[1] + 1), ipv6)
        now = self._clock()
        self._announce(wire, remote, rtcp, now)
        ptime = request.ptime if request.ptime in PTIMES else 20
        renegotiated = wire.codecs != request.codecs or legs.ptime[row] != ptime
        wire.codecs = request.codecs
        sends, legs.hears[row] = directions
        legs.sends[row] = sends and remote is not None
        legs.ptime[row] = ptime
        if remote is not None and not legs.settled_at[row]:
            legs.settled_at[row] = now
        legs.timeout[row] = max(0.0, request.timeout)
        legs.timed_out[row] = False
        legs.heard_at[row] = now
        if renegotiated:
            audio = relay.preferred(request.codecs)
            if audio is not None:
                set_clock(legs, row, audio.clock)
            self._take_sound(row, request.codecs)
            self._take_events(row, request.codecs)
            self._hearers.renegotiated(row)
        else:
            self._hearers.reroute(row)
        self._changed(row)

    def _take_sound(self, row: int, codecs: tuple[LegCodec, ...]) -> None:
        """Note by which clock each format of sound is measured."""
        legs, sound = self._legs, list(filter(relay.is_audio, codecs))
        legs.sound_clock[row] = 0
        for codec in sound:
            legs.sound_clock[row, codec.receive_pt] = codec.clock
        if sound and legs.heard_pt[row] == FREE:
            legs.heard_clock[row] = sound[0].clock

    def _take_events(self, row: int, codecs: tuple[LegCodec, ...]) -> None:
        """Note how keys come and go (RFC 4733); of several clocks the audio's is sent."""
        legs = self._legs
        events = [codec for codec in codecs if codec.name.lower() == "telephone-event"]
        legs.is_event[row] = False
        legs.is_event[row, [codec.receive_pt for codec in events]] = True
        legs.event_pt[row] = FREE
        if events:
            fits = [codec for codec in events if codec.clock == legs.clock[row]]
            chosen = (fits or events)[0]
            legs.event_pt[row], legs.event_clock[row] = chosen.send_pt, chosen.clock

    def _changed(self, *rows: int) -> None:
        """Let all parts look again at some legs."""
        for part in self._parts:
            for row in rows:
                part.changed(row)

    def _sendable(self, address: Address | None, ipv6: bool) -> Address | None:
        """Return the address as the kernel would show it; None when nothing may be sent there.

        A port of our own is no phone's: two legs that point at each other would never fall silent.
        """
        if address is None:
            return None
        try:
            host = ipaddress.ip_address(address[0])
            if not may_send_to(address):
                return None
        except ValueError:
            raise Refusal(f"{address[0]!r} is no numeric address") from None
        if (host.version == 6) != ipv6:
            raise Refusal(f"{host} is not of the family of the leg's port")
        hosts = self._hosts[ipv6]
        ours = host.is_loopback or str(host) in (hosts.announced, hosts.bound)
        if ours and address[1] & ~1 in self._ports:
            return None
        return str(host), address[1]

    def _announce(
        self, wire: LegSocket, remote: Address | None, rtcp: Address | None, now: float
    ) -> None:
        """Aim at a new far end, and open the window of learning; on hold keep the old one."""
        if remote is None:
            return
        wire.latch.announce(remote, now)
        self._wires.aim(wire)
        self._wires.rearm_now(wire.door)
        self._windows.append((now + WINDOW, wire))
        if wire.correspondence.announced != rtcp:
            wire.correspondence.announced, wire.correspondence.believed = rtcp, None
        if not np.isfinite(self._legs.report_due[wire.row]):
            self._reports.schedule(wire.row, now, first=True)

    def _join(self, request: Join) -> None:
        row, other = self._legs.row(request.leg), self._legs.row(request.other)
        if row == other:
            raise Refusal(f"leg {request.leg} cannot join itself; there is Echo for that")
        left = {*self._hearers.beside(row), *self._hearers.beside(other)}
        self._hearers.join(row, other)
        self._changed(*{row, other} | left)

    def _leave(self, request: Leave) -> None:
        row = self._legs.row(request.leg)
        left = self._hearers.beside(row)
        self._hearers.part(row)
        self._changed(row, *left)

    def _echo(self, request: Echo) -> None:
        row = self._legs.row(request.leg)
        self._hearers.join(row, row)

    def _enter_room(self, request: EnterRoom) -> None:
        row = self._legs.row(request.leg)
        left = self._hearers.beside(row)
        self._hearers.enter(row, request.room)
        self._changed(row, *left, *self._hearers.beside(row))

    def _mute(self, request: Mute) -> None:
        self._hearers.mute(self._legs.row(request.leg), request.muted)

    def _whisper(self, request: Whisper) -> None:
        ears = [self._legs.row(ear) for ear in request.ears]
        self._hearers.whisper(self._legs.row(request.leg), ears)

    def _ask(self, request: Ask) -> Counted:
        row = self._legs.row(request.leg)
        statistics = self._statistics(row)
        return Counted(ticket=request.ticket, leg=request.leg, statistics=statistics)

    def _close(self, request: Close) -> Counted:
        legs, row = self._legs, self._legs.row(request.leg)
        now = self._clock()
        statistics = self._statistics(row)
        for part in self._parts:
            part.forget(row)
        self._reports.say_goodbye(row, now)
        left = self._hearers.beside(row)
        self._hearers.forget(row)
        self._changed(*left)
        wire = self._wires.wires[row]
        self._wires.close(wire)
        self._ports.discard(wire.port)
        self._pool.give_back(wire.port, now)
        self.closed_in += int(legs.packets_in[row])
        self.closed_out += int(legs.packets_out[row])
        self.closed_bad += int(legs.bad[row].sum())
        legs.give_back(row)
        return Counted(ticket=request.ticket, leg=request.leg, statistics=statistics)

    def _statistics(self, row: int) -> Statistics:
        counted = self._reports.statistics(row)
        wire, played = self._wires.wires[row], self._hearers.played(row, self._clock())
        return quality.judged(counted, self._legs, wire, played, self._clock())


def _check_codecs(codecs: tuple[LegCodec, ...]) -> None:
    for codec in codecs:
        types = (codec.receive_pt, codec.send_pt)
        if not all(0 <= payload_type < PAYLOAD_TYPES for payload_type in types):
            raise Refusal(f"payload types of {codec.name} must be 0 to 127, not {types}")
        if codec.clock <= 0:
            raise Refusal(f"the clock of {codec.name} cannot be {codec.clock}")
