"""Session timers: who refreshes, when, and what happens when nobody does (RFC 4028)."""

from __future__ import annotations

import pytest

from softswitch.sip.dialog.session_timer import is_too_short, settled
from softswitch.sip.element import SessionTerms
from softswitch.sip.message.headers import SessionExpires
from softswitch.sip.message.message import Request, parse_message
from tests.sip.network import Party, World, two

OURS = SessionTerms(1800, 90)
TIMERS = {"extensions": ("timer",), "session": OURS}

# RFC 4028 section 9, table 2, with the choices that it leaves to the called side: Supported and
# Session-Expires of the request, our Session-Expires, and whether we require `timer`.
TABLE_2 = [
    ("", None, "1800;refresher=uas", False),
    ("", "600", "600;refresher=uas", False),
    ("", "600;refresher=uac", "600;refresher=uas", False),
    ("timer", None, "1800;refresher=uas", False),
    ("timer", "600", "600;refresher=uas", False),
    ("timer", "600;refresher=uac", "600;refresher=uac", True),
    ("timer", "600;refresher=uas", "600;refresher=uas", False),
    # It may be made shorter, never longer; a peer that knows no 422 gets what we agree to.
    ("timer", "86400;refresher=uac", "1800;refresher=uac", True),
    ("", "30", "90;refresher=uas", False),
]


def invite(supported: str = "", expires: str | None = None, least: str | None = None) -> Request:
    headers = [("Supported", supported)] if supported else []
    headers += [("Session-Expires", expires)] if expires else []
    headers += [("Min-SE", least)] if least else []
    return Request("INVITE", "sip:bob@example.com", headers)


@pytest.mark.parametrize(("supported", "asked", "said", "requires"), TABLE_2)
def test_what_is_settled(supported: str, asked: str | None, said: str, requires: bool) -> None:
    agreed = settled(invite(supported, asked), OURS)
    assert str(agreed) == said
    assert (agreed is not None and agreed.refresher == "uac") == requires


def test_without_a_wish_of_ours_only_the_peer_s_counts() -> None:
    none = SessionTerms(0, 90)
    assert settled(invite("timer"), none) is None
    assert settled(invite("timer", "7200;refresher=uac"), none) == SessionExpires(7200, "uac")


def test_the_caller_s_least_is_kept() -> None:
    assert settled(invite("timer", "7200", "3600"), OURS) == SessionExpires(3600, "uas")
    assert settled(invite("timer", None, "3600"), OURS) == SessionExpires(3600, "uas")


def test_what_the_peer_once_wanted_at_least_goes_for_later_requests() -> None:
    """RFC 4028 section 7.4: after its 422, and after a Min-SE in a request of its own."""
    assert settled(invite("timer", "7200"), OURS, 3600) == SessionExpires(3600, "uas")
    w = two(**TIMERS)
    a, b = talking(w)
    a.usage.session._note(3600)
    a.offer(b"hold")
    w.clock.run(w.clock.now + 0.1)
    b.answer_reoffer(b"held")
    w.clock.run(w.clock.now + 0.1)
    b.offer(b"back")
    w.clock.run(w.clock.now + 0.1)
    assert value(b, "INVITE", "Min-SE") == "3600"
    assert value(b, "INVITE", "Session-Expires") == "3600;refresher=uac"


@pytest.mark.parametrize(
    ("supported", "expires", "short"),
    [("timer", "89", True), ("timer", "90", False), ("", "1", False), ("timer", None, False)],
)
def test_what_is_too_short(supported: str, expires: str | None, short: bool) -> None:
    assert is_too_short(invite(supported, expires), OURS) == short


# ------------------------------------------------------------------------- two phones


def last(party: Party, start: str) -> str:
    """The last message of a host that begins so, as text."""
    return next(
        data.decode() for data in reversed(party.host.sends) if data.startswith(start.encode())
    )


def value(party: Party, start: str, name: str) -> str | None:
    return parse_message(last(party, start).encode()).headers.get(name)


def talking(world: World, **more: object) -> tuple[Party, Party]:
    a = world.alice.call(world.bob, **more)
    world.clock.run(0.02)
    b = world.bob.take_call()
    b.accept()
    world.clock.run(0.06)
    a.acknowledge()
    world.clock.run(1)
    a.told(), b.told(), world.network.take()
    return a, b


def test_the_called_side_refreshes_by_update_at_half_time_and_the_call_lives() -> None:
    w = two(**TIMERS)
    a, b = talking(w)
    assert value(a, "INVITE", "Session-Expires") == "1800"
    assert value(b, "SIP/2.0 200", "Session-Expires") == "1800;refresher=uas"
    w.clock.run(7200)
    assert a.names == b.names == []
    assert set(w.network.log) == {"bob>alice UPDATE", "alice>bob 200 UPDATE"}
    first, second = w.network.sent("UPDATE")[::2][:2]
    assert (round(first), round(second - first)) == (900, 900)
    assert value(b, "UPDATE", "Session-Expires") == "1800;refresher=uac"
    assert value(a, "SIP/2.0 200 OK\r\nVia", "Session-Expires") == "1800;refresher=uac"
    b.hangup()
    w.clock.run(7300)
    assert (w.alice.alive, w.bob.alive) == (0, 0)


def test_a_peer_that_is_gone_ends_the_call_on_both_sides() -> None:
    w = two(**TIMERS)
    a, b = talking(w)
    w.network.lose = lambda line: True
    w.clock.run(931)
    assert b.names == ["Ended timeout of UPDATE"] or w.clock.now < 933
    w.clock.run(1767)
    assert a.names == []
    w.clock.run(1769)
    assert a.names == ["Ended session expired"]
    w.clock.run(1900)
    assert (w.alice.alive, w.bob.alive) == (0, 0)


def test_a_short_session_ends_a_third_before_its_end() -> None:
    w = two(extensions=("timer",), session=SessionTerms(90, 90))
    a, b = talking(w)
    w.network.lose = lambda line: "UPDATE" in line
    w.clock.run(59)
    assert a.names == []
    w.clock.run(62)
    assert a.names == b.names == ["Ended session expired"]


def test_a_peer_without_timers_is_asked_by_us_with_the_description_that_stands() -> None:
    w = two()
    w.alice.endpoint.session = OURS
    a, b = talking(w)
    w.bob.endpoint.allow = ("Allow", "INVITE, ACK, BYE, CANCEL")
    a.usage.takes_update = False
    w.clock.run(899)
    assert w.network.log == []
    w.clock.run(901)
    assert w.network.log[0] == "alice>bob INVITE +sdp"
    assert b.names[0] == "Reoffered offer"
    b.answer_reoffer(b"answer")
    w.clock.run(902)
    assert a.names == ["Redescribed answer"]
    assert w.network.log[-1] == "alice>bob ACK"


def test_an_offer_of_ours_waits_for_the_end_of_a_refresh() -> None:
    w = two()
    w.alice.endpoint.session = OURS
    a, b = talking(w)
    a.usage.takes_update = False
    w.clock.run(900.5)
    a.offer(b"hold")
    assert a.usage.is_offering
    b.answer_reoffer(b"answer")
    w.clock.run(900.55)
    assert b.names[-1] == "Reoffered hold"
    b.answer_reoffer(b"held")
    w.clock.run(901)
    assert a.names == ["Redescribed answer", "Reinvited 200 held"]
    assert not a.usage.is_offering


def test_an_offer_that_waits_can_be_withdrawn() -> None:
    w = two()
    w.alice.endpoint.session = OURS
    a, b = talking(w)
    a.usage.takes_update = False
    w.clock.run(900.5)
    a.offer(b"hold")
    a.do(a.usage.withdraw_offer)
    b.answer_reoffer(b"answer")
    w.clock.run(901)
    assert a.names == ["Reinvited 487", "Redescribed answer"]
    assert b.names[0] == "Reoffered offer"


def test_a_refused_update_falls_back_to_a_re_invite() -> None:
    w = two(**TIMERS)
    a, _ = talking(w)
    from softswitch.sip.dialog import invite_requests  # noqa: PLC0415 - only for this test

    update = invite_requests._HANDLERS.pop("UPDATE")
    try:
        w.clock.run(901)
    finally:
        invite_requests._HANDLERS["UPDATE"] = update
    assert "alice>bob 405 UPDATE" in w.network.log
    assert "bob>alice INVITE +sdp" in w.network.log
    assert a.names == ["Reoffered answer"]


def test_a_422_is_answered_with_what_the_peer_wants() -> None:
    w = two(**TIMERS)
    w.bob.endpoint.session = SessionTerms(3600, 3600)
    a = w.alice.call(w.bob)
    w.clock.run(0.05)
    assert w.network.log[:2] == ["alice>bob INVITE +sdp", "bob>alice 422 INVITE"]
    b = w.bob.take_call()
    assert value(a, "INVITE", "Session-Expires") == "3600"
    assert value(a, "INVITE", "Min-SE") == "3600"
    assert value(a, "INVITE", "CSeq") == "2 INVITE"
    b.accept()
    w.clock.run(0.1)
    assert a.names == ["Answered answer"]


def test_a_422_that_asks_for_ever_more_is_a_refusal_in_the_end() -> None:
    w = two(**TIMERS)
    a = w.alice.call(w.bob)
    for least in range(2000, 8000, 1000):
        w.bob.endpoint.session = SessionTerms(0, least)
        w.clock.run(w.clock.now + 0.02)
    assert len(w.network.sent("422 INVITE")) == 4
    assert a.names == ["Failed 422 Session Interval Too Small"]
    assert w.bob.new == []


def test_a_session_interval_of_one_second_is_refused() -> None:
    w = two(**TIMERS)
    w.alice.endpoint.session = SessionTerms(1, 1)
    a = w.alice.call(w.bob)
    w.clock.run(0.02)
    assert w.network.log[1] == "bob>alice 422 INVITE"
    assert value(Party(w.bob, None, []), "SIP/2.0 422", "Min-SE") == "90"
    w.clock.run(0.04)
    assert value(a, "INVITE", "Session-Expires") == "90"


def test_a_re_invite_carries_the_timer_along_whoever_sends_it() -> None:
    w = two(**TIMERS)
    a, b = talking(w)
    w.clock.run(300)
    a.offer(b"hold")
    w.clock.run(300.1)
    assert value(a, "INVITE", "Session-Expires") == "1800;refresher=uas"
    b.answer_reoffer(b"held")
    w.clock.run(301)
    assert value(b, "SIP/2.0 200", "Session-Expires") == "1800;refresher=uas"
    w.network.take()
    w.clock.run(1199)
    assert w.network.log == []
    w.clock.run(1201)
    assert w.network.log[0] == "bob>alice UPDATE"


@pytest.mark.parametrize("value_", ["soon", "90, 80", ""])
def test_a_session_interval_that_cannot_be_read_is_refused(value_: str) -> None:
    w = two(**TIMERS)
    w.alice.call(w.bob, headers=[("Session-Expires", value_)])
    w.clock.run(0.1)
    assert "bob>alice 400 INVITE" in w.network.log
    assert w.bob.alive == 0


def test_the_inside_line_has_no_timer() -> None:
    w = two(**TIMERS)
    from softswitch.sip.effects import INSIDE_LINE  # noqa: PLC0415 - only for this test

    assert w.alice.endpoint.session_terms(INSIDE_LINE).expires == 0


def test_a_refresh_after_glare_carries_the_hold_that_came_between() -> None:
    """The refresh of the side that waits longer comes after the other's offer."""
    w = two()
    w.alice.endpoint.session = OURS
    a, b = talking(w)
    a.usage.takes_update = False
    w.clock.run(900.035)
    b.offer(b"hold")
    w.clock.run(900.1)
    assert "alice>bob 491 INVITE" in w.network.log or "bob>alice 491 INVITE" in w.network.log
    w.clock.run(901.5)
    for party, sdp in ((a, b"held"), (b, b"held")):
        if party.usage.reoffer is not None:
            party.answer_reoffer(sdp)
    w.clock.run(910)
    for party, sdp in ((a, b"held"), (b, b"hold")):
        if party.usage.reoffer is not None:
            party.answer_reoffer(sdp)
    w.clock.run(920)
    assert a.usage.described_as == b"held"
    bodies = [parse_message(data).body for data in w.alice.sends if data.startswith(b"INVITE")]
    assert bodies[-1] == b"held"


def test_an_interval_of_one_second_in_a_2xx_is_not_followed() -> None:
    w = two(**TIMERS)
    a = w.alice.call(w.bob)
    w.clock.run(0.02)
    b = w.bob.take_call()
    b.usage.session.terms = SessionTerms(0, 0)
    b.do(b.usage.accept, b"answer", [("Session-Expires", "1;refresher=uac")])
    w.clock.run(0.06)
    a.acknowledge()
    w.clock.run(40)
    assert w.network.sent("UPDATE") == []
    w.clock.run(50)
    assert len(w.network.sent("alice>bob UPDATE")) == 1


def test_an_update_by_another_way_moves_our_requests_there() -> None:
    w = two(**TIMERS)
    a, b = talking(w)
    other = w.network.host("elsewhere", "10.0.0.1:b")
    w.network.hosts[("10.0.0.1", 6060)] = w.network.hosts.pop(other.address)
    update = a.usage.dialog.next_request("UPDATE", [("Contact", "<sip:alice@192.168.0.5:5060>")])
    update.headers.prepend("Via", "SIP/2.0/UDP 10.0.0.1:6060;branch=z9hG4bKm;rport")
    moved = a.usage.dialog.flow._replace(local=b.host.address, remote=("10.0.0.1", 6060))
    b.host.receive(update.to_bytes(), moved)
    assert b.usage.dialog.flow.remote == ("10.0.0.1", 6060)
