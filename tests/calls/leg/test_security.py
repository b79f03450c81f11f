"""The security of a leg as a value: what changes with a description, and what stays."""

from __future__ import annotations

import base64
import re

import pytest
from msgspec.structs import replace

from softswitch.calls.leg.security import LegSecurity, expected
from softswitch.calls.ports.media_port import Dtls, Ice, Security, SrtpKeys
from softswitch.sdp.crypto import CryptoLine
from softswitch.sdp.description import DescriptionError, parse_description
from softswitch.sdp.dtls import DtlsParameters, Setup
from softswitch.sdp.ice import IceParameters
from softswitch.sdp.keying import Acceptance
from softswitch.sdp.negotiation import Audio, read_offer
from softswitch.sdp.stream_transport import PLAIN_RTP, StreamTransport

OURS = "sha-256 " + ":".join(["0A"] * 32)
THEIRS = "sha-256 " + ":".join(["C0"] * 32)
OTHER = "sha-256 " + ":".join(["C1"] * 32)
TLS_ID, OTHER_ID = "their-association-01", "their-association-02"
KEY = base64.b64encode(b"k" * 28).decode()


def offer(*attributes: str, profile: str = "UDP/TLS/RTP/SAVPF") -> Audio:
    lines = (
        "v=0",
        "o=p 7 1 IN IP4 192.0.2.7",
        "s=-",
        "c=IN IP4 192.0.2.7",
        "t=0 0",
        f"m=audio 4000 {profile} 0",
        *(f"a={attribute}" for attribute in attributes),
    )
    description = parse_description("\r\n".join(lines).encode())
    return read_offer(description, Acceptance(plain=True, sdes=True, dtls=True))


def dtls(fingerprint: str = THEIRS, setup: str = "actpass", tls_id: str = "") -> list[str]:
    lines = [f"fingerprint:{fingerprint}", f"setup:{setup}", "rtcp-mux"]
    return [*lines, *([f"tls-id:{tls_id}"] if tls_id else [])]


def answered(security: LegSecurity, heard: Audio, last: StreamTransport | None) -> LegSecurity:
    return security.agreed(security.answer(heard, last, OURS), heard)


@pytest.mark.parametrize(
    ("first", "then", "number", "active"),
    [
        (dtls(), dtls(), 0, False),
        (dtls(setup="passive"), dtls(), 0, True),
        (dtls(setup="passive"), dtls(setup="passive"), 0, True),
        (dtls(setup="passive"), dtls(setup="active"), 1, False),
        (dtls(), dtls(setup="passive"), 1, True),
        (dtls(), dtls(OTHER), 1, False),
        (dtls(setup="passive"), dtls(OTHER), 1, False),
        (dtls(tls_id=TLS_ID), dtls(tls_id=TLS_ID), 0, False),
        (dtls(tls_id=TLS_ID), dtls(tls_id=OTHER_ID), 1, False),
        (dtls(tls_id=TLS_ID), dtls(), 0, False),
    ],
)
def test_an_association_lasts_as_long_as_both_descriptions_mean_it(
    first: list[str], then: list[str], number: int, active: bool
) -> None:
    """RFC 8842 section 4."""
    heard = offer(*first)
    said = LegSecurity().answer(heard, None, OURS)
    before = LegSecurity().agreed(said, heard)
    again = offer(*then)
    answer = before.answer(again, said, OURS)
    after = before.agreed(answer, again)
    assert after.association is not None
    assert (after.association.number, after.association.active) == (number, active)
    assert after.for_port is not None
    theirs = again.transport.dtls
    assert theirs is not None
    assert after.for_port.dtls == Dtls(active, theirs.fingerprints, number)
    assert answer.dtls is not None
    assert said.dtls is not None
    assert bool(answer.dtls.tls_id) == bool(theirs.tls_id)
    if theirs.tls_id and said.dtls.tls_id:
        assert (answer.dtls.tls_id == said.dtls.tls_id) == (number == 0)


def test_another_certificate_of_ours_is_another_association() -> None:
    heard = offer(*dtls())
    before = answered(LegSecurity(), heard, None)
    said = before.answer(heard, None, OTHER)
    after = before.agreed(said, heard)
    assert after.association is not None
    assert after.association.number == 1


def test_without_a_certificate_no_handshake_is_promised() -> None:
    with pytest.raises(DescriptionError) as caught:
        LegSecurity().answer(offer(*dtls()), None, "")
    assert caught.value.status == 488


def test_an_offer_again_leaves_the_role_open_and_keeps_the_rest() -> None:
    heard = offer(*dtls(tls_id=TLS_ID), "ice-ufrag:them", f"ice-pwd:{'p' * 22}", "mid:a")
    said = replace(LegSecurity().answer(heard, None, OURS), profile="UDP/TLS/RTP/SAVPF", mid="a")
    security = LegSecurity().agreed(said, heard)
    assert said.dtls is not None
    again = security.offer_again(said, heard, OURS, moved=False)
    assert again == replace(said, dtls=replace(said.dtls, setup=Setup.ACTPASS))
    moved = security.offer_again(said, heard, OTHER, moved=True)
    assert moved.dtls is not None
    assert moved.dtls.fingerprints == (OTHER,)
    assert moved.dtls.tls_id not in ("", said.dtls.tls_id)
    assert moved.ice is not None
    assert said.ice is not None
    assert moved.ice.ufrag != said.ice.ufrag
    assert (moved.profile, moved.mid, moved.mux) == (said.profile, "a", True)
    ours = moved.ice
    assert expected(moved) == Security(
        dtls=Dtls(active=False, fingerprints=()), ice=Ice(ours.ufrag, ours.pwd), mux=True
    )


def test_two_lite_sides_do_without_ice() -> None:
    """RFC 8445 section 6.1.1: neither would check anything."""
    words = ("ice-ufrag:them", f"ice-pwd:{'p' * 22}", "rtcp-mux")
    lite = offer("ice-lite", *words, profile="RTP/AVP")
    assert LegSecurity().answer(lite, None, OURS).ice is None
    full = offer(*words, profile="RTP/AVP")
    answer = LegSecurity().answer(full, None, OURS)
    assert answer.ice is not None
    assert answer.mux
    for_port = LegSecurity().agreed(answer, full).for_port
    assert for_port == Security(ice=Ice(answer.ice.ufrag, answer.ice.pwd, "them"), mux=True)
    ours = StreamTransport(ice=IceParameters("ours", "q" * 24, lite=True), mux=True)
    assert LegSecurity().agreed(ours, lite).for_port == Security(mux=True)


def test_ice_without_rtcp_on_the_rtp_port_is_not_answered() -> None:
    heard = offer("ice-ufrag:them", f"ice-pwd:{'p' * 22}", profile="RTP/AVP")
    assert LegSecurity().answer(heard, None, OURS) == PLAIN_RTP


def test_rtcp_stays_on_its_own_port_where_nothing_else_asks_for_it() -> None:
    assert LegSecurity().answer(offer("rtcp-mux", profile="RTP/AVP"), None, OURS) == PLAIN_RTP


def test_what_becomes_plain_again_has_no_keys_left() -> None:
    secret = offer(f"crypto:1 AEAD_AES_128_GCM inline:{KEY}", profile="RTP/AVP")
    security = answered(LegSecurity(), secret, None)
    assert security.for_port is not None
    assert isinstance(security.for_port.srtp, SrtpKeys)
    plain = offer(profile="RTP/AVP")
    assert answered(security, plain, None) == LegSecurity()
    assert LegSecurity().for_port is None


def test_a_key_that_comes_back_under_another_tag_is_answered_with_ours() -> None:
    lines = [f"crypto:{tag} AEAD_AES_128_GCM inline:{KEY}" for tag in (1, 7)]
    heard, again = (offer(each, profile="RTP/SAVP") for each in lines)
    security = answered(LegSecurity(), heard, None)
    assert security.srtp is not None
    (own,) = security.answer(again, None, OURS).crypto
    assert own == replace(security.srtp[0], tag=7)


def test_no_key_is_shown() -> None:
    ours = CryptoLine(1, "AEAD_AES_128_GCM", b"secret" * 4 + b"more")
    ice = IceParameters("ours", "secretsecretsecretsecret", lite=True)
    security = LegSecurity(srtp=(ours, ours), ice=(ice, ice), mux=True)
    said = StreamTransport(
        crypto=(ours,), ice=ice, dtls=DtlsParameters((OURS,), Setup.ACTPASS), mux=True
    )
    shown = f"{security!r} {security} {said!r} {security.for_port!r} {expected(said)!r}"
    encoded = base64.b64encode(ours.key).decode()
    assert not re.search(f"secret|{re.escape(encoded)}", shown)
