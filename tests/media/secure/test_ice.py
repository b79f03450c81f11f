"""The lite agent: who is answered, who proves himself, where media goes, how long."""

from __future__ import annotations

import os

import pytest
from msgspec.structs import replace

from media.control.security import Ice
from media.secure import stun
from media.secure.ice import ASKS_AGAIN, CONSENT, SOURCES, IceAnswer, IceLite
from tests.media.secure.checks import CONTROLLED, OURS, check, indication, mapped, nominate

HERE = ("192.0.2.1", 4000)
THERE = ("192.0.2.2", 5000)
RESTARTED = Ice("next", "another-password-of-ours", "that")


def agent(ice: Ice = OURS) -> IceLite:
    return IceLite(ice)


def answer(ice: IceLite, datagram: bytes, source: tuple[str, int] = HERE) -> IceAnswer:
    answered = ice.receive(datagram, source, 0.0)
    assert answered is not None
    return answered


def test_a_check_is_answered_with_the_address_that_it_came_from() -> None:
    ice = agent()
    request = check()
    answered = answer(ice, request)
    message, address = mapped(answered.reply)
    assert (message.kind, message.transaction) == (stun.BINDING_RESPONSE, request[8:20])
    assert address == stun.xor_address(HERE, request[8:20])
    assert (answered.proved, answered.nominated) == (True, False)
    assert ice.has_proved(HERE)
    assert not ice.has_proved(THERE)
    assert ice.nominated is None


def test_a_check_over_ipv6_is_answered() -> None:
    source = ("2001:db8::7", 4000)
    request = check()
    _, address = mapped(answer(agent(), request, source).reply)
    assert address == stun.xor_address(source, request[8:20])


def test_checks_before_the_answer_need_only_our_own_credentials() -> None:
    ice = agent(replace(OURS, their_ufrag=""))
    assert answer(ice, nominate(theirs="them")).nominated
    ice.configure(OURS)
    assert ice.nominated == HERE


def test_the_answer_of_one_of_several_takes_away_what_the_others_proved() -> None:
    ice = agent(replace(OURS, their_ufrag=""))
    answer(ice, nominate(theirs="them"), THERE)
    assert answer(ice, nominate(theirs="else")).nominated
    ice.configure(OURS)
    assert ice.nominated is None
    assert (ice.has_proved(HERE), ice.has_proved(THERE)) == (False, True)
    assert ice.receive(nominate(theirs="else"), HERE, 0.0) is None


def test_the_newest_nomination_counts() -> None:
    ice = agent()
    assert answer(ice, nominate()).nominated
    assert not answer(ice, nominate()).nominated
    assert not answer(ice, check(), THERE).nominated
    assert ice.nominated == HERE
    assert answer(ice, nominate(), THERE).nominated
    assert ice.nominated == THERE
    assert ice.has_proved(HERE)


@pytest.mark.parametrize(
    "datagram",
    [
        check(password="a-password-of-24-Letters"),
        check(Ice("else", OURS.pwd, "them")),
        check(theirs="else"),
        stun.build(stun.BINDING_REQUEST, os.urandom(12), [(stun.USERNAME, b"ours:them")], None),
        stun.build(stun.BINDING_REQUEST, os.urandom(12), [(stun.USERNAME, b"ours")], OURS.pwd),
        stun.build(stun.BINDING_REQUEST, os.urandom(12), [(stun.USERNAME, b"\xff:t")], OURS.pwd),
        stun.build(stun.BINDING_REQUEST, os.urandom(12), [], OURS.pwd),
        stun.build(stun.BINDING_RESPONSE, os.urandom(12), [], OURS.pwd),
        stun.build(0x0011, os.urandom(12), [(stun.USERNAME, b"ours:them")], OURS.pwd),
        b"",
        os.urandom(100),
    ],
    ids=[
        *("wrong password", "not our name", "not the far end's name", "no integrity"),
        *("no colon", "no ASCII", "no name", "a response", "an indication", "nothing", "noise"),
    ],
)
def test_what_proves_nothing_is_not_answered(datagram: bytes) -> None:
    ice = agent()
    assert ice.receive(datagram, HERE, 0.0) is None
    assert not ice.has_proved(HERE)


def test_two_that_believe_to_be_controlled_are_in_conflict() -> None:
    ice = agent()
    answered = answer(ice, check(role=CONTROLLED))
    message, _ = mapped(answered.reply)
    assert message.kind == stun.BINDING_ERROR
    assert message.value(stun.ERROR_CODE) == stun.error_value(487, "Role Conflict")
    assert not answered.proved
    assert not ice.has_proved(HERE)


def test_an_unknown_attribute_that_must_be_understood_is_an_error() -> None:
    answered = answer(agent(), check(OURS, (0x7FFF, b"new"), (0xC057, b"\0\0\0\1")))
    message, _ = mapped(answered.reply)
    assert message.kind == stun.BINDING_ERROR
    assert message.value(stun.ERROR_CODE) == stun.error_value(420, "Unknown Attribute")
    assert message.value(stun.UNKNOWN_ATTRIBUTES) == b"\x7f\xff"
    assert not answered.proved


def test_a_flood_of_addresses_pushes_the_nominated_one_not_out() -> None:
    ice = agent()
    answer(ice, nominate())
    for port in range(1, 2 * SOURCES):
        answer(ice, check(), ("192.0.2.9", port))
    assert ice.has_proved(HERE)
    assert sum(ice.has_proved(("192.0.2.9", port)) for port in range(1, 2 * SOURCES)) == SOURCES - 1


# ---- consent ----


def test_consent_is_lost_without_checks_and_comes_back_with_a_nomination() -> None:
    ice = agent()
    ice.receive(nominate(), HERE, 100.0)
    ice.receive(check(), HERE, 110.0)
    ice.receive(check(), THERE, 130.0)
    assert not ice.lose_consent(110.0 + CONSENT - 0.1, 0.0)
    assert ice.lose_consent(110.0 + CONSENT, 0.0)
    assert ice.nominated is None
    assert not ice.lose_consent(200.0, 0.0)
    answered = ice.receive(nominate(), HERE, 201.0)
    assert answered is not None
    assert answered.nominated
    assert not ice.lose_consent(202.0, 0.0)


def test_without_a_nomination_there_is_no_consent_to_lose() -> None:
    ice = agent()
    ice.receive(check(), HERE, 0.0)
    assert not ice.lose_consent(1000.0, 0.0)


def test_who_has_asked_again_must_go_on_asking() -> None:
    ice = agent()
    ice.receive(nominate(), HERE, 0.0)
    ice.receive(check(), HERE, ASKS_AGAIN)
    ice.receive(indication(), HERE, 20.0)
    assert ice.lose_consent(ASKS_AGAIN + CONSENT, heard_at=ASKS_AGAIN + CONSENT)


def test_who_never_asked_again_shows_by_media_or_indications_that_he_is_there() -> None:
    ice = agent()
    ice.receive(nominate(), HERE, 0.0)
    ice.receive(check(), HERE, ASKS_AGAIN - 0.1)
    assert not ice.lose_consent(100.0, heard_at=80.0)
    ice.receive(indication(), HERE, 100.0)
    ice.receive(indication(), THERE, 120.0)
    assert not ice.lose_consent(129.9, heard_at=80.0)
    assert ice.lose_consent(130.0, heard_at=80.0)


# ---- ICE restart ----


def test_a_restart_takes_both_credentials_until_the_new_ones_nominate() -> None:
    ice = agent()
    answer(ice, nominate())
    ice.configure(RESTARTED)
    assert ice.nominated == HERE
    assert answer(ice, check()).proved
    assert answer(ice, check(RESTARTED), THERE).proved
    assert ice.nominated == HERE
    assert answer(ice, nominate(RESTARTED), THERE).nominated
    assert ice.nominated == THERE
    assert ice.receive(check(), HERE, 0.0) is None
    assert ice.has_proved(HERE)


def test_a_restart_that_stays_at_the_same_address_moves_nothing() -> None:
    ice = agent()
    answer(ice, nominate())
    ice.configure(RESTARTED)
    assert not answer(ice, nominate(RESTARTED)).nominated
    assert ice.nominated == HERE


def test_a_restart_that_is_taken_back_leaves_everything_as_it_was() -> None:
    ice = agent()
    answer(ice, nominate())
    ice.configure(RESTARTED)
    ice.configure(OURS)
    assert answer(ice, check()).proved
    assert ice.receive(check(RESTARTED), HERE, 0.0) is None


def test_a_second_restart_in_time_keeps_what_is_in_use() -> None:
    ice = agent()
    answer(ice, nominate())
    ice.configure(RESTARTED)
    third = Ice("last", "a-third-password-of-ours", "")
    ice.configure(third)
    assert answer(ice, check()).proved
    assert ice.receive(check(RESTARTED), HERE, 0.0) is None
    assert answer(ice, nominate(third, theirs="any"), THERE).nominated
