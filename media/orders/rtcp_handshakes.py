"""Handshakes of RTCP that has a port of its own, and so has keys of its own (RFC 5764 section 5.1).

They follow that of RTP: the same role, the same fingerprint. Where one fails or never comes, the
leg has no RTCP, and its sound is not harmed.
"""

from __future__ import annotations

from media.control.security import Dtls
from media.control.session import Address
from media.rtp.leg_sockets import LegSockets, SocketTable
from media.secure.association import DtlsContext
from media.secure.handshake import Handshake, HandshakeStep
from media.srtp.protection import Protection


class RtcpHandshakes:
    """Those of all legs of a worker."""

    def __init__(self, sockets: SocketTable, protection: Protection, context: DtlsContext) -> None:
        """Take the datagrams that the reports leave in `sockets.rtcp_flights`."""
        self._sockets, self._protection, self._context = sockets, protection, context
        self._of_row: dict[int, tuple[Handshake, Address | None]] = {}
        "By row: the handshake, and where its last datagram came from."

    def configure(self, leg_sockets: LegSockets, dtls: Dtls | None, now: float) -> None:
        """Follow an offer or answer; without `dtls` RTCP has no keys of its own."""
        row = leg_sockets.row
        if dtls is None:
            self.forget(row)
            leg_sockets.rtcp_apart = leg_sockets.rtcp_secured = False
            self._protection.forget_rtcp(row)
            return
        leg_sockets.rtcp_apart = True
        known = self._of_row.get(row)
        if known is None:
            self._of_row[row] = Handshake(self._context, dtls, now), None
        else:
            self._perform(leg_sockets, known[1], known[0].configure(dtls, now))

    def forget(self, row: int) -> None:
        """End the handshake of a row; its keys stay, for the goodbye of a leg that ends."""
        self._of_row.pop(row, None)
        self._sockets.rtcp_flights.pop(row, None)

    @property
    def busy(self) -> bool:
        """Whether `work` has something to do."""
        return bool(self._sockets.rtcp_flights)

    def work(self, now: float) -> None:
        """Take what waits of one leg: a flight, about a millisecond of work."""
        row = next(iter(self._sockets.rtcp_flights))
        flight, known = self._sockets.rtcp_flights.pop(row), self._of_row.get(row)
        if known is None:
            return
        handshake, peer = known
        for datagram, source in flight:
            if peer not in (None, source):
                handshake.begin_anew()
            peer = source
            self._of_row[row] = handshake, peer
            self._perform(self._sockets.of_row[row], peer, handshake.receive(datagram, now))

    def look(self, now: float) -> None:
        """Begin what is due, repeat what got lost, give up what takes too long."""
        for row, (handshake, peer) in tuple(self._of_row.items()):
            leg_sockets = self._sockets.of_row[row]
            announced = leg_sockets.rtcp_peer.announced
            if handshake.waits_to_begin and announced is not None:
                self._of_row[row] = handshake, announced
                self._perform(leg_sockets, announced, handshake.begin(now))
            elif handshake.in_progress:
                self._perform(leg_sockets, peer, handshake.tick(now))

    def _perform(self, leg_sockets: LegSockets, peer: Address | None, step: HandshakeStep) -> None:
        """Do what a handshake wants to have done."""
        if peer is not None:
            for datagram in step.datagrams:
                self._send(leg_sockets, datagram, peer)
        if step.keys is not None:
            self._protection.install_rtcp(leg_sockets.row, step.keys)
            leg_sockets.rtcp_secured = True
            if peer != leg_sockets.rtcp_peer.announced:
                leg_sockets.rtcp_peer.believed = peer
        if step.failure:
            leg_sockets.rtcp_secured = False

    def _send(self, leg_sockets: LegSockets, datagram: bytes, peer: Address) -> None:
        try:
            leg_sockets.rtcp.sendto(datagram, peer)
        except OSError:
            self._sockets.refused += 1
