"""The requests about legs: opened, configured, joined, closed; other parts answer the rest."""

from __future__ import annotations

import ipaddress
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from media.control.message import TICKETLESS, ControlMessage
from media.control.session import (
    NO_PORT_FREE,
    VERSION,
    Address,
    Ask,
    Close,
    Configure,
    Counted,
    Echo,
    Join,
    Leave,
    Open,
    Opened,
    OrderRefused,
    Reply,
    Statistics,
    WorkerHello,
)
from media.control.sound import EnterRoom, Mute, Whisper
from media.legs import Bad, Legs
from media.orders import quality
from media.orders.negotiated import (
    as_sent,
    check_codecs,
    check_direction,
    set_direction,
    set_formats,
    set_ptime,
)
from media.orders.ports import PortPool
from media.orders.request_table import OrderTaker, Refusal, RequestTable
from media.orders.security import SecureLegs, check_security
from media.rtp.drain import Drain
from media.rtp.latching import WINDOW, may_send_to
from media.rtp.leg_sockets import LegSockets, SocketTable
from media.rtp.reports import RtcpReports
from media.srtp.protection import Protection
from media.tick.rooms import Rooms

ECHO = "echoes to a leg of our own"
"Why the tick has a leg."

ATTEMPTS = 32
"Pairs that are tried when other programs have ports of our range."


@dataclass(frozen=True, slots=True)
class Hosts:
    """The addresses of one family: the one that is announced, and the one that is bound."""

    announced: str
    bound: str


class Switchboard:
    """Answers requests, in the order in which they come."""

    def __init__(
        self,
        legs: Legs,
        sockets: SocketTable,
        pool: PortPool,
        hosts: dict[bool, Hosts],
        clock: Callable[[], float],
        *,
        drain: Drain,
        protection: Protection,
        reports: RtcpReports,
        rooms: Rooms,
        secure: SecureLegs,
        parts: Sequence[OrderTaker] = (),
    ) -> None:
        """Take `hosts` for IPv4 (False) and IPv6 (True), and the monotonic clock.

        `parts` answer the requests about sound, alarms and offers that leave.
        """
        self._legs, self._sockets, self._pool = legs, sockets, pool
        self._drain, self._reports, self._rooms = drain, reports, rooms
        self._hosts, self._clock = hosts, clock
        self._protection, self._secure = protection, secure
        self._ports: set[int] = set()
        "The even ports of the legs that are open."
        self._inside: set[int] = set()
        "The rows of the legs whose far end is another of our legs."
        self._windows: deque[tuple[float, LegSockets]] = deque()
        self.closed_in = self.closed_out = 0
        "Packets of legs that are closed."
        self.closed_bad = np.zeros(len(Bad), np.int64)
        "The bad ones among them, by what was wrong with them."
        self._parts = parts
        self._requests = self._request_table()

    def _request_table(self) -> RequestTable:
        table = RequestTable()
        table.add(WorkerHello, self._hello)
        table.add(Open, self._open)
        table.add(Configure, self._configure)
        table.add(Join, self._join)
        table.add(Leave, self._leave)
        table.add(Echo, self._echo)
        table.add(Ask, self._ask)
        table.add(Close, self._close)
        table.add(EnterRoom, self._enter_room)
        table.add(Mute, self._mute)
        table.add(Whisper, self._whisper)
        for part in self._parts:
            part.add_requests(table)
        return table

    def answer(self, request: ControlMessage) -> Reply | None:
        """Carry out a request; return the answer, if one is due."""
        try:
            return self._requests.answer(request)
        except (Refusal, KeyError) as error:
            ticket = getattr(request, "ticket", TICKETLESS)
            return OrderRefused(ticket=ticket, reason=str(error.args[0]))

    def settle(self, now: float) -> None:
        """Connect the legs whose window of learning has closed to where their SDP says.

        No other address has proved itself by then, and the kernel can keep unknown sources away.
        """
        while self._windows and self._windows[0][0] <= now:
            _, leg_sockets = self._windows.popleft()
            open_still = self._sockets.of_row.get(leg_sockets.row) is leg_sockets
            target = leg_sockets.latch.target
            if (
                open_still
                and target
                and leg_sockets.connected is None
                and not leg_sockets.latch.learning(now)
            ):
                self._sockets.go_to(leg_sockets, target)

    # ---- requests ----

    def _hello(self, request: WorkerHello) -> None:
        if request.version != VERSION:
            raise Refusal(f"version {request.version} is asked for, this is version {VERSION}")

    def _open(self, request: Open) -> Opened:
        hosts = self._hosts.get(request.ipv6)
        if hosts is None:
            raise Refusal(f"no address for {'IPv6' if request.ipv6 else 'IPv4'} is configured")
        legs = self._legs
        if legs.free <= (0 if request.is_urgent else self._pool.kept):
            raise Refusal(NO_PORT_FREE)
        row = legs.take_row(request.leg)
        try:
            leg_sockets = self._bind(row, hosts.bound, request)
        except OSError as error:
            legs.free_row(row)
            raise Refusal(f"cannot bind a port on {hosts.bound}: {error.strerror}") from None
        if leg_sockets is None:
            legs.free_row(row)
            raise Refusal(NO_PORT_FREE)
        self._ports.add(leg_sockets.port)
        now = self._clock()
        legs.ssrc_out[row] = random.getrandbits(32)
        # in the lower half, so that a receiver of SRTP cannot miss a wrap among the first packets
        legs.last_sequence_out[row] = random.getrandbits(15)
        legs.line_timestamp[row] = legs.last_timestamp_out[row] = random.getrandbits(32)
        legs.line_at[row] = legs.heard_at[row] = now
        return Opened(
            ticket=request.ticket,
            leg=request.leg,
            address=hosts.announced,
            rtp_port=leg_sockets.port,
        )

    def _bind(self, row: int, host: str, request: Open) -> LegSockets | None:
        """Bind a random pair; pairs that other programs have are laid aside for a while."""
        for _ in range(ATTEMPTS):
            port = self._pool.draw(is_urgent=request.is_urgent)
            if port is None:
                return None
            try:
                leg_sockets = self._sockets.open_leg(
                    row, host, port, self._drain.at_unconnected, self._reports.at_rtcp
                )
            except OSError:
                self._pool.give_back(port, self._clock())
                raise
            if leg_sockets is not None:
                return leg_sockets
            self._pool.give_back(port, self._clock())
        return None

    def _configure(self, request: Configure) -> None:
        legs, row = self._legs, self._legs.row(request.leg)
        leg_sockets = self._sockets.of_row[row]
        check_direction(request.direction)
        check_codecs(request.codecs)
        check_security(request.security)
        ipv6 = ":" in leg_sockets.unconnected.getsockname()[0]
        inside = request.inside
        (self._inside.add if inside else self._inside.discard)(row)
        by_ice = request.security is not None and request.security.ice is not None
        # with ICE the addresses of the description mean nothing, and may be none at all
        remote = None if by_ice else self._sendable(request.remote, ipv6, inside=inside)
        rtcp = None if by_ice else self._sendable(request.rtcp, ipv6, inside=inside)
        if rtcp is None and request.rtcp is None and remote is not None:
            rtcp = self._sendable((remote[0], remote[1] + 1), ipv6, inside=inside)
        now = self._clock()
        # before its far end is announced: nothing is believed in the clear, and nothing leaves so
        self._secure.configure(row, request.security)
        self._announce(leg_sockets, remote, rtcp, now)
        reachable = by_ice or remote is not None
        set_direction(legs, row, request.direction, reachable=reachable)
        if reachable and not np.isfinite(legs.report_due[row]):
            self._reports.schedule(row, now, first=True)
        if reachable and not legs.settled_at[row]:
            legs.settled_at[row] = now
        legs.timeout[row] = max(0.0, request.timeout)
        legs.timed_out[row] = False
        legs.heard_at[row] = now
        ptime_changed = set_ptime(legs, row, request.ptime)
        codecs = as_sent(request.codecs)
        if ptime_changed or leg_sockets.codecs != codecs:
            leg_sockets.codecs = codecs
            set_formats(legs, row, codecs)
            self._rooms.renegotiated(row)
        else:
            self._rooms.reroute(row)
        self._changed(row)

    def _changed(self, *rows: int) -> None:
        """Let all parts look again at some legs."""
        for part in self._parts:
            for row in rows:
                part.changed(row)

    def _sendable(self, address: Address | None, ipv6: bool, *, inside: bool) -> Address | None:
        """Return the address as the kernel would show it; None when nothing may be sent there.

        A port of our own is refused to all but the legs that are `inside`: two legs that point at
        each other would never fall silent.
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
        if ours and not inside and address[1] & ~1 in self._ports:
            return None
        return str(host), address[1]

    def _announce(
        self, leg_sockets: LegSockets, remote: Address | None, rtcp: Address | None, now: float
    ) -> None:
        """Aim at a new far end, and open the window of learning; on hold the old one is kept."""
        if remote is None:
            return
        leg_sockets.latch.announce(remote, now)
        self._sockets.aim(leg_sockets)
        self._sockets.rearm_now(leg_sockets.unconnected)
        self._windows.append((now + WINDOW, leg_sockets))
        if leg_sockets.rtcp_peer.announced != rtcp:
            leg_sockets.rtcp_peer.announced, leg_sockets.rtcp_peer.believed = rtcp, None

    def _join(self, request: Join) -> None:
        row, other = self._legs.row(request.leg), self._legs.row(request.other)
        if row == other:
            raise Refusal(f"leg {request.leg} cannot join itself; there is Echo for that")
        left = {*self._rooms.beside(row), *self._rooms.beside(other)}
        self._rooms.join(row, other)
        self._end_echo(row, other)
        self._changed(*{row, other} | left)

    def _leave(self, request: Leave) -> None:
        row = self._legs.row(request.leg)
        left = self._rooms.beside(row)
        self._rooms.part(row)
        self._end_echo(row)
        self._changed(row, *left)

    def _echo(self, request: Echo) -> None:
        row = self._legs.row(request.leg)
        self._rooms.join(row, row)
        if row in self._inside:
            # by the tick: two echoes that hear each other would throw packets to and fro at once
            self._rooms.claim(row, ECHO)

    def _end_echo(self, *rows: int) -> None:
        for row in self._inside.intersection(rows):
            self._rooms.release(row, ECHO)

    def _enter_room(self, request: EnterRoom) -> None:
        row = self._legs.row(request.leg)
        left = self._rooms.beside(row)
        self._rooms.enter(row, request.room)
        self._end_echo(row)
        self._changed(row, *left, *self._rooms.beside(row))

    def _mute(self, request: Mute) -> None:
        self._rooms.mute(self._legs.row(request.leg), request.muted)

    def _whisper(self, request: Whisper) -> None:
        listeners = [self._legs.row(listener) for listener in request.listeners]
        self._rooms.whisper(self._legs.row(request.leg), listeners, aloud=request.aloud)

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
        left = self._rooms.beside(row)
        self._rooms.forget(row)
        self._changed(*left)
        leg_sockets = self._sockets.of_row[row]
        self._sockets.close_leg(leg_sockets)
        self._ports.discard(leg_sockets.port)
        self._inside.discard(row)
        self._pool.give_back(leg_sockets.port, now)
        self.closed_in += int(legs.packets_in[row])
        self.closed_out += int(legs.packets_out[row])
        self.closed_bad += legs.bad[row]
        self._protection.forget(row)
        legs.free_row(row)
        return Counted(ticket=request.ticket, leg=request.leg, statistics=statistics)

    def _statistics(self, row: int) -> Statistics:
        counted = self._reports.statistics(row)
        leg_sockets, played = self._sockets.of_row[row], self._rooms.played(row, self._clock())
        return quality.judged(counted, self._legs, leg_sockets, played, self._clock())
