"""The security of a leg: what our descriptions say about it, and what the media port is told.

Keys are fresh for every leg and every phone that rings; a description that is repeated repeats its
key, for a stream that has not changed keeps its place in the sequence (RFC 4568 section 7.3). What
was agreed is a value: a change of media that fails is undone by keeping it.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, replace

from msgspec import structs

from softswitch.calls.leg.media_terms import MediaTerms
from softswitch.calls.ports.media_port import Dtls, Ice, Security, SrtpKeys
from softswitch.sdp.crypto import SUITES, CryptoLine
from softswitch.sdp.description import DescriptionError
from softswitch.sdp.dtls import DtlsParameters, Setup
from softswitch.sdp.ice import IceParameters
from softswitch.sdp.keying import Keying
from softswitch.sdp.negotiation import Audio
from softswitch.sdp.stream_transport import StreamTransport

UFRAG, PWD, TLS_ID = 6, 18, 24
"Random octets, which base64 turns into four letters for every three (RFC 8839 section 5.4)."
MID = "0"
"The name of our only stream."


@dataclass(frozen=True, slots=True)
class AgreedAssociation:
    """One association of DTLS; a change of any part but the number asks for another."""

    number: int
    active: bool
    "Whether we began it."
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    "The fingerprints of both sides."
    tls_id: str
    "Theirs."

    def is_the_one_of(self, active: bool, ours: DtlsParameters, theirs: DtlsParameters) -> bool:
        """Whether both descriptions speak of this association (RFC 8842 section 4)."""
        same = active == self.active and ours.fingerprints == self.ours
        same = same and theirs.fingerprints == self.theirs
        return same and (not theirs.tls_id or not self.tls_id or theirs.tls_id == self.tls_id)


@dataclass(frozen=True, slots=True)
class LegSecurity:
    """What is agreed with a phone. Keys and passwords are never shown: their types see to that."""

    srtp: tuple[CryptoLine, CryptoLine] | None = None
    "The key that we encrypt with, and the phone's."
    association: AgreedAssociation | None = None
    ice: tuple[IceParameters, IceParameters] | None = None
    "Ours and the phone's."
    mux: bool = False

    # -- what we say -------------------------------------------------------------------------------

    def answer(
        self, heard: Audio, last: StreamTransport | None, fingerprint: str
    ) -> StreamTransport:
        """How our answer to an offer says that the stream travels; `last` is what we said before.

        Raises DescriptionError (488) when the offer wants a handshake and there is no certificate.
        """
        theirs = heard.transport
        ice = self._answered_ice(theirs)
        by_dtls = heard.keying is Keying.DTLS
        return StreamTransport(
            crypto=self._answered_line(theirs) if heard.keying is Keying.SDES else (),
            dtls=self._answered_dtls(theirs, last, fingerprint) if by_dtls else None,
            ice=ice,
            mux=theirs.mux and (ice is not None or by_dtls),
        )

    def _answered_line(self, theirs: StreamTransport) -> tuple[CryptoLine]:
        line = theirs.crypto[0]
        if self.srtp is not None and _is_same_key(self.srtp[1], line):
            return (structs.replace(self.srtp[0], tag=line.tag),)
        return (_fresh_line(line.tag, line.suite),)

    def _answered_dtls(
        self, theirs: StreamTransport, last: StreamTransport | None, fingerprint: str
    ) -> DtlsParameters:
        offered = theirs.dtls
        assert offered is not None, "an offer of a handshake has a fingerprint"
        certificate = (_certified(fingerprint),)
        active, tls_id = offered.setup is Setup.PASSIVE, _letters(TLS_ID)
        current, said = self.association, last.dtls if last is not None else None
        if current is not None and said is not None:
            stays = current.active if offered.setup is Setup.ACTPASS else active
            ours = DtlsParameters(certificate, Setup.PASSIVE)
            if current.is_the_one_of(stays, ours, offered):
                active, tls_id = stays, said.tls_id or tls_id
        setup = Setup.ACTIVE if active else Setup.PASSIVE
        return DtlsParameters(certificate, setup, tls_id if offered.tls_id else "")

    def _answered_ice(self, theirs: StreamTransport) -> IceParameters | None:
        """Ours; another one when the phone restarts ICE (RFC 8839 section 4.4.1.1).

        Two lite sides check nothing, and send to the addresses of their descriptions. Checks of a
        port for RTCP are not answered, so ICE comes with RTCP on the RTP port.
        """
        if theirs.ice is None or theirs.ice.lite or not theirs.mux:
            return None
        if self.ice is not None and _is_same_ice(self.ice[1], theirs.ice):
            return self.ice[0]
        return _fresh_ice()

    def offer_again(
        self, last: StreamTransport, heard: Audio | None, fingerprint: str, *, moved: bool
    ) -> StreamTransport:
        """How a further offer says that the stream travels: as agreed, and with the same key.

        `moved`: on another port, which begins anew with everything.
        """
        if heard is None:
            return _renewed(last, fingerprint) if moved else last
        crypto = (self.srtp[0],) if self.srtp is not None else ()
        dtls = last.dtls if self.association is not None else None
        if dtls is not None:
            dtls = structs.replace(
                dtls, fingerprints=(_certified(fingerprint),), setup=Setup.ACTPASS
            )
        ice = self.ice[0] if self.ice is not None else None
        agreed = structs.replace(last, crypto=crypto, dtls=dtls, ice=ice, mux=self.mux)
        return _renewed(agreed, fingerprint) if moved else agreed

    # -- what is agreed ----------------------------------------------------------------------------

    def agreed(self, ours: StreamTransport, heard: Audio) -> LegSecurity:
        """What both descriptions settle, whoever made the offer."""
        theirs = heard.transport
        secured = LegSecurity(mux=ours.mux and theirs.mux)
        if ours.ice is not None and theirs.ice is not None:
            secured = replace(secured, ice=(ours.ice, theirs.ice))
        if heard.keying is Keying.SDES:
            line = theirs.crypto[0]
            own = next(own for own in ours.crypto if own.tag == line.tag)
            return replace(secured, srtp=(own, line))
        if heard.keying is Keying.DTLS and ours.dtls is not None and theirs.dtls is not None:
            return replace(secured, association=self._association(ours.dtls, theirs.dtls))
        return secured

    def _association(self, ours: DtlsParameters, theirs: DtlsParameters) -> AgreedAssociation:
        asked = ours.setup is Setup.ACTPASS and theirs.setup is Setup.PASSIVE
        active, current = ours.setup is Setup.ACTIVE or asked, self.association
        if current is not None and current.is_the_one_of(active, ours, theirs):
            return current
        number = 0 if current is None else current.number + 1
        return AgreedAssociation(
            number, active, ours.fingerprints, theirs.fingerprints, theirs.tls_id
        )

    @property
    def for_port(self) -> Security | None:
        """What the media port is told; None for plain RTP."""
        ice = None
        if self.ice is not None and not self.ice[1].lite:
            ice = Ice(self.ice[0].ufrag, self.ice[0].pwd, self.ice[1].ufrag)
        dtls, srtp = None, None
        if self.association is not None:
            association = self.association
            dtls = Dtls(association.active, association.theirs, association.number)
        if self.srtp is not None:
            ours, theirs = self.srtp
            srtp = SrtpKeys(ours.suite, ours.key, theirs.key)
        told = Security(srtp=srtp, dtls=dtls, ice=ice, mux=self.mux)
        return None if told == Security() else told


def first_offer(terms: MediaTerms, fingerprint: str) -> StreamTransport:
    """How our first offer to a phone says that the stream travels; every call has other keys."""
    dtls = None
    if terms.keying is Keying.DTLS:
        dtls = DtlsParameters((_certified(fingerprint),), Setup.ACTPASS)
    lines = enumerate(SUITES, 1) if terms.keying is Keying.SDES else ()
    return StreamTransport(
        profile=terms.profile,
        crypto=tuple(_fresh_line(tag, suite) for tag, suite in lines),
        dtls=dtls,
        ice=_fresh_ice() if terms.ice else None,
        mux=dtls is not None,
        mid=MID if terms.ice else None,
        bundled=terms.ice,
    )


def expected(ours: StreamTransport) -> Security | None:
    """What the port has to be ready for before our offer is answered; None: for nothing."""
    if ours.dtls is None and ours.ice is None:
        return None
    dtls = Dtls(active=False, fingerprints=()) if ours.dtls is not None else None
    ice = Ice(ours.ice.ufrag, ours.ice.pwd) if ours.ice is not None else None
    return Security(dtls=dtls, ice=ice, mux=ours.mux)


def _renewed(transport: StreamTransport, fingerprint: str) -> StreamTransport:
    dtls = transport.dtls
    if dtls is not None:
        tls_id = _letters(TLS_ID) if dtls.tls_id else ""
        dtls = DtlsParameters((_certified(fingerprint),), Setup.ACTPASS, tls_id)
    return structs.replace(
        transport,
        crypto=tuple(_fresh_line(line.tag, line.suite) for line in transport.crypto),
        dtls=dtls,
        ice=_fresh_ice() if transport.ice is not None else None,
    )


def _fresh_line(tag: int, suite: str) -> CryptoLine:
    return CryptoLine(tag, suite, secrets.token_bytes(SUITES[suite]))


def _fresh_ice() -> IceParameters:
    return IceParameters(_letters(UFRAG), _letters(PWD), lite=True)


def _letters(octets: int) -> str:
    return base64.b64encode(secrets.token_bytes(octets)).decode()


def _certified(fingerprint: str) -> str:
    if not fingerprint:
        raise DescriptionError("there is no certificate for a handshake of DTLS", 488)
    return fingerprint


def _is_same_key(one: CryptoLine, other: CryptoLine) -> bool:
    return (one.suite, one.key) == (other.suite, other.key)


def _is_same_ice(one: IceParameters, other: IceParameters) -> bool:
    """Whether ICE goes on: a restart changes both words."""
    return one.ufrag == other.ufrag or one.pwd == other.pwd
