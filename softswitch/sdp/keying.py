"""Where the keys of a stream come from: what an offer is taken for, and what an answer settles.

RFC 4568 sections 5 and 7, RFC 5763 section 5, RFC 8643 (SRTP where both can, by offers of RTP/AVP).
"""

from __future__ import annotations

import enum

import msgspec

from softswitch.sdp.crypto import CryptoLine
from softswitch.sdp.description import DescriptionError
from softswitch.sdp.stream_transport import StreamTransport


class Keying(enum.Enum):
    """Where the keys of a stream come from."""

    NONE = "none"
    "Plain RTP."
    SDES = "SDES"
    "From the descriptions themselves."
    DTLS = "DTLS"
    "From a handshake on the RTP port."


class Acceptance(msgspec.Struct, frozen=True):
    """What a party's offer may be taken for."""

    plain: bool = True
    sdes: bool = False
    dtls: bool = False


class InsecureAnswer(DescriptionError):
    """Our offer demanded SRTP, and the answer has no key that fits it."""

    def __init__(self, text: str) -> None:
        super().__init__(text, 488)


def keying_of_offer(theirs: StreamTransport, acceptance: Acceptance) -> Keying:
    """Return where the keys of an offered stream come from; raises DescriptionError (488).

    With keys of both kinds the handshake is chosen where the profile is that of DTLS.
    """
    can_sdes = acceptance.sdes and bool(theirs.crypto)
    can_dtls = acceptance.dtls and theirs.dtls is not None
    if can_dtls and (theirs.profile.startswith("UDP/TLS/") or not can_sdes):
        return Keying.DTLS
    if can_sdes and not theirs.profile.startswith("UDP/TLS/"):
        return Keying.SDES
    if theirs.demands_srtp:
        if acceptance.sdes or acceptance.dtls:
            raise DescriptionError(f"{theirs.profile} without a key that can be used here", 488)
        raise DescriptionError(f"{theirs.profile} is not spoken with this party", 488, 302)
    if not acceptance.plain:
        raise DescriptionError("this party is only spoken to by SRTP", 488)
    return Keying.NONE


def keying_of_answer(ours: StreamTransport, theirs: StreamTransport) -> Keying:
    """Return where the keys come from after our offer was answered; raises InsecureAnswer (488)."""
    if ours.crypto and answered_line(ours, theirs) is not None:
        return Keying.SDES
    if ours.dtls is not None and theirs.dtls is not None:
        return Keying.DTLS
    if ours.demands_srtp:
        raise InsecureAnswer("the answer does not secure what was offered as SRTP")
    if theirs.demands_srtp:
        raise InsecureAnswer("the answer demands SRTP and has no key that fits the offer")
    return Keying.NONE


def answered_line(ours: StreamTransport, theirs: StreamTransport) -> CryptoLine | None:
    """Return the line with which an answer chooses one of ours.

    It has the tag and the suite of ours and a key of its own: a key that is sent back would encrypt
    two streams alike (RFC 4568 section 7.1.2).
    """
    if len(theirs.crypto) != 1:
        return None
    line = theirs.crypto[0]
    fits = (o for o in ours.crypto if (o.tag, o.suite) == (line.tag, line.suite))
    offered = next(fits, None)
    return line if offered is not None and offered.key != line.key else None
