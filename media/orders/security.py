"""What protects a leg, and where its far end is: SRTP keys of SDES or of a handshake, and ICE.

A leg that is to be protected takes and sends nothing before its keys are known. Checks of ICE are
answered at once. Handshakes take a millisecond of work, so their datagrams wait in a queue, and the
worker takes those of one leg whenever the tick leaves it time, and those of one leg a tick in any
case.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from media.control.security import Dtls, Ice, Security
from media.control.session import Address, Event, Expect, MediaInsecure, MediaSecured
from media.legs import Bad, Legs
from media.orders.request_table import Refusal, RequestTable
from media.orders.rtcp_handshakes import RtcpHandshakes
from media.rtp.latching import may_send_to
from media.rtp.leg_sockets import LegSockets, SocketTable
from media.rtp.unknown_sources import UnknownSources
from media.secure.association import DtlsContext
from media.secure.certificate import DtlsCertificate
from media.secure.handshake import Handshake, HandshakeStep
from media.secure.ice import CONSENT, IceLite
from media.srtp.protection import Protection
from media.srtp.suites import why_unusable

PLAIN = Security()
WAITING = 16
"Datagrams of one leg's handshake that wait; a flight has five at most."
EARLY = 4
"""Datagrams of one leg that wait for the answer, which says whose they may be. A phone that answers
begins its handshake at once, and repeats it only after a second."""
CONSENT_LOST = f"the far end has not consented to media for {CONSENT:.0f} s"
LOOK_AT_HANDSHAKES = 0.1
"Seconds between two looks at what handshakes have to repeat, which is due after 1 s at least."
LOOK_FOR_CONSENT = 1.0
"Seconds between two looks at whether far ends still consent."


def check_security(security: Security | None) -> None:
    """Raise `Refusal` when keys do not fit their suite; it shows none of them."""
    problem = None
    if security is not None and security.srtp is not None:
        problem = why_unusable(security.srtp)
    if problem is not None:
        raise Refusal(problem)


class SecureLegs:
    """The protection of all legs of a worker."""

    def __init__(
        self,
        legs: Legs,
        sockets: SocketTable,
        protection: Protection,
        unknown: UnknownSources,
        *,
        tell: Callable[[Event], None],
        clock: Callable[[], float],
    ) -> None:
        """Send events by `tell`; `clock` is the monotonic one."""
        self._legs, self._sockets, self._protection = legs, sockets, protection
        self._unknown, self._tell, self._clock = unknown, tell, clock
        certificate = DtlsCertificate()
        self._context = DtlsContext(certificate)
        self._rtcp = RtcpHandshakes(sockets, protection, self._context)
        self.fingerprint = certificate.fingerprint
        "As in `a=fingerprint`."
        self._waiting: dict[int, list[tuple[bytes, Address]]] = {}
        "By row: datagrams of handshakes and where they came from; an empty one is to begin."
        self._early: dict[int, deque[tuple[bytes, Address]]] = {}
        "By row: datagrams of handshakes that came before the answer, without ICE."
        self._in_progress: set[int] = set()
        "Rows whose keys are not agreed yet."
        self._with_ice: set[int] = set()
        self._next_look_at_handshakes = self._next_look_for_consent = 0.0

    # ---- requests ----

    def add_requests(self, table: RequestTable) -> None:
        """Enter into the table what this part answers."""
        table.add(Expect, self._expect)

    def _expect(self, request: Expect) -> None:
        row = self._legs.row(request.leg)
        check_security(request.security)
        self.configure(row, request.security)

    def configure(self, row: int, security: Security | None) -> None:
        """Protect a row from now on as was announced, or let everything of it pass in the clear.

        The security was found to be in order by `check_security`.
        """
        security = security or PLAIN
        leg_sockets = self._sockets.of_row[row]
        leg_sockets.muxed = security.mux
        shares = security.mux or security.ice is not None or security.dtls is not None
        self._sockets.sharing += int(shares) - int(self._legs.shares_port[row])
        self._legs.shares_port[row] = shares
        self._set_ice(leg_sockets, security.ice)
        self._rtcp.configure(leg_sockets, None if security.mux else security.dtls, self._clock())
        if security.dtls is not None:
            self._shake_hands(leg_sockets, security.dtls)
            return
        self._end_handshake(leg_sockets)
        if security.srtp is not None:
            self._protection.install(row, security.srtp)
        else:
            self._protection.expose(row)

    def _set_ice(self, leg_sockets: LegSockets, ice: Ice | None) -> None:
        latch = leg_sockets.latch
        if ice is None:
            if latch.ice is not None:
                latch.ice = None
                self._with_ice.discard(leg_sockets.row)
                self._sockets.aim(leg_sockets)
            return
        if latch.ice is None:
            latch.ice = IceLite(ice)
            self._with_ice.add(leg_sockets.row)
        else:
            latch.ice.configure(ice)
        self._sockets.aim(leg_sockets)

    def _shake_hands(self, leg_sockets: LegSockets, dtls: Dtls) -> None:
        now = self._clock()
        if leg_sockets.handshake is None:
            self._protection.withhold(leg_sockets.row)
            leg_sockets.handshake = Handshake(self._context, dtls, now)
            step = HandshakeStep()
        else:
            step = leg_sockets.handshake.configure(dtls, now)
        self._in_progress.add(leg_sockets.row)
        self._perform(leg_sockets, step)

    def _end_handshake(self, leg_sockets: LegSockets) -> None:
        leg_sockets.handshake = leg_sockets.handshake_peer = None
        self._waiting.pop(leg_sockets.row, None)
        self._early.pop(leg_sockets.row, None)
        self._in_progress.discard(leg_sockets.row)

    def changed(self, row: int) -> None:
        """Nothing of this depends on formats or on who hears whom."""

    def forget(self, row: int) -> None:
        """Let go of a leg that is about to be closed; its keys stay for the goodbye in RTCP."""
        self._end_handshake(self._sockets.of_row[row])
        self._rtcp.forget(row)
        self._with_ice.discard(row)
        self._sockets.sharing -= int(self._legs.shares_port[row])
        self._legs.shares_port[row] = False

    def close(self) -> None:
        """There is nothing that would outlive the worker."""

    # ---- what comes by a shared port ----

    def take_stun(
        self, leg_sockets: LegSockets, datagram: bytes, source: Address, now: float
    ) -> None:
        """Answer a check, and go where it wants to have its media."""
        ice = leg_sockets.latch.ice
        answer = None
        if ice is not None and may_send_to(source):
            answer = ice.receive(datagram, source, now)
        if answer is None:
            self._legs.bad[leg_sockets.row, Bad.CHECK] += 1
            return
        self._send(leg_sockets, answer.reply, source)
        if answer.proved:
            leg_sockets.proved_at = now
            self._begin_if_due(leg_sockets, source)
        if answer.nominated:
            self._sockets.go_to(leg_sockets, source)

    def take_dtls(
        self, leg_sockets: LegSockets, datagram: bytes, source: Address, now: float
    ) -> None:
        """Let a datagram of a handshake wait for its turn."""
        if leg_sockets.handshake is None:
            self._legs.bad[leg_sockets.row, Bad.VERSION] += 1
        elif leg_sockets.latch.ice is None and leg_sockets.latch.target is None:
            early = self._early.setdefault(leg_sockets.row, deque(maxlen=EARLY))
            early.append((datagram, source))
        elif not _may_shake_hands(leg_sockets, source, now):
            self._unknown.drop(leg_sockets, source, now)
        else:
            leg_sockets.proved_at = now
            if leg_sockets.latch.ice is None:
                _change_peer(leg_sockets, leg_sockets.handshake, source)
            self._let_wait(leg_sockets, datagram, source)

    def _let_wait(self, leg_sockets: LegSockets, datagram: bytes, source: Address) -> None:
        waiting = self._waiting.setdefault(leg_sockets.row, [])
        if len(waiting) < WAITING:
            waiting.append((datagram, source))
        else:
            self._legs.bad[leg_sockets.row, Bad.HANDSHAKE] += 1

    def _begin_if_due(self, leg_sockets: LegSockets, target: Address | None) -> None:
        """Let the ClientHello wait for its turn, once its leg can be reached."""
        handshake = leg_sockets.handshake
        if handshake is None or target is None or not handshake.waits_to_begin:
            return
        if leg_sockets.row not in self._waiting:
            self._let_wait(leg_sockets, b"", target)

    # ---- the work ----

    @property
    def busy(self) -> bool:
        """Whether `work` has something to do."""
        return bool(self._waiting) or self._rtcp.busy

    def work(self, now: float) -> None:
        """Take what waits of the leg whose turn it is: a flight, about a millisecond of work."""
        if not self._waiting:
            self._rtcp.work(now)
            return
        row = next(iter(self._waiting))
        leg_sockets = self._sockets.of_row[row]
        handshake = leg_sockets.handshake
        assert handshake is not None
        for datagram, source in self._waiting.pop(row):
            leg_sockets.handshake_peer = source
            if datagram:
                self._perform(leg_sockets, handshake.receive(datagram, now))
            elif handshake.waits_to_begin:
                self._perform(leg_sockets, handshake.begin(now))

    def settle(self, now: float) -> None:
        """Do what is due, once a tick: one piece of work, repetitions, time limits, consent."""
        if self._early:
            self._take_early(now)
        if self.busy:
            self.work(now)
        if now >= self._next_look_at_handshakes:
            self._next_look_at_handshakes = now + LOOK_AT_HANDSHAKES
            self._look_at_handshakes(now)
            self._rtcp.look(now)
        if now >= self._next_look_for_consent:
            self._next_look_for_consent = now + LOOK_FOR_CONSENT
            self._find_without_consent(now)

    def _take_early(self, now: float) -> None:
        """Take the handshakes whose answer has come: that of the described address, if it began."""
        for row in tuple(self._early):
            leg_sockets = self._sockets.of_row[row]
            target = leg_sockets.latch.target
            if target is not None:
                early = self._early.pop(row)
                described = [each for each in early if each[1] == target]
                for datagram, source in described or early:
                    self.take_dtls(leg_sockets, datagram, source, now)

    def _look_at_handshakes(self, now: float) -> None:
        for row in tuple(self._in_progress):
            leg_sockets = self._sockets.of_row[row]
            handshake = leg_sockets.handshake
            assert handshake is not None
            self._begin_if_due(leg_sockets, leg_sockets.latch.target)
            self._perform(leg_sockets, handshake.tick(now))
            if not handshake.in_progress:
                self._in_progress.discard(row)

    def _find_without_consent(self, now: float) -> None:
        for row in self._with_ice:
            leg_sockets = self._sockets.of_row[row]
            ice = leg_sockets.latch.ice
            heard_at = float(self._legs.heard_at[row])
            if ice is not None and ice.lose_consent(now, heard_at):
                self._sockets.aim(leg_sockets)
                self._tell_insecure(row, CONSENT_LOST)

    def _perform(self, leg_sockets: LegSockets, step: HandshakeStep) -> None:
        """Do what a handshake wants to have done."""
        row = leg_sockets.row
        target = leg_sockets.handshake_peer or leg_sockets.latch.target
        if target is not None:
            for datagram in step.datagrams:
                self._send(leg_sockets, datagram, target)
        if step.keys is not None:
            self._protection.install(row, step.keys)
            if leg_sockets.latch.ice is None and target is not None:
                leg_sockets.latch.believe(target)
                self._sockets.go_to(leg_sockets, target)
            self._tell(MediaSecured(leg=int(self._legs.leg[row]), suite=step.keys.suite))
        if step.failure:
            self._protection.withhold(row)
            self._tell_insecure(row, step.failure)

    def _tell_insecure(self, row: int, reason: str) -> None:
        self._tell(MediaInsecure(leg=int(self._legs.leg[row]), reason=reason))

    def _send(self, leg_sockets: LegSockets, datagram: bytes, target: Address) -> None:
        try:
            leg_sockets.unconnected.sendto(datagram, target)
        except OSError:
            self._sockets.refused += 1


def _may_shake_hands(leg_sockets: LegSockets, source: Address, now: float) -> bool:
    """Whether DTLS may come from there: alerts are easy to forge.

    Without ICE it is the address of the description. As long as addresses may be learned, it may be
    that of a NAT: the first that begins, until that of the description does.
    """
    latch = leg_sockets.latch
    if latch.ice is not None:
        return latch.ice.has_proved(source)
    if source == latch.target:
        return True
    return latch.learning(now) and leg_sockets.handshake_peer in (None, source)


def _change_peer(leg_sockets: LegSockets, handshake: Handshake, source: Address) -> None:
    """Begin anew with another address than before, without ICE; a finished handshake stays."""
    if leg_sockets.handshake_peer not in (None, source):
        handshake.begin_anew()
    leg_sockets.handshake_peer = source
