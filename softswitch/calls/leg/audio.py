"""The sound of one party: its offers and answers, and its port.

Each leg has a session of its own towards its phone (RFC 3264). What one phone offers, the switch
offers to the other in its own name: the same codecs and the same direction, on its own port; and so
with the answer. All rules of offer and answer are in `sdp/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from softswitch.calls.leg.media_terms import MediaTerms
from softswitch.calls.leg.security import LegSecurity, expected, first_offer
from softswitch.calls.ports.media_port import MEDIA_INSECURE, LegCodec, MediaPort, Playing
from softswitch.sdp.codecs import (
    UNDERSTOOD,
    SdpCodec,
    pair,
    read_codecs,
    to_answer,
    to_offer,
    with_events,
)
from softswitch.sdp.description import DescriptionError, parse_description
from softswitch.sdp.keying import InsecureAnswer
from softswitch.sdp.negotiation import Audio, Direction, agree, read_answer, read_offer
from softswitch.sdp.session import Session
from softswitch.sdp.stream_transport import StreamTransport

NEVER = 0.0
"A media timeout that never comes: before the answer, and on the inside line, nobody has to speak."


class _State(NamedTuple):
    """What a change of media may change."""

    session: Session
    heard: Audio | None
    said: Direction
    last_body: bytes
    port: MediaPort | None
    configured: tuple[object, ...]
    security: LegSecurity


class Proposal(NamedTuple):
    """What one phone is offered, of several that may ring for a party and share its port."""

    terms: MediaTerms
    session: Session
    said: Direction

    @property
    def body(self) -> bytes:
        """The description that it is sent."""
        return self.session.description.to_bytes()


class AudioStream:
    """A party's stream of sound."""

    __slots__ = (
        "_before",
        "_configured",
        "_last_body",
        "_said",
        "_security",
        "far_end",
        "heard",
        "hold_music",
        "is_inside",
        "on_hold",
        "port",
        "session",
        "terms",
        "waits",
    )

    def __init__(self, session_id: str) -> None:
        self.port: MediaPort | None = None
        self.far_end = ""
        "The address that the phone's signalling comes from; empty when nothing is known of it."
        self.is_inside = False
        "Whether the switch itself is the phone: its packets come from a port of ours."
        self.terms = MediaTerms()
        "What may be agreed with the phone: SRTP or not."
        self.session = Session(session_id)
        "Our last description."
        self.heard: Audio | None = None
        "The phone's last description."
        self.on_hold = False
        "Whether a command holds this party: it is told `sendonly` whatever the other side says."
        self.waits = False
        "Whether its sound waits, because a command holds this party."
        self.hold_music: Playing | None = None
        "What the party hears meanwhile."
        self._said = Direction.SENDRECV
        self._last_body = b""
        self._security = LegSecurity()
        self._configured: tuple[object, ...] = ()
        "The last configuration of the port: the same one again would make it learn addresses anew."
        self._before = self._present()

    # -- what the phone says -----------------------------------------------------------------------

    def offered(self, body: bytes | None) -> bool:
        """Take an offer; False when it only repeats the last one.

        Raises DescriptionError, also when there is none.
        """
        if body is None:
            raise DescriptionError("there is no description", 488)
        if body == self._last_body and self.heard is not None:
            return False
        self._hear(read_offer(parse_description(body), self.terms.acceptance), body)
        return True

    def answered(self, body: bytes | None) -> None:
        """Take the answer to our offer. Raises DescriptionError, also when there is none.

        An answer in the clear to a further offer of SRTP ends the use of the port: from then on the
        phone sends in the clear, whatever becomes of the change.
        """
        if body is None:
            raise DescriptionError("there is no description", 488)
        try:
            session = self.session
            heard = read_answer(parse_description(body), session.description, session.transport)
        except InsecureAnswer as error:
            if self.heard is not None:
                self._open_port.fail(f"{MEDIA_INSECURE}: {error}")
            raise
        self._hear(heard, body)
        self._security = self._security.agreed(self.session.transport, heard)

    def _hear(self, heard: Audio, body: bytes) -> None:
        """Keep what was said; raises DescriptionError when it would turn our packets on ourselves.

        A phone elsewhere that wants packets sent to a loopback address means this machine.
        """
        target = heard.remote[0] if heard.remote is not None else ""
        if self.far_end and _is_loopback(target) and not _is_loopback(self.far_end):
            raise DescriptionError(f"nothing is sent to {target} from here", 488, 301)
        self.heard = heard
        self._last_body = body

    # -- what we say -------------------------------------------------------------------------------

    def propose(
        self, terms: MediaTerms, like: AudioStream | None = None, *, settled: bool = False
    ) -> Proposal:
        """Make the first offer to a phone; `take` makes it what we have said to the party's phone.

        Its codecs and direction are those of the other party's phone; without `like` the codecs are
        the switch's own. `settled`: only those that are agreed with that phone, for it will not be
        asked again. Raises DescriptionError (488) where the switch cannot keep the terms.
        """
        heard, codecs = None, with_events(self._ours)
        if like is not None:
            heard = like._spoken
            chosen = like._agreed if settled else heard.codecs
            codecs = to_offer(chosen, self._ours, UNDERSTOOD)
        transport = first_offer(terms, self._open_port.fingerprint)
        self._expect(transport)
        said = self._direction(heard.direction if heard is not None else Direction.SENDRECV)
        ptime = heard.ptime if heard is not None else 20
        return Proposal(terms, self._offered(codecs, ptime, said, transport), said)

    def take(self, proposal: Proposal) -> None:
        """Speak to the phone that was made this proposal."""
        self.terms, self.session, self._said = proposal

    def offer(self, like: AudioStream) -> bytes:
        """Offer the codecs of the other party's phone, in the direction that it wants."""
        heard = like._spoken
        self._said = self._direction(heard.direction)
        codecs = to_offer(heard.codecs, self._ours, UNDERSTOOD)
        transport = self._transport_again()
        self.session = self._offered(codecs, heard.ptime, self._said, transport)
        return self.session.description.to_bytes()

    def offer_own(self) -> bytes:
        """Offer the switch's own codecs."""
        self.take(self.propose(self.terms))
        return self.session.description.to_bytes()

    def offer_again(self) -> bytes:
        """Offer the agreed codecs once more, both ways unless a command holds the party."""
        self._said = self._direction(Direction.SENDRECV)
        port = self._open_port
        at = (port.address, port.rtp_port)
        self.session = self.session.offer_again(self._said, at, self._transport_again())
        return self.session.description.to_bytes()

    def answer(self, like: AudioStream, direction: Direction | None = None) -> bytes:
        """Answer with the choice of the other party's phone. Raises DescriptionError (488).

        `direction` is for when the direction that the other phone wants is not to count.
        """
        spoken = like._spoken
        ours = (*self._ours, *UNDERSTOOD)
        codecs = to_answer(self._spoken.codecs, spoken.codecs, ours)
        return self._answer(codecs, spoken.ptime, direction or spoken.direction)

    def answer_own(self) -> bytes:
        """Answer for the switch itself: the first voice codec that it speaks, and the events.

        Else the first that it understands. Raises NoCommonCodec (488).
        """
        heard = self._spoken
        voices = [codec for codec in heard.codecs if codec.is_voice]
        spoken, understood = (
            {codec.encoding for codec in codecs} for codecs in (self._ours, UNDERSTOOD)
        )
        fitting = [codec for codec in voices if codec.encoding in spoken]
        fitting += [codec for codec in voices if codec.encoding in understood]
        events = [codec for codec in heard.codecs if codec.is_event]
        return self._answer([*fitting[:1], *events], heard.ptime, Direction.SENDRECV)

    def answer_again(self) -> bytes:
        """Answer a repeated offer as before."""
        return self.session.description.to_bytes()

    def _offered(
        self, codecs: Sequence[SdpCodec], ptime: int, said: Direction, transport: StreamTransport
    ) -> Session:
        port = self._open_port
        return self.session.offer(
            address=port.address,
            port=port.rtp_port,
            codecs=codecs,
            ptime=ptime,
            direction=said,
            transport=transport,
        )

    def _transport_again(self) -> StreamTransport:
        """How a further offer travels; the first of a leg is made on its terms."""
        fingerprint = self._open_port.fingerprint
        if self.session.last is None:
            transport = first_offer(self.terms, fingerprint)
        else:
            transport = self._security.offer_again(
                self.session.transport, self.heard, fingerprint, moved=not self._configured
            )
        if not self._configured:
            self._expect(transport)
        return transport

    def _expect(self, transport: StreamTransport) -> None:
        """Let the port be ready for what may come before the answer."""
        awaited = expected(transport)
        if awaited is not None:
            self._open_port.expect(awaited)

    def _answer(self, codecs: Sequence[SdpCodec], ptime: int, direction: Direction) -> bytes:
        port, heard = self._open_port, self._spoken
        self._said = self._direction(direction)
        last = self.session.transport if self.session.last is not None else None
        self.session = self.session.answer(
            heard,
            address=port.address,
            port=port.rtp_port,
            codecs=codecs,
            ptime=ptime,
            direction=self._said,
            transport=self._security.answer(heard, last, port.fingerprint),
        )
        self._security = self._security.agreed(self.session.transport, heard)
        told = self._security.for_port
        if not self._configured and told is not None and (told.dtls or told.ice):
            self.open_early()  # checks and a handshake may be faster than the ACK
        return self.session.description.to_bytes()

    def _direction(self, wanted: Direction) -> Direction:
        return Direction.SENDONLY if self.on_hold else wanted

    @property
    def _spoken(self) -> Audio:
        if self.heard is None:
            raise DescriptionError("the party has not said what it can do", 488)
        return self.heard

    @property
    def _open_port(self) -> MediaPort:
        assert self.port is not None, "the port is opened before anything is said"
        return self.port

    @property
    def _ours(self) -> tuple[SdpCodec, ...]:
        """What the switch speaks by itself, and turns into each other."""
        return self._open_port.spoken

    @property
    def _agreed(self) -> list[SdpCodec]:
        """Those of the phone's codecs that our last description holds, too."""
        heard = self._spoken
        own = read_codecs(self.session.description.media[heard.index])
        return [theirs for theirs, _ in pair(heard.codecs, own)]

    @property
    def is_understood(self) -> bool:
        """Whether the switch can hear and speak what is agreed with the phone."""
        ours = {codec.encoding for codec in (*self._ours, *UNDERSTOOD)}
        return any(codec.encoding in ours for codec in self._agreed)

    def gets_on_with(self, other: AudioStream) -> bool:
        """Whether what is agreed with one phone can be passed on to the other."""
        common = pair(self._agreed, other._agreed)
        if any(codec.is_voice for codec, _ in common):
            return True
        return self.is_understood and other.is_understood

    # -- changes that fail -------------------------------------------------------------------------

    def remember(self) -> None:
        """Remember the present state, for `undo`."""
        self._before = self._present()

    def _present(self) -> _State:
        return _State(
            self.session,
            self.heard,
            self._said,
            self._last_body,
            self.port,
            self._configured,
            self._security,
        )

    def undo(self) -> None:
        """Return to the remembered state: a change of media failed (RFC 3261 section 14.1)."""
        before = self._before
        self.session = self.session.reverted_to(before.session)
        self.heard, self._said, self._last_body = before.heard, before.said, before.last_body
        self.port, self._configured = before.port, before.configured
        self._security = before.security

    # -- the port ----------------------------------------------------------------------------------

    def move_to(self, port: MediaPort) -> None:
        """Run through another port, which has been told nothing yet."""
        self.port = port
        self._configured = ()

    @property
    def is_silenced(self) -> bool:
        """Whether we have told the phone not to send, or not to listen."""
        return self._said is not Direction.SENDRECV

    @property
    def is_held(self) -> bool:
        """Whether this party, or a command for it, has put the call on hold."""
        return self.on_hold or self.is_held_by_phone

    @property
    def is_held_by_phone(self) -> bool:
        """Whether this party itself has put the call on hold."""
        return self.heard is not None and self.heard.direction.holds

    def open_early(self) -> None:
        """Configure the port as agreed so far; seconds without a packet do not end the call yet."""
        self._configure(NEVER, NEVER)

    def open(self, timeout: float, hold_timeout: float) -> None:
        """Configure the port as agreed; seconds without a packet then end the call."""
        self._configure(timeout, hold_timeout)

    def _configure(self, timeout: float, hold_timeout: float) -> None:
        heard, port = self.heard, self.port
        if heard is None or port is None or self.session.last is None:
            return
        direction = heard.direction.answered(self._said)
        seconds = timeout if direction is Direction.SENDRECV else hold_timeout
        remote, rtcp = heard.remote, heard.rtcp
        if self.is_inside:  # whoever is silent here is no phone that has died
            seconds, remote, rtcp = NEVER, port.inside(remote), port.inside(rtcp)
        agreed = agree(self.session.last, heard)
        security = self._security.for_port
        wanted = (remote, rtcp, agreed, heard.ptime, direction, seconds, security)
        if wanted == self._configured:
            return
        self._configured = wanted
        port.configure(
            remote=remote,
            rtcp=rtcp,
            codecs=[
                LegCodec(
                    name=codec.name,
                    clock=codec.clock,
                    channels=codec.channels,
                    receive_pt=codec.receive_pt,
                    send_pt=codec.send_pt,
                    fmtp=codec.fmtp,
                )
                for codec in agreed
            ],
            ptime=heard.ptime,
            direction=direction.value,
            timeout=seconds,
            inside=self.is_inside,
            security=security,
        )

    def join(self, other: AudioStream) -> None:
        """Let both parties hear each other."""
        self._open_port.join(other._open_port)


def _is_loopback(address: str) -> bool:
    return address.startswith("127.") or address == "::1"
