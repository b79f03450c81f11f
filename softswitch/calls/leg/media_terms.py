"""What the settings want of the media of a leg: SRTP or not, and where its keys come from.

Whoever reads the signalling of a leg reads the keys that its descriptions hold. So these are only
offered and taken over TLS, unless the operator says otherwise (RFC 4568 section 8.3).
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.sdp.keying import Acceptance, Keying
from softswitch.sdp.negotiation import PLAIN_ONLY
from softswitch.sdp.stream_transport import PLAIN
from softswitch.settings.srtp import SrtpKeying, SrtpPolicy

SECURE = frozenset(("tls", "wss"))
"Transports of SIP that nobody on the way can read."
WEB = frozenset(("ws", "wss"))
"Transports of browsers, which speak nothing but DTLS-SRTP with ICE (RFC 8827 section 6.5)."

_REQUIRED = {Keying.SDES: "RTP/SAVP", Keying.DTLS: "UDP/TLS/RTP/SAVP"}
BROWSER = "UDP/TLS/RTP/SAVPF"


@dataclass(frozen=True, slots=True)
class MediaTerms:
    """What is offered to a phone, and what is taken from it."""

    acceptance: Acceptance = PLAIN_ONLY
    "What its offers may be taken for."
    keying: Keying = Keying.NONE
    "Where the keys of our offers come from."
    profile: str = PLAIN
    "Of our offers. RTP/AVP with keys lets the phone choose (RFC 8643)."
    ice: bool = False
    "Whether our offers want ICE."
    instead: MediaTerms | None = None
    "What is offered to a phone that refuses this with 488: it may take nothing but one profile."

    @property
    def are_for_many(self) -> bool:
        """Whether several phones may be sent one and the same offer: it holds no key."""
        return self.keying is not Keying.SDES


@dataclass(frozen=True, slots=True)
class SrtpTerms:
    """What the settings say of an extension or a trunk."""

    policy: SrtpPolicy | None = None
    "None: what holds for all."
    keys: SrtpKeying | None = None
    "Where the keys of offers to it come from; None: as its transport suggests."


NO_OWN_TERMS = SrtpTerms()
"What holds for all holds here, too."


@dataclass(frozen=True, slots=True)
class SrtpRules:
    """What the settings say of all legs."""

    policy: SrtpPolicy | None = None
    "None: `optional` over TLS and WebSocket, `off` over UDP and TCP."
    sdes_without_tls: bool = False
    "Whether keys may travel in descriptions that others can read."

    def of(self, own: SrtpTerms, transport: str) -> MediaTerms:
        """What is wanted of a leg whose signalling has this transport, in lower case."""
        usual: SrtpPolicy = "optional" if transport in SECURE | WEB else "off"
        policy = own.policy or self.policy or usual
        if policy == "off" or transport == "inside":
            return MediaTerms()
        sdes = self.sdes_without_tls or transport in SECURE
        prefers_dtls = own.keys == "dtls" or (own.keys is None and transport in WEB)
        keying = Keying.SDES if sdes and not prefers_dtls else Keying.DTLS
        acceptance = Acceptance(plain=policy == "optional", sdes=sdes, dtls=True)
        if transport in WEB and keying is Keying.DTLS:
            return MediaTerms(acceptance, keying, BROWSER, ice=True)
        terms: MediaTerms | None = None
        if keying is Keying.DTLS or own.keys is None:
            terms = MediaTerms(acceptance, Keying.DTLS, _REQUIRED[Keying.DTLS])
        if keying is Keying.SDES:
            terms = MediaTerms(acceptance, keying, _REQUIRED[keying], instead=terms)
        if policy == "optional" or terms is None:
            terms = MediaTerms(acceptance, keying, instead=terms)
        return terms


USUAL_RULES = SrtpRules()
"What holds where the settings say nothing."
