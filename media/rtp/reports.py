"""RTCP of every leg: our own reports out, the far end's in (RFC 3550 section 6).

A B2BUA ends the sessions on both of its sides, so reports are not passed through: each leg is told
what we received from it, and tells us what it received from us.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from media.control.session import Address, Statistics
from media.legs import NO_SSRC, Bad, Legs
from media.rtp import rtcp
from media.rtp.leg_sockets import LegSockets, RtcpPeer, SocketTable
from media.rtp.reception import lost, lost_of_source
from media.rtp.unknown_sources import UnknownSources
from media.srtp.protection import Protection

INTERVAL = 5.0
"Seconds between two reports, times 0.5 to 1.5, divided by `COMPENSATION` (section 6.3.1)."
COMPENSATION = 1.21828
MEDIA = 128
"RTP and RTCP begin with this octet or a greater one (RFC 7983)."
DTLS = range(20, 64)
"First octets of handshakes (RFC 7983 section 7)."
FLIGHT = 16
"Datagrams of a handshake by one RTCP port that wait for their turn."
AT_ONCE = 4
"Datagrams that are read from one RTCP socket in one go."


class RtcpReports:
    """Sends, reads and schedules reports."""

    def __init__(
        self,
        legs: Legs,
        sockets: SocketTable,
        unknown: UnknownSources,
        cname: str,
        *,
        protection: Protection,
        wall: Callable[[], float],
    ) -> None:
        """Use `wall`, the seconds since 1970, for NTP times."""
        self._legs, self._sockets, self._unknown = legs, sockets, unknown
        self._protection = protection
        self._cname, self._wall = cname, wall
        self._buffer = bytearray(rtcp.MAX_COMPOUND)

    def schedule(self, row: int, now: float, *, first: bool = False) -> None:
        """Set when the leg's next report leaves; the first one may come after half the time."""
        interval = INTERVAL / 2 if first else INTERVAL
        self._legs.report_due[row] = now + interval * random.uniform(0.5, 1.5) / COMPENSATION

    def send_report(self, row: int, now: float) -> None:
        """Send one leg's report and schedule the next."""
        self._send(row, self._report(row, now))
        self.schedule(row, now)

    def say_goodbye(self, row: int, now: float) -> None:
        """Send the last report of a leg, with a BYE; not if it never sent anything (6.3.7)."""
        if self._legs.packets_out[row]:
            goodbye = rtcp.build_goodbye(int(self._legs.ssrc_out[row]))
            self._send(row, self._report(row, now) + goodbye)

    def at_rtcp(self, leg_sockets: LegSockets, now: float) -> None:
        """Read what waits at a leg's RTCP socket."""
        self._sockets.note_read(leg_sockets.rtcp)
        for _ in range(AT_ONCE):
            try:
                length, source = leg_sockets.rtcp.recvfrom_into(self._buffer)
            except OSError:
                return
            self._receive(leg_sockets, bytes(self._buffer[:length]), source[:2], now)

    def _receive(self, leg_sockets: LegSockets, data: bytes, source: Address, now: float) -> None:
        """Take one compound packet if it is the far end's."""
        if not _may_come_from(leg_sockets, source):
            self._unknown.drop(leg_sockets, source, now)
        elif data and data[0] in DTLS and leg_sockets.rtcp_apart:
            flight = self._sockets.rtcp_flights.setdefault(leg_sockets.row, [])
            if len(flight) < FLIGHT:
                flight.append((data, source))
        elif self._take(leg_sockets, data, now) and source != leg_sockets.rtcp_peer.announced:
            leg_sockets.rtcp_peer.believed = source

    def receive_muxed(
        self, leg_sockets: LegSockets, data: bytes, source: Address, now: float
    ) -> None:
        """Take one compound packet that came by the RTP port (RFC 5761)."""
        latch = leg_sockets.latch
        if latch.believes(source) or source == latch.target:
            self._take(leg_sockets, data, now)
        else:
            self._unknown.drop(leg_sockets, source, now)

    def _take(self, leg_sockets: LegSockets, data: bytes, now: float) -> bool:
        """Take what a compound packet of the far end says; return whether it is one."""
        row = leg_sockets.row
        is_withheld = leg_sockets.rtcp_apart and not leg_sockets.rtcp_secured
        if not data or data[0] < MEDIA or is_withheld:
            self._legs.bad[row, Bad.RTCP] += 1
            return False
        packet = self._protection.unprotect_rtcp(row, data)
        if isinstance(packet, Bad):
            self._legs.bad[row, packet] += 1
            return False
        try:
            compound = rtcp.parse(packet)
        except rtcp.RtcpError:
            self._legs.bad[row, Bad.RTCP] += 1
            return False
        rtcp_peer = leg_sockets.rtcp_peer
        per_ms = int(self._legs.clock[row]) / 1000
        for report in compound.reports:
            if report.sender is not None:
                rtcp_peer.last_sr = report.sender.middle
                rtcp_peer.last_sr_at = now
            for block in report.blocks:
                if block.ssrc == self._legs.ssrc_out[row]:
                    middle = rtcp.ntp_time(self._wall()) >> 16 & 0xFFFFFFFF
                    _learn(rtcp_peer, block, middle, per_ms)
        return True

    def _report(self, row: int, now: float) -> bytes:
        legs = self._legs
        sender = None
        if legs.packets_out[row] > legs.packets_reported[row]:
            since = int((now - legs.sent_at[row]) * legs.clock[row])
            sender = rtcp.SenderInfo(
                rtcp.ntp_time(self._wall()),
                int(legs.last_timestamp_out[row]) + since & 0xFFFFFFFF,
                int(legs.packets_out[row]),
                int(legs.octets_out[row]),
            )
            legs.packets_reported[row] = legs.packets_out[row]
        report = rtcp.RtcpReport(int(legs.ssrc_out[row]), sender, self._blocks(row, now))
        return rtcp.build_report(report, self._cname)

    def _blocks(self, row: int, now: float) -> tuple[rtcp.ReportBlock, ...]:
        """Report what was received, if anything was since the last time."""
        legs = self._legs
        if legs.ssrc_in[row] == NO_SSRC:
            return ()
        expected = int(legs.highest[row] - legs.base[row]) + 1
        received = int(legs.received[row])
        if received == legs.received_prior[row]:
            return ()
        fraction = rtcp.fraction_lost(
            expected - int(legs.expected_prior[row]), received - int(legs.received_prior[row])
        )
        legs.expected_prior[row], legs.received_prior[row] = expected, received
        rtcp_peer = self._sockets.of_row[row].rtcp_peer
        delay = now - rtcp_peer.last_sr_at if rtcp_peer.last_sr else 0.0
        return (
            rtcp.ReportBlock(
                int(legs.ssrc_in[row]),
                fraction,
                lost_of_source(legs, row),
                int(legs.highest[row]),
                int(legs.jitter[row]),
                rtcp_peer.last_sr,
                int(delay * 65536),
            ),
        )

    def _send(self, row: int, data: bytes) -> None:
        leg_sockets = self._sockets.of_row[row]
        target = _target(leg_sockets)
        packet = self._protection.protect_rtcp(row, data)
        if target is None or packet is None:
            return
        try:
            if leg_sockets.muxed:
                self._sockets.sends[row](memoryview(packet))
            else:
                leg_sockets.rtcp.sendto(packet, target)
        except OSError:
            return

    def statistics(self, row: int) -> Statistics:
        """Return a leg's statistics."""
        legs = self._legs
        rtcp_peer = self._sockets.of_row[row].rtcp_peer
        per_ms = int(legs.heard_clock[row]) / 1000
        trip = rtcp_peer.round_trip
        return Statistics(
            packets_in=int(legs.packets_in[row]),
            octets_in=int(legs.octets_in[row]),
            packets_out=int(legs.packets_out[row]),
            octets_out=int(legs.octets_out[row]),
            lost=lost(legs, row),
            jitter_ms=round(float(legs.jitter[row]) / per_ms, 3),
            bad={
                kind.name.lower(): int(legs.bad[row, kind]) for kind in Bad if legs.bad[row, kind]
            },
            remote_lost=rtcp_peer.lost,
            remote_jitter_ms=round(rtcp_peer.jitter_ms, 3),
            round_trip_ms=None if trip is None else round(trip * 1000, 3),
            ssrc_in=max(0, int(legs.ssrc_in[row])),
            ssrc_out=int(legs.ssrc_out[row]),
        )


def _learn(rtcp_peer: RtcpPeer, block: rtcp.ReportBlock, ntp: int, per_ms: float) -> None:
    """Keep what the far end says of our stream, whose clock counts `per_ms` a millisecond.

    `ntp` is the middle of our NTP time now.
    """
    rtcp_peer.lost = block.lost
    rtcp_peer.jitter_ms = block.jitter / per_ms
    if block.last_sr:
        rtcp_peer.round_trip = rtcp.round_trip(ntp, block.last_sr, block.delay)


def _may_come_from(leg_sockets: LegSockets, source: Address) -> bool:
    """Whether RTCP from there is the far end's: the rules of RTP, with one difference.

    Where RTP was learned, RTCP is believed from the first port of that host that it comes from.
    """
    rtcp_peer = leg_sockets.rtcp_peer
    if source in (rtcp_peer.announced, rtcp_peer.believed):
        return True
    learned = leg_sockets.latch.learned
    return learned is not None and rtcp_peer.believed is None and source[0] == learned[0]


def _target(leg_sockets: LegSockets) -> Address | None:
    """Return where reports go: to where theirs come from, else above RTP, else where SDP says.

    None: nowhere.
    """
    rtcp_peer, learned = leg_sockets.rtcp_peer, leg_sockets.latch.learned
    if leg_sockets.muxed:
        return leg_sockets.latch.target
    if leg_sockets.rtcp_apart and not leg_sockets.rtcp_secured:
        return None
    if rtcp_peer.believed is not None:
        return rtcp_peer.believed
    if learned is not None and learned[1] < 65535:
        return learned[0], learned[1] + 1
    return rtcp_peer.announced
