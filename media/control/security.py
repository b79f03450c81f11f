"""What protects the media of a leg: SRTP (RFC 3711), its keys from SDES or DTLS, and ICE."""

from __future__ import annotations

import msgspec


class SrtpKeys(msgspec.Struct, frozen=True):
    """The master keys of both directions of a leg (RFC 3711, RFC 4568); its repr shows no key.

    Keys that are empty are not known yet: nothing passes in their direction.
    """

    suite: str
    "As in `a=crypto`: `AEAD_AES_128_GCM`, `AES_CM_128_HMAC_SHA1_80`, …; empty without keys."
    ours: bytes
    "Master key and salt that we encrypt with."
    theirs: bytes
    "Master key and salt that the far end encrypts with."

    def __repr__(self) -> str:
        return f"SrtpKeys(suite={self.suite!r})"


class Dtls(msgspec.Struct, frozen=True):
    """How keys are agreed by DTLS (RFC 5763)."""

    active: bool
    "Whether we send the ClientHello."
    fingerprints: tuple[str, ...]
    "`sha-256 AA:BB:…`; empty while the far end's is not known: nothing is heard yet."
    association: int = 0
    "Another number than before: a new association is wanted (RFC 8842)."


class Ice(msgspec.Struct, frozen=True):
    """The credentials of connectivity checks (RFC 8445); its repr shows no password."""

    ufrag: str
    pwd: str
    "Ours; told as soon as the offer or answer is made, because checks come before the answer."
    their_ufrag: str = ""
    "Empty while it is not known."

    def __repr__(self) -> str:
        return f"Ice(ufrag={self.ufrag!r}, their_ufrag={self.their_ufrag!r})"


class Security(msgspec.Struct, frozen=True):
    """What protects the media of a leg; with `srtp` or `dtls` nothing passes in the clear."""

    srtp: SrtpKeys | None = None
    "Keys that the descriptions themselves carry (SDES, RFC 4568)."
    dtls: Dtls | None = None
    ice: Ice | None = None
    mux: bool = False
    "RTCP on the RTP port (RFC 5761)."
