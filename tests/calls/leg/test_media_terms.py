"""What the settings want of the media of a leg: every row of the table of offers and acceptance."""

from __future__ import annotations

import pytest

from softswitch.calls.leg.media_terms import SrtpRules, SrtpTerms
from softswitch.calls.leg.security import first_offer
from softswitch.sdp.crypto import SUITES
from softswitch.sdp.keying import Acceptance
from softswitch.settings.srtp import SrtpPolicy

FINGERPRINT = "sha-256 " + ":".join(["AB"] * 32)
AVP, SAVP = "RTP/AVP", "RTP/SAVP"
TLS_SAVP, TLS_SAVPF = "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"

SDES, DTLS, BROWSER = "sdes", "dtls", "dtls ice"


@pytest.mark.parametrize(
    ("transport", "rules", "own", "profile", "keys"),
    [
        # without a word in the settings
        ("udp", SrtpRules(), SrtpTerms(), AVP, ""),
        ("tcp", SrtpRules(), SrtpTerms(), AVP, ""),
        ("tls", SrtpRules(), SrtpTerms(), AVP, SDES),
        ("ws", SrtpRules(), SrtpTerms(), TLS_SAVPF, BROWSER),
        ("wss", SrtpRules(), SrtpTerms(), TLS_SAVPF, BROWSER),
        ("inside", SrtpRules("required", True), SrtpTerms("required"), AVP, ""),
        # for all
        ("udp", SrtpRules("optional"), SrtpTerms(), AVP, DTLS),
        ("udp", SrtpRules("optional", True), SrtpTerms(), AVP, SDES),
        ("udp", SrtpRules("required"), SrtpTerms(), TLS_SAVP, DTLS),
        ("tcp", SrtpRules("required", True), SrtpTerms(), SAVP, SDES),
        ("tls", SrtpRules("required"), SrtpTerms(), SAVP, SDES),
        ("tls", SrtpRules("off"), SrtpTerms(), AVP, ""),
        ("wss", SrtpRules("required"), SrtpTerms(), TLS_SAVPF, BROWSER),
        ("wss", SrtpRules("off"), SrtpTerms(), AVP, ""),
        # an extension or trunk has its own
        ("udp", SrtpRules("off", True), SrtpTerms("required"), SAVP, SDES),
        ("tls", SrtpRules("required"), SrtpTerms("off"), AVP, ""),
        ("tls", SrtpRules("off"), SrtpTerms("optional"), AVP, SDES),
        ("tls", SrtpRules(), SrtpTerms("required", "dtls"), TLS_SAVP, DTLS),
        ("tls", SrtpRules(), SrtpTerms(None, "dtls"), AVP, DTLS),
        ("udp", SrtpRules(), SrtpTerms("required", "sdes"), TLS_SAVP, DTLS),
        ("wss", SrtpRules(), SrtpTerms("required", "sdes"), SAVP, SDES),
        ("ws", SrtpRules(), SrtpTerms("optional", "sdes"), TLS_SAVPF, BROWSER),
        ("ws", SrtpRules(sdes_without_tls=True), SrtpTerms("optional", "sdes"), AVP, SDES),
    ],
)
def test_what_is_offered(
    transport: str, rules: SrtpRules, own: SrtpTerms, profile: str, keys: str
) -> None:
    terms = rules.of(own, transport)
    offer = first_offer(terms, FINGERPRINT)
    assert offer.profile == profile
    assert [line.suite for line in offer.crypto] == (list(SUITES) if keys == SDES else [])
    assert [line.tag for line in offer.crypto] == ([1, 2, 3] if keys == SDES else [])
    assert (offer.dtls is not None) == (keys in (DTLS, BROWSER)) == offer.mux
    assert (offer.ice is not None) == (keys == BROWSER) == offer.bundled == (offer.mid == "0")


@pytest.mark.parametrize(
    ("transport", "policy", "in_clear", "taken"),
    [
        ("udp", None, False, Acceptance(plain=True)),
        ("udp", "optional", False, Acceptance(plain=True, dtls=True)),
        ("udp", "optional", True, Acceptance(plain=True, sdes=True, dtls=True)),
        ("udp", "required", False, Acceptance(plain=False, dtls=True)),
        ("tls", None, False, Acceptance(plain=True, sdes=True, dtls=True)),
        ("tls", "required", False, Acceptance(plain=False, sdes=True, dtls=True)),
        ("tls", "off", False, Acceptance(plain=True)),
        ("ws", None, False, Acceptance(plain=True, dtls=True)),
        ("wss", None, False, Acceptance(plain=True, sdes=True, dtls=True)),
    ],
)
def test_what_is_taken(
    transport: str, policy: SrtpPolicy | None, in_clear: bool, taken: Acceptance
) -> None:
    assert SrtpRules(policy, in_clear).of(SrtpTerms(), transport).acceptance == taken


@pytest.mark.parametrize(
    ("transport", "own", "offers"),
    [
        ("udp", SrtpTerms(), [AVP]),
        ("udp", SrtpTerms("optional"), [AVP, TLS_SAVP]),
        ("udp", SrtpTerms("required"), [TLS_SAVP]),
        ("tls", SrtpTerms(), [AVP, SAVP, TLS_SAVP]),
        ("tls", SrtpTerms("required"), [SAVP, TLS_SAVP]),
        ("tls", SrtpTerms("required", "sdes"), [SAVP]),
        ("tls", SrtpTerms("optional", "sdes"), [AVP, SAVP]),
        ("tls", SrtpTerms("optional", "dtls"), [AVP, TLS_SAVP]),
        ("tls", SrtpTerms("required", "dtls"), [TLS_SAVP]),
        ("wss", SrtpTerms(), [TLS_SAVPF]),
    ],
)
def test_what_is_offered_to_a_phone_that_refuses(
    transport: str, own: SrtpTerms, offers: list[str]
) -> None:
    """It never becomes less secure."""
    terms = SrtpRules().of(own, transport)
    seen = [terms]
    while (terms := seen[-1].instead or terms) is not seen[-1]:
        seen.append(terms)
    assert [each.profile for each in seen] == offers
    assert len({each.acceptance for each in seen}) == 1


def test_every_offer_has_keys_of_its_own() -> None:
    terms = SrtpRules("required").of(SrtpTerms(), "tls")
    offers = [first_offer(terms, FINGERPRINT) for _ in range(5)]
    keys = {line.key[:16] for offer in offers for line in offer.crypto}
    assert len(keys) == 5 * len(SUITES)
    browser = SrtpRules().of(SrtpTerms(), "wss")
    words = [first_offer(browser, FINGERPRINT).ice for _ in range(5)]
    assert len({word and word.pwd for word in words}) == 5
