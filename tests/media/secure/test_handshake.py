"""Handshakes against a far end in memory: keys, certificates, forgeries, limits."""

from __future__ import annotations

import pytest

from media.control.security import Dtls, SrtpKeys
from media.secure import records
from media.secure.association import DtlsContext
from media.secure.certificate import DtlsCertificate
from media.secure.handshake import (
    ALERT_PATIENCE,
    ALERTS,
    LIMIT,
    TOO_LATE,
    WRONG_CERTIFICATE,
    Handshake,
    HandshakeStep,
)
from tests.media.secure.dtls_peer import CM_32, CM_80, GCM, DtlsPeer
from tests.media.secure.test_records import record

CERTIFICATE = DtlsCertificate()
CONTEXT = DtlsContext(CERTIFICATE)
SUITES = {GCM: "AEAD_AES_128_GCM", CM_80: "AES_CM_128_HMAC_SHA1_80"}
FORGED_ALERT = record(records.ALERT, body=b"\x02\x28")
NOTHING = HandshakeStep()


def answered(peer: DtlsPeer) -> Handshake:
    """The handshake of a leg whose far end's fingerprint is known."""
    return Handshake(CONTEXT, Dtls(not peer.active, (peer.fingerprint,)), 0.0)


def shake(
    handshake: Handshake, peer: DtlsPeer, arrived: list[bytes] | None = None
) -> tuple[SrtpKeys | None, str]:
    """Let datagrams pass until there is nothing to say; return keys and failure."""
    if arrived is None:
        begun = handshake.begin(0.0) if handshake.waits_to_begin else NOTHING
        arrived = peer.go_on(begun.datagrams)
    keys, failure = None, ""
    while arrived:
        answers: list[bytes] = []
        for datagram in arrived:
            step = handshake.receive(datagram, 0.0)
            assert all(len(leaving) <= records.MTU for leaving in step.datagrams)
            answers += step.datagrams
            keys, failure = step.keys or keys, step.failure or failure
        arrived = peer.go_on(answers) if answers else []
    return keys, failure


@pytest.mark.parametrize("profile", [GCM, CM_80])
@pytest.mark.parametrize("active", [True, False], ids=["they begin", "we begin"])
def test_both_sides_have_the_same_keys(active: bool, profile: bytes) -> None:
    peer = DtlsPeer(active=active, profiles=profile)
    handshake = answered(peer)
    assert handshake.waits_to_begin is not active
    keys, failure = shake(handshake, peer)
    assert failure == ""
    assert keys is not None
    assert keys.suite == SUITES[profile]
    assert (keys.theirs, keys.ours) == peer.keys()
    assert not handshake.in_progress
    certificate = peer.connection.get_peer_certificate(as_cryptography=True)
    assert certificate == CERTIFICATE.certificate


def test_of_several_profiles_the_server_takes_ours() -> None:
    peer = DtlsPeer(active=True, profiles=CM_80 + b":" + GCM)
    keys, _ = shake(answered(peer), peer)
    assert keys is not None
    assert keys.suite == "AEAD_AES_128_GCM"


@pytest.mark.parametrize("active", [True, False], ids=["they begin", "we begin"])
@pytest.mark.parametrize("profiles", [CM_32, b""], ids=["only CM_32", "none at all"])
def test_without_a_common_profile_there_are_no_keys(active: bool, profiles: bytes) -> None:
    peer = DtlsPeer(active=active, profiles=profiles)
    handshake = answered(peer)
    keys, failure = shake(handshake, peer)
    assert (keys, failure) == (None, "the DTLS handshake failed: no common SRTP profile")
    assert not handshake.in_progress


def test_a_far_end_without_a_certificate_gets_no_keys() -> None:
    """Its alert comes in the clear or not at all, so the second try decides, or the time."""
    peer = DtlsPeer(active=True, shows_certificate=False)
    handshake = answered(peer)
    assert shake(handshake, peer) == (None, "")
    assert handshake.in_progress
    again = DtlsPeer(active=True, shows_certificate=False)
    keys, failure = shake(handshake, again)
    assert keys is None
    assert failure.startswith("the DTLS handshake failed: peer did not return a certificate")


def test_an_old_version_gets_no_keys() -> None:
    handshake = answered(DtlsPeer(active=True))
    for _ in range(2):
        keys, failure = shake(handshake, DtlsPeer(active=True, version=0xFEFF))
    assert keys is None
    assert "unsupported protocol" in failure


# ---- whose certificate it is ----


@pytest.mark.parametrize("active", [True, False], ids=["they begin", "we begin"])
def test_another_certificate_than_announced_gets_no_keys(active: bool) -> None:
    peer = DtlsPeer(active=active)
    dtls = Dtls(not active, (DtlsCertificate().fingerprint,))
    handshake = Handshake(CONTEXT, dtls, 0.0)
    assert shake(handshake, peer) == (None, WRONG_CERTIFICATE)
    assert handshake.receive(DtlsPeer(active=True).go_on()[0], 1.0) == NOTHING


def test_before_the_answer_the_keys_are_withheld() -> None:
    peer = DtlsPeer(active=True)
    handshake = Handshake(CONTEXT, Dtls(False, ()), 0.0)
    assert shake(handshake, peer) == (None, "")
    assert peer.done
    assert handshake.tick(1000.0) == NOTHING
    step = handshake.configure(Dtls(False, (peer.fingerprint,)), 1000.0)
    assert step.keys is not None
    assert (step.keys.theirs, step.keys.ours) == peer.keys()
    assert not handshake.in_progress


def test_a_phone_that_was_faster_than_the_one_that_answers_gets_no_keys() -> None:
    """Several phones of one number may be offered the same."""
    faster, answering = DtlsPeer(active=True), DtlsPeer(active=True)
    handshake = Handshake(CONTEXT, Dtls(False, ()), 0.0)
    shake(handshake, faster)
    assert handshake.configure(Dtls(False, (answering.fingerprint,)), 1.0) == NOTHING
    assert handshake.in_progress
    keys, failure = shake(handshake, answering)
    assert keys is not None
    assert (keys.theirs, keys.ours) == answering.keys()
    assert failure == ""


def test_a_stranger_before_the_answer_keeps_nobody_waiting_for_ever() -> None:
    handshake = Handshake(CONTEXT, Dtls(False, ()), 0.0)
    shake(handshake, DtlsPeer(active=True))
    assert handshake.configure(Dtls(False, (DtlsCertificate().fingerprint,)), 1.0) == NOTHING
    assert handshake.tick(40.0).failure == TOO_LATE


def test_a_far_end_that_wants_to_be_the_server_is_asked_after_the_answer() -> None:
    peer = DtlsPeer(active=False)
    handshake = Handshake(CONTEXT, Dtls(False, ()), 0.0)
    assert not handshake.waits_to_begin
    assert handshake.configure(Dtls(True, (peer.fingerprint,)), 1.0) == NOTHING
    assert handshake.waits_to_begin
    keys, _ = shake(handshake, peer)
    assert keys is not None


def test_another_certificate_in_the_middle_of_a_call_is_found_out() -> None:
    peer = DtlsPeer(active=True)
    handshake = answered(peer)
    shake(handshake, peer)
    step = handshake.configure(Dtls(False, (DtlsCertificate().fingerprint,)), 1.0)
    assert step.failure == WRONG_CERTIFICATE


def test_an_offer_that_changes_nothing_changes_nothing() -> None:
    peer = DtlsPeer(active=True)
    handshake = answered(peer)
    shake(handshake, peer)
    assert handshake.configure(Dtls(False, (peer.fingerprint,)), 1.0) == NOTHING
    assert not handshake.in_progress


def test_a_new_association_brings_new_keys() -> None:
    peer = DtlsPeer(active=True)
    handshake = answered(peer)
    first, _ = shake(handshake, peer)
    another = DtlsPeer(active=True)
    step = handshake.configure(Dtls(False, (another.fingerprint,), association=1), 1.0)
    assert step == NOTHING
    assert handshake.in_progress
    second, _ = shake(handshake, another)
    assert first is not None
    assert second is not None
    assert second.ours != first.ours


# ---- what gets lost, what is forged ----


def test_a_client_hello_in_two_datagrams_is_put_together() -> None:
    peer = DtlsPeer(active=True)
    peer.connection.set_tlsext_host_name(b"x" * 250)
    datagrams = peer.go_on()
    assert len(datagrams) > 1
    keys, _ = shake(answered(peer), peer, datagrams)
    assert keys is not None


@pytest.mark.parametrize("active", [True, False], ids=["they begin", "we begin"])
def test_a_forged_alert_does_no_harm(active: bool) -> None:
    peer = DtlsPeer(active=active)
    handshake = answered(peer)
    begun = handshake.begin(0.0) if handshake.waits_to_begin else NOTHING
    arrived = peer.go_on(begun.datagrams)
    keys = None
    while arrived:
        answers = []
        for datagram in arrived:
            assert handshake.receive(FORGED_ALERT, 0.0) == NOTHING
            step = handshake.receive(FORGED_ALERT + datagram, 0.0)
            answers += step.datagrams
            keys = step.keys or keys
        arrived = peer.go_on(answers) if answers else []
    assert keys is not None
    assert handshake.receive(FORGED_ALERT, 1.0) == NOTHING
    assert not handshake.in_progress


@pytest.mark.parametrize(("description", "name"), [*ALERTS.items(), (99, "alert 99")], ids=str)
def test_an_alert_after_which_nothing_comes_is_believed(description: int, name: str) -> None:
    peer = DtlsPeer(active=True)
    handshake = answered(peer)
    handshake.receive(peer.go_on()[0], 0.0)
    handshake.receive(record(records.ALERT, body=bytes((2, description))), 1.0)
    assert handshake.tick(1.0 + ALERT_PATIENCE - 0.1).failure == ""
    step = handshake.tick(1.0 + ALERT_PATIENCE)
    assert step.failure == f"the far end ended the DTLS handshake: {name}"


def test_a_forged_message_costs_one_try_only() -> None:
    peer = DtlsPeer(active=True)
    handshake = answered(peer)
    hello = peer.go_on()[0]
    broken = record(body=b"\x01" + bytes(11))
    assert handshake.receive(broken, 0.0) == NOTHING
    keys, _ = shake(handshake, peer, [hello])
    assert keys is not None


def test_a_goodbye_ends_the_association_and_not_the_call() -> None:
    peer = DtlsPeer(active=True)
    handshake = answered(peer)
    shake(handshake, peer)
    for datagram in peer.say_goodbye():
        step = handshake.receive(datagram, 1.0)
        assert (step.keys, step.failure) == (None, "")
    assert not handshake.in_progress


@pytest.mark.parametrize(
    "junk",
    [record(), record(body=b"\x02" * 40), record(23, 0), record(records.ALERT, body=b"\x01\x00")],
    ids=["no hello", "a ServerHello", "data", "a warning"],
)
def test_nothing_but_a_client_hello_makes_an_association(junk: bytes) -> None:
    handshake = answered(DtlsPeer(active=True))
    assert handshake.receive(junk, 0.0) == NOTHING
    assert handshake._association is None


def test_who_begins_answers_no_client_hello() -> None:
    handshake = answered(DtlsPeer(active=False))
    assert handshake.receive(DtlsPeer(active=True).go_on()[0], 0.0) == NOTHING
    assert handshake.waits_to_begin


# ---- what never ends ----


def test_half_a_handshake_ends_after_a_while() -> None:
    peer = DtlsPeer(active=True)
    handshake = answered(peer)
    assert handshake.receive(peer.go_on()[0], 0.0).datagrams
    assert handshake.tick(LIMIT - 0.1).failure == ""
    assert handshake.tick(LIMIT).failure == TOO_LATE
    assert not handshake.in_progress
    assert handshake._association is None


def test_no_handshake_at_all_ends_after_a_while() -> None:
    handshake = answered(DtlsPeer(active=True))
    assert handshake.tick(LIMIT).failure == TOO_LATE


def test_half_a_handshake_before_the_answer_is_forgotten_after_a_while() -> None:
    peer = DtlsPeer(active=True)
    handshake = Handshake(CONTEXT, Dtls(False, ()), 0.0)
    handshake.receive(peer.go_on()[0], 0.0)
    assert handshake.tick(LIMIT) == NOTHING
    assert handshake._association is None
    another = DtlsPeer(active=True)
    handshake.configure(Dtls(False, (another.fingerprint,)), 100.0)
    keys, _ = shake(handshake, another)
    assert keys is not None
