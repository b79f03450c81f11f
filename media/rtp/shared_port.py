"""What comes by the port of RTP and is no RTP: STUN, DTLS (RFC 7983), RTCP (RFC 5761).

Only legs that have announced such things are looked at (`Legs.shares_port`); of the others it is
noise, which `rtp` counts as such.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from media.control.session import Address
from media.legs import Bad, Legs, Rows
from media.rtp.leg_sockets import LegSockets, SocketTable
from media.rtp.reports import DTLS, MEDIA, RtcpReports
from media.rtp.rtcp import RTCP_TYPES
from media.rtp.rtp import WIDTH, DatagramBatch

STUN = range(4)
"First octets (RFC 7983 section 7)."


class SecureSetup(Protocol):
    """What finds the far ends of legs, and agrees on keys with them."""

    def take_stun(
        self, leg_sockets: LegSockets, datagram: bytes, source: Address, now: float
    ) -> None:
        """Take what looks like STUN."""

    def take_dtls(
        self, leg_sockets: LegSockets, datagram: bytes, source: Address, now: float
    ) -> None:
        """Take what looks like DTLS."""


class SharedPorts:
    """Hands over, by first and second octet, what is no RTP."""

    def __init__(
        self, legs: Legs, sockets: SocketTable, reports: RtcpReports, setup: SecureSetup
    ) -> None:
        self._legs, self._sockets = legs, sockets
        self._reports, self._setup = reports, setup

    def take_apart(
        self, batch: DatagramBatch, rows: Rows, lengths: npt.NDArray[np.int64], now: float
    ) -> tuple[Rows, npt.NDArray[np.int64]]:
        """Take what is no RTP out of the first datagrams of a batch; return what is left.

        They came over connected sockets. Those that are left move up in the matrix.
        """
        if not self._sockets.sharing:
            return rows, lengths
        sharing = np.flatnonzero(self._legs.shares_port[rows])
        if not len(sharing):
            return rows, lengths
        first, second = batch.matrix[sharing, 0], batch.matrix[sharing, 1]
        is_rtcp = (second >= RTCP_TYPES.start) & (second < RTCP_TYPES.stop)
        long_enough = lengths[sharing] > 1
        apart = sharing[((first < MEDIA) | is_rtcp) & long_enough].tolist()
        if not apart:
            return rows, lengths
        for place in apart:
            leg_sockets = self._sockets.of_row[int(rows[place])]
            source = leg_sockets.connected_to
            if source is not None:
                view = batch.views[place][: int(lengths[place])]
                self.take(leg_sockets, view, source, now)
        last = len(rows)
        for place in reversed(apart):
            last -= 1
            if place != last:
                batch.matrix[place] = batch.matrix[last]
                rows[place], lengths[place] = rows[last], lengths[last]
        return rows[:last], lengths[:last]

    def take(
        self, leg_sockets: LegSockets, datagram: memoryview, source: Address, now: float
    ) -> bool:
        """Take a datagram of a leg that shares its port; return False when it is RTP."""
        if len(datagram) < 2:
            return False
        first, second = datagram[0], datagram[1]
        if first >= MEDIA:
            if not leg_sockets.muxed or second not in RTCP_TYPES:
                return False
            self._reports.receive_muxed(leg_sockets, bytes(datagram), source, now)
        elif len(datagram) >= WIDTH:
            self._legs.bad[leg_sockets.row, Bad.TOO_LONG] += 1
        elif first in STUN:
            self._setup.take_stun(leg_sockets, bytes(datagram), source, now)
        elif first in DTLS:
            self._setup.take_dtls(leg_sockets, bytes(datagram), source, now)
        else:
            self._legs.bad[leg_sockets.row, Bad.VERSION] += 1
        return True
