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
from media.rtp.leg_sockets import LegSocket, LegSockets, RtcpPeer
from media.rtp.reception import lost, lost_of_source

INTERVAL = 5.0
"Seconds between two reports, times 0.5 to 1.5, divided by `COMPENSATION` (section 6.3.1)."
COMPENSATION = 1.21828
AT_ONCE = 4
"Datagrams that are read from one RTCP socket in one go."


class RtcpReports:
    """Sends, reads and schedules reports."""

    def __init__(
        self, legs: Legs, wires: LegSockets, cname: str, wall: Callable[[], float]
    ) -> None:
        """Use `wall`, the seconds since 1970, for NTP times."""
        self._legs, self._wires = legs, wires
        self._cname, self._wall = cname, wall
        self._buffer = bytearray(rtcp.MAX_COMPOUND)

    def schedule(self, row: int, now: float, *, first: bool = False) -> None:
        """Set when the leg's next report leaves; the first one may come after half the time."""
        interval = INTERVAL / 2 if first else INTERVAL
        self._legs.report_due[row] = now + interval * random.uniform(0.5, 1.5) / COMPENSATION

    def send(self, row: int, now: float) -> None:
        """Send one leg's report and schedule the next."""
        self._send(row, self._report(row, now))
        self.schedule(row, now)

    def say_goodbye(self, row: int, now: float) -> None:
        """Send the last report of a leg, with a BYE; not if it never sent anything (6.3.7)."""
        if self._legs.packets_out[row]:
            goodbye = rtcp.build_goodbye(int(self._legs.ssrc_out[row]))
            self._send(row, self._report(row, now) + goodbye)

    def at_rtcp(self, wire: LegSocket, now: float) -> None:
        """Read what waits at a leg's RTCP socket."""
        self._wires.spent(wire.rtcp)
        for _ in range(AT_ONCE):
            try:
                length, source = wire.rtcp.recvfrom_into(self._buffer)
            except OSError:
                return
            self._receive(wire, bytes(self._buffer[:length]), source[:2], now)

    def _receive(self, wire: LegSocket, data: bytes, source: Address, now: float) -> None:
        """Take one compound packet if it is the far end's."""
        row = wire.row
        if not _may_come_from(wire, source):
            self._legs.bad[row, Bad.STRANGER] += 1
            return
        try:
            compound = rtcp.parse(data)
        except rtcp.RtcpError:
            self._legs.bad[row, Bad.RTCP] += 1
            return
        correspondence = wire.correspondence
        per_ms = int(self._legs.clock[row]) / 1000
        if source != correspondence.announced:
            correspondence.believed = source
        for report in compound.reports:
            if report.sender is not None:
                correspondence.last_sr = report.sender.middle
                correspondence.last_sr_at = now
            for block in report.blocks:
                if block.ssrc == self._legs.ssrc_out[row]:
                    middle = rtcp.ntp_time(self._wall()) >> 16 & 0xFFFFFFFF
                    _learn(correspondence, block, middle, per_ms)

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
        correspondence = self._wires.wires[row].correspondence
        delay = now - correspondence.last_sr_at if correspondence.last_sr else 0.0
        return (
            rtcp.ReportBlock(
                int(legs.ssrc_in[row]),
                fraction,
                lost_of_source(legs, row),
                int(legs.highest[row]),
                int(legs.jitter[row]),
                correspondence.last_sr,
                int(delay * 65536),
            ),
        )

    def _send(self, row: int, data: bytes) -> None:
        wire = self._wires.wires[row]
        target = _target(wire)
        if target is not None:
            try:
                wire.rtcp.sendto(data, target)
            except OSError:
                return

    def statistics(self, row: int) -> Statistics:
        """Return a leg's figures."""
        legs = self._legs
        correspondence = self._wires.wires[row].correspondence
        per_ms = int(legs.heard_clock[row]) / 1000
        trip = correspondence.round_trip
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
            remote_lost=correspondence.lost,
            remote_jitter_ms=round(correspondence.jitter_ms, 3),
            round_trip_ms=None if trip is None else round(trip * 1000, 3),
            ssrc_in=max(0, int(legs.ssrc_in[row])),
            ssrc_out=int(legs.ssrc_out[row]),
        )


def _learn(correspondence: RtcpPeer, block: rtcp.ReportBlock, ntp: int, per_ms: float) -> None:
    """Keep what the far end says of our stream, whose clock counts `per_ms` a millisecond.

    `ntp` is the middle of our NTP time now.
    """
    correspondence.lost = block.lost
    correspondence.jitter_ms = block.jitter / per_ms
    if block.last_sr:
        correspondence.round_trip = rtcp.round_trip(ntp, block.last_sr, block.delay)


def _may_come_from(wire: LegSocket, source: Address) -> bool:
    """Whether RTCP from there is the far end's: the rules of RTP, with one difference.

    Where RTP was learned, RTCP is believed from the first port of that host that it comes from.
    """
    correspondence = wire.correspondence
    if source in (correspondence.announced, correspondence.believed):
        return True
    learned = wire.latch.learned
    return learned is not None and correspondence.believed is None and source[0] == learned[0]


def _target(wire: LegSocket) -> Address | None:
    """Return where reports go: to where theirs come from, else above RTP, else where SDP says."""
    correspondence, learned = wire.correspondence, wire.latch.learned
    if correspondence.believed is not None:
        return correspondence.believed
    if learned is not None and learned[1] < 65535:
        return learned[0], learned[1] + 1
    return correspondence.announced
