"""Packets whose source is not believed: dropped, counted, and told of once a minute."""

from __future__ import annotations

from collections.abc import Callable

from media.control.session import Address, Event, UnexpectedAddress
from media.legs import Bad, Legs
from media.rtp.leg_sockets import LegSockets

INTERVAL = 60.0
"Seconds between two events of one leg."


class UnknownSources:
    """Counts what they send to the legs of a worker, RTP and RTCP alike."""

    def __init__(self, legs: Legs, tell: Callable[[Event], None]) -> None:
        """Send events by `tell`."""
        self._legs, self._tell = legs, tell

    def drop(self, leg_sockets: LegSockets, source: Address, now: float) -> None:
        """Count a packet, and tell of its source when an event is due.

        Before the first offer or answer nobody can be known, so nobody is told of.
        """
        self._legs.bad[leg_sockets.row, Bad.UNKNOWN_SOURCE] += 1
        if leg_sockets.latch.target is None:
            return
        host, port = source
        leg_sockets.unknown_source = host
        leg_sockets.unknown_packets += 1
        if now < leg_sockets.unknown_told_at + INTERVAL:
            return
        packets, leg_sockets.unknown_packets = leg_sockets.unknown_packets, 0
        leg_sockets.unknown_told_at = now
        leg = int(self._legs.leg[leg_sockets.row])
        self._tell(UnexpectedAddress(leg=leg, address=host, port=port, packets=packets))
