"""Whose packets a leg believes: SDP first, learning bounded, unknown sources dropped."""

from __future__ import annotations

import pytest

from media.rtp.latching import CANDIDATES, WINDOW, Latch, LatchVerdict, may_send_to
from media.secure.ice import IceLite
from tests.media.secure.checks import OURS, check, nominate

SDP = ("192.0.2.1", 4000)
NAT = ("198.51.100.7", 62000)
ATTACKER = ("203.0.113.66", 5000)


def announced(now: float = 0.0) -> Latch:
    latch = Latch()
    latch.announce(SDP, now)
    return latch


def verdicts(
    latch: Latch,
    source: tuple[str, int],
    sequences: range,
    *,
    now: float = 1.0,
    ssrc: int = 1,
    flowing: bool = False,
) -> list[str]:
    return [
        latch.judge(source, ssrc, sequence & 0xFFFF, now, flowing=flowing).name
        for sequence in sequences
    ]


def test_the_address_of_the_sdp_is_believed_at_once() -> None:
    latch = announced()
    assert latch.target == SDP
    assert verdicts(latch, SDP, range(1)) == ["BELIEVED"]
    assert latch.believed == SDP
    assert latch.learned is None


def test_another_address_is_learned_after_four_packets_in_a_row() -> None:
    latch = announced()
    assert verdicts(latch, NAT, range(65533, 65537)) == ["UNPROVEN"] * 3 + ["BELIEVED"]
    assert latch.target == latch.learned == NAT


def test_gaps_and_changes_of_source_start_the_proof_anew() -> None:
    latch = announced()
    assert verdicts(latch, NAT, range(3)) == ["UNPROVEN"] * 3
    assert verdicts(latch, NAT, range(5, 6)) == ["UNPROVEN"]
    assert verdicts(latch, NAT, range(6, 7), ssrc=2) == ["UNPROVEN"]
    assert verdicts(latch, NAT, range(7, 10), ssrc=2) == ["UNPROVEN", "UNPROVEN", "BELIEVED"]


def test_nothing_is_learned_after_the_window() -> None:
    latch = announced()
    assert verdicts(latch, NAT, range(4), now=WINDOW) == ["UNKNOWN_SOURCE"] * 4
    assert latch.target == SDP


def test_the_sdp_address_may_speak_late() -> None:
    latch = announced()
    assert verdicts(latch, SDP, range(1), now=WINDOW + 60) == ["BELIEVED"]


def test_the_proof_cannot_outlast_the_window() -> None:
    latch = announced()
    verdicts(latch, NAT, range(3), now=WINDOW - 0.1)
    assert verdicts(latch, NAT, range(3, 4), now=WINDOW) == ["UNKNOWN_SOURCE"]


def test_once_the_sdp_address_spoke_nobody_else_is_learned() -> None:
    latch = announced()
    verdicts(latch, SDP, range(1))
    assert verdicts(latch, ATTACKER, range(10)) == ["UNKNOWN_SOURCE"] * 10


def test_an_attacker_does_not_displace_a_learned_address_that_flows() -> None:
    latch = announced()
    verdicts(latch, NAT, range(4))
    assert verdicts(latch, ATTACKER, range(10), flowing=True) == ["UNKNOWN_SOURCE"] * 10
    assert latch.believed == NAT


def test_the_sdp_address_comes_before_a_learned_one() -> None:
    latch = announced()
    verdicts(latch, NAT, range(4))
    assert verdicts(latch, SDP, range(1), flowing=True) == ["BELIEVED"]
    assert latch.target == SDP


def test_two_who_prove_themselves_at_once_do_not_keep_each_other_out() -> None:
    latch = announced()
    outcome = [
        latch.judge(source, 1, sequence, 1.0, flowing=False)
        for sequence in range(4)
        for source in (ATTACKER, NAT)
    ]
    assert outcome.count(LatchVerdict.BELIEVED) >= 1


def test_candidates_are_few() -> None:
    latch = announced()
    for port in range(CANDIDATES):
        assert verdicts(latch, ("203.0.113.1", 1000 + port), range(1)) == ["UNPROVEN"]
    assert verdicts(latch, ATTACKER, range(9)) == ["UNKNOWN_SOURCE"] * 9


def test_a_new_offer_with_the_same_address_keeps_what_was_learned() -> None:
    latch = announced()
    verdicts(latch, NAT, range(4))
    latch.announce(SDP, 100.0)
    assert latch.target == NAT
    assert verdicts(latch, NAT, range(1), now=200.0) == ["BELIEVED"]
    assert verdicts(latch, ("198.51.100.7", 62001), range(4), now=101.0)[-1] == "BELIEVED"


def test_a_new_offer_with_another_address_moves_at_once() -> None:
    latch = announced()
    verdicts(latch, SDP, range(1))
    moved = ("192.0.2.9", 4444)
    latch.announce(moved, 100.0)
    assert latch.target == moved
    assert latch.believed is None
    assert verdicts(latch, moved, range(1), now=100.0) == ["BELIEVED"]


def test_before_any_offer_nobody_is_believed() -> None:
    latch = Latch()
    assert latch.target is None
    assert verdicts(latch, NAT, range(9)) == ["UNKNOWN_SOURCE"] * 9


@pytest.mark.parametrize(
    "address",
    [
        ("0.0.0.0", 4000),
        ("0.1.2.3", 4000),
        ("255.255.255.255", 4000),
        ("240.0.0.1", 4000),
        ("224.0.0.1", 4000),
        ("239.255.255.250", 1900),
        ("::", 4000),
        ("ff02::1", 4000),
        ("::ffff:0.0.0.0", 4000),
        ("::ffff:255.255.255.255", 4000),
        ("192.0.2.1", 0),
        ("192.0.2.1", 65536),
        ("192.0.2.1", -1),
    ],
)
def test_nothing_is_sent_where_no_phone_can_be(address: tuple[str, int]) -> None:
    assert not may_send_to(address)


@pytest.mark.parametrize("host", ["192.0.2.1", "127.0.0.1", "10.0.0.1", "::1", "2001:db8::1"])
def test_hosts_may_be_phones(host: str) -> None:
    assert may_send_to((host, 4000))


def test_a_name_is_no_address() -> None:
    with pytest.raises(ValueError, match=r"phone\.example"):
        may_send_to(("phone.example", 4000))


def test_with_ice_the_checks_decide_and_nothing_is_learned() -> None:
    latch = announced()
    latch.ice = IceLite(OURS)
    assert latch.target is None
    assert verdicts(latch, SDP, range(1)) == ["UNKNOWN_SOURCE"]
    assert verdicts(latch, NAT, range(8)) == ["UNKNOWN_SOURCE"] * 8
    assert not latch.learning(1.0)
    latch.ice.receive(check(), ATTACKER, 1.0)
    latch.ice.receive(nominate(), NAT, 1.0)
    assert latch.target == NAT
    assert latch.believes(NAT)
    assert latch.believes(ATTACKER), "it knows the password"
    assert not latch.believes(SDP)
    assert not latch.may_have_moved((NAT[0], NAT[1] + 1))
    assert latch.learned is None
    latch.ice = None
    assert latch.target == SDP
