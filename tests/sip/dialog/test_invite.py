"""Calls that do not go smoothly: CANCEL, BYE and their races, lost messages, forks, glare."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from softswitch.sip.dialog.invite_state import UsageError
from softswitch.sip.effects import Flow
from softswitch.sip.events import RequestReceived, Responded
from softswitch.sip.message.body import KEY_INFO
from softswitch.sip.message.message import Request, response_to
from softswitch.sip.transaction.invite_client import cancel_of
from tests.sip.network import Host, Network, Party, Proxy, World, two, world


def ringing(world: World, sdp: bytes | None = b"offer") -> tuple[Party, Party]:
    """Let bob's phone ring; the time is 0.04 s then."""
    a = world.alice.call(world.bob, sdp)
    world.clock.run(0.02)
    b = world.bob.take_call()
    b.progress(180)
    world.clock.run(0.04)
    return a, b


def talking(world: World) -> tuple[Party, Party]:
    """Let them talk; the time is 1 s then, and what happened is forgotten."""
    a, b = ringing(world)
    b.accept()
    world.clock.run(0.06)
    a.acknowledge()
    world.clock.run(1)
    a.told(), b.told(), world.network.take()
    return a, b


def lose_first(network: Network, part: str, count: int = 1) -> None:
    """Lose the first so many messages whose line contains `part`."""
    left = [count]

    def lose(line: str) -> bool:
        if part in line and left[0] > 0:
            left[0] -= 1
            return True
        return False

    network.lose = lose


def all_gone(world: World) -> None:
    """Nothing may be left once every timer has fired."""
    clock, _, alice, bob = world
    clock.run(clock.now + 300)
    assert alice.counts() == bob.counts()
    assert (alice.alive, bob.alive) == (0, 0)


# ------------------------------------------------------------------------- lost messages


def test_a_200_is_repeated_from_T1_to_T2_until_its_ack_comes() -> None:
    w = two()
    a, b = ringing(w)
    w.network.lose = lambda line: "ACK" in line and w.clock.now < 15
    start = w.clock.now
    b.accept()
    w.clock.run(w.clock.now + 0.02)
    a.acknowledge()
    w.clock.run(100)
    times = [round(time - start, 3) for time in w.network.sent("200 INVITE")]
    assert times == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5]
    assert b.names == ["Acknowledged"]
    assert len(w.network.sent("alice>bob ACK")) == len(times)


def test_a_200_without_any_ack_ends_in_a_bye_after_64_T1() -> None:
    w = two()
    a, b = ringing(w)
    w.network.lose = lambda line: "ACK" in line
    start = w.clock.now
    b.accept()
    w.clock.run(w.clock.now + 0.02)
    a.acknowledge()
    w.clock.run(start + 31.9)
    assert b.names == []
    w.clock.run(start + 32.1)
    assert b.names == ["Ended no ACK"]
    assert w.network.log[-2:] == ["bob>alice BYE", "alice>bob 200 BYE"]
    assert a.names == ["Ringing 180", "Answered answer", "Ended BYE"]
    all_gone(w)


def test_a_lost_100_and_180_cost_only_repeats() -> None:
    w = two()
    w.network.lose = lambda line: "bob>alice 1" in line and w.clock.now < 0.4
    a, b = ringing(w)
    w.clock.run(1)
    assert a.names == ["Ringing 180"]
    assert w.network.sent("INVITE +sdp") == [0, 0.5]
    assert w.bob.new == []
    b.reject(486)
    all_gone(w)


def test_every_message_is_lost_twice_and_the_call_still_stands() -> None:
    w = two()
    seen: dict[str, int] = {}

    def lose(line: str) -> bool:
        seen[line] = seen.get(line, 0) + 1
        return seen[line] <= 2

    w.network.lose = lose
    a = w.alice.call(w.bob)
    w.clock.run(10)
    b = w.bob.take_call()
    b.accept()
    w.clock.run(20)
    a.acknowledge()
    w.clock.run(40)
    b.hangup()
    all_gone(w)
    assert (a.names, b.names) == (["Answered answer", "Ended BYE"], ["Acknowledged"])


def test_a_180_that_is_overtaken_by_the_200_means_nothing() -> None:
    w = two()
    w.network.delay = lambda line: 0.3 if "180" in line else 0.01
    a = w.alice.call(w.bob)
    w.clock.run(0.02)
    b = w.bob.take_call()
    b.progress(180)
    b.accept()
    w.clock.run(0.05)
    a.acknowledge()
    w.clock.run(1)
    assert (a.names, b.names) == (["Answered answer"], ["Acknowledged"])


def test_a_bye_over_a_dead_wire_is_repeated_and_forgotten() -> None:
    w = two()
    a, b = talking(w)
    w.network.lose = lambda line: True
    a.hangup()
    w.clock.run(40)
    assert len(w.network.sent("BYE")) == 11
    assert w.alice.alive == 0
    b.hangup()
    all_gone(w)


# ------------------------------------------------------------------------- CANCEL


def test_a_cancel_waits_for_the_first_provisional_response() -> None:
    w = two()
    lose_first(w.network, "INVITE")
    a = w.alice.call(w.bob)
    a.hangup()
    w.clock.run(0.4)
    assert w.network.sent("CANCEL") == []
    w.clock.run(0.6)
    b = w.bob.take_call()
    assert w.network.sent("CANCEL") == []
    w.clock.run(0.7)
    assert w.network.sent("alice>bob CANCEL") == [0.61]
    all_gone(w)
    assert (a.names, b.names) == ([], ["Ended CANCEL"])


def test_a_cancelled_invite_that_nobody_answers_is_dead_after_64_T1() -> None:
    w = two()
    a, b = ringing(w)
    w.network.lose = lambda line: "487" in line or "CANCEL" in line
    a.hangup()
    w.clock.run(31)
    assert w.alice.alive > 0
    w.clock.run(33)
    assert w.alice.alive == 0
    assert a.names == ["Ringing 180"]
    b.reject(480)
    all_gone(w)


def test_a_200_that_crosses_the_cancel_is_acknowledged_and_said_goodbye() -> None:
    w = two()
    a, b = ringing(w)
    b.accept()
    a.hangup(("Reason", "Q.850;cause=16"))
    w.clock.run(1)
    assert a.names == ["Ringing 180"]
    assert b.names == ["Acknowledged", "Ended BYE"]
    assert [line for line in w.network.log if "alice>" in line][-3:] == [
        "alice>bob CANCEL",
        "alice>bob ACK",
        "alice>bob BYE",
    ]
    assert "bob>alice 200 CANCEL" in w.network.log
    assert not w.network.sent("487")
    all_gone(w)


def test_a_cancel_for_nothing_is_refused() -> None:
    w = two()
    a, _ = ringing(w)
    stray = cancel_of(a.usage.transaction.request)
    stray.headers.set("Via", "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKother")
    w.network.send(stray.to_bytes(), w.alice.flow_to(w.bob))
    w.clock.run(0.1)
    assert w.network.log[-1] == "bob>alice 481 CANCEL"


def test_a_cancel_of_an_invite_that_has_no_leg_is_answered_all_the_same() -> None:
    w = two()
    a = w.alice.call(w.bob)
    w.clock.run(0.02)
    new = w.bob.new.pop()
    _, effects = w.bob.endpoint.accept(new.request, new.flow)
    w.bob.perform(effects)
    w.clock.run(0.04)
    a.hangup()
    all_gone(w)
    assert w.network.log[-3:] == ["bob>alice 200 CANCEL", "bob>alice 487 INVITE", "alice>bob ACK"]


# ------------------------------------------------------------------------- BYE


def test_both_sides_hang_up_at_once() -> None:
    w = two()
    a, b = talking(w)
    a.hangup()
    b.hangup()
    all_gone(w)
    assert sorted(w.network.log) == sorted(
        ["alice>bob BYE", "bob>alice BYE", "bob>alice 200 BYE", "alice>bob 200 BYE"]
    )
    assert (a.names, b.names) == ([], [])


def test_a_callee_that_hangs_up_before_the_ack_says_so_after_it() -> None:
    w = two()
    a, b = ringing(w)
    b.accept()
    b.hangup(("Reason", "Q.850;cause=16"))
    w.clock.run(0.3)
    assert not w.network.sent("BYE")
    a.acknowledge()
    w.clock.run(0.4)
    assert a.names == ["Ringing 180", "Answered answer", "Ended BYE"]
    assert b.names == []
    all_gone(w)


def test_a_callee_that_hangs_up_and_never_sees_an_ack_says_so_in_the_end() -> None:
    w = two()
    _, b = ringing(w)
    b.accept()
    b.hangup()
    w.clock.run(31)
    assert not w.network.sent("BYE")
    w.clock.run(33)
    assert w.network.sent("bob>alice BYE")
    assert len(w.network.sent("200 INVITE")) == 11
    all_gone(w)


def test_a_caller_may_say_goodbye_in_the_early_dialog() -> None:
    w = two()
    a, b = ringing(w)
    early = a.usage.early["bob2"]
    bye = early.next_request("BYE")
    a.host.ask(bye, early.flow, None)
    w.clock.run(0.1)
    assert b.names == ["Ended BYE"]
    assert a.names == ["Ringing 180", "Failed 487 Request Terminated"]
    all_gone(w)


def test_a_second_bye_finds_no_dialog() -> None:
    w = two()
    a, b = talking(w)
    dialog = a.usage.dialog
    a.hangup()
    w.clock.run(2)
    w.alice.ask(dialog.next_request("BYE"), dialog.flow, None)
    all_gone(w)
    assert w.network.log == [
        "alice>bob BYE",
        "bob>alice 200 BYE",
        "alice>bob BYE",
        "bob>alice 481 BYE",
    ]
    assert b.names == ["Ended BYE"]


def test_hanging_up_answers_whatever_the_peer_waits_for() -> None:
    w = two(methods=("INVITE", "BYE", "REFER"))
    a, b = talking(w)
    b.usage.wants = frozenset(["REFER"])
    answers: list[object] = []
    a.do(a.usage.ask, "REFER", [("Refer-To", "<sip:c@example.com>")], b"", answers.append)
    a.offer(b"new")
    w.clock.run(1.1)
    assert isinstance(b.told()[0], RequestReceived)
    b.hangup()
    all_gone(w)
    assert [answer.response.status for answer in answers if isinstance(answer, Responded)] == [487]
    assert a.names == ["Reinvited 487", "Ended BYE"]
    assert "bob>alice 487 INVITE" in w.network.log


# ------------------------------------------------------------------------- forks


def forked() -> tuple[World, Host, Party, Party, Party]:
    """Two phones behind a proxy, both ringing."""
    w = two()
    carol = w.network.host("carol", "10.0.0.5")
    proxy = Proxy(w.network, "proxy", "10.0.0.3", w.bob, carol)
    a = w.alice.call(proxy)
    w.clock.run(0.05)
    b, c = w.bob.take_call(), carol.take_call()
    b.progress(180)
    c.progress(183, b"early")
    w.clock.run(0.1)
    return w, carol, a, b, c


def test_early_dialogs_of_several_phones_are_kept_apart() -> None:
    _, _, a, b, c = forked()
    first, second = a.told()
    assert {first.to_tag, second.to_tag} == set(a.usage.early)
    assert {first.status, second.status} == {180, 183}
    assert second.sdp == b"early"
    assert b.usage.dialog.id[0] == c.usage.dialog.id[0]


def test_the_second_phone_that_answers_gets_ack_and_bye() -> None:
    w, carol, a, b, c = forked()
    clock = w[0]
    b.accept()
    clock.run(0.15)
    a.acknowledge()
    c.accept(b"late")
    clock.run(0.3)
    assert a.names[-1] == "Answered answer"
    assert b.names == ["Acknowledged"]
    assert c.names == ["Acknowledged", "Ended BYE"]
    assert a.usage.phase == "CONFIRMED"
    a.hangup()
    all_gone(w)
    assert carol.alive == 0


def test_a_repeated_200_of_a_loser_is_acknowledged_again_but_gets_one_bye() -> None:
    w, carol, a, b, c = forked()
    b.accept()
    w.clock.run(0.15)
    a.acknowledge()
    w.network.take()
    c.accept(b"late")
    w.network.lose = lambda line: (
        line in ("proxy>carol ACK", "alice>proxy BYE") and w.clock.now < 0.6
    )
    w.clock.run(5)
    assert len(w.network.sent("proxy>carol ACK")) == 2
    assert c.names[-1] == "Ended BYE"
    a.hangup()
    all_gone(w)
    assert carol.alive == 0


# ------------------------------------------------------------------------- re-INVITE


def test_a_refused_re_invite_leaves_everything_as_it_was() -> None:
    w = two()
    a, b = talking(w)
    a.offer(b"video")
    w.clock.run(1.1)
    assert b.names == ["Reoffered video"]
    b.do(b.usage.refuse_reoffer, 488, ())
    w.clock.run(1.2)
    assert a.names == ["Reinvited 488"]
    assert (a.usage.phase, b.usage.phase) == ("CONFIRMED", "CONFIRMED")
    a.offer(b"again")
    w.clock.run(1.3)
    b.answer_reoffer(b"yes")
    w.clock.run(1.4)
    assert a.names == ["Reinvited 200 yes"]


def picks(*numbers: int) -> tuple[Callable[[int, int], int], list[tuple[int, int]]]:
    """A source of chosen numbers, and the ranges that it was asked for."""
    asked: list[tuple[int, int]] = []
    left = list(numbers)

    def pick(low: int, high: int) -> int:
        asked.append((low, high))
        number = left.pop(0)
        assert low <= number <= high
        return number

    return pick, asked


def test_glare_is_waited_out_in_both_windows() -> None:
    clock, network = world()
    pick_a, asked_a = picks(377)
    pick_b, asked_b = picks(123)
    alice = network.host("alice", "10.0.0.1", pick=pick_a)
    bob = network.host("bob", "10.0.0.2", pick=pick_b)
    w = World(clock, network, alice, bob)
    a, b = talking(w)
    a.offer(b"a")
    b.offer(b"b")
    clock.run(1.1)
    assert network.sent("491") == [1.01, 1.01]
    assert (asked_a, asked_b) == ([(210, 400)], [(0, 200)])
    network.take()
    clock.run(2.3)
    assert network.sent("bob>alice INVITE") == [2.25]
    assert a.names == ["Reoffered b"]
    a.answer_reoffer(b"fine")
    clock.run(4.7)
    assert network.sent("alice>bob INVITE") == []
    clock.run(4.85)
    assert network.sent("alice>bob INVITE") == [4.79]
    b.answer_reoffer(b"fine, too")
    clock.run(5)
    assert "Reinvited 200 fine" in b.names
    assert a.names[-1] == "Reinvited 200 fine, too"


def test_a_re_invite_before_the_first_is_answered_is_put_off() -> None:
    w = two()
    a, b = talking(w)
    a.offer(b"one")
    w.clock.run(1.05)
    second = a.usage.dialog.next_request("INVITE", [("Contact", a.usage.contact)], b"two")
    answers: list[object] = []

    class User:
        def receive_response(self, transaction: object, response: object, out: object) -> None:
            answers.append(response)

    w.alice.ask(second, a.usage.dialog.flow, User())
    w.clock.run(1.1)
    final = answers[-1]
    assert final.status == 500  # type: ignore[attr-defined]
    assert 0 <= int(final.headers.get("Retry-After")) <= 10  # type: ignore[attr-defined]
    assert b.names == ["Reoffered one"]


def test_the_offer_may_come_late_both_ways() -> None:
    w = two()
    a, b = ringing(w, sdp=None)
    b.accept(b"offer of b")
    w.clock.run(0.1)
    assert a.names == ["Ringing 180", "Answered offer of b"]
    a.acknowledge(b"answer of a")
    w.clock.run(0.2)
    assert b.names == ["Acknowledged answer of a"]
    b.offer(None)
    w.clock.run(0.3)
    assert a.names == ["Reoffered"]
    a.answer_reoffer(b"offer of a")
    w.clock.run(0.4)
    assert b.names == ["Reinvited 200 offer of a"]
    assert "bob>alice ACK" not in w.network.log
    b.acknowledge(b"answer of b")
    w.clock.run(0.5)
    assert a.names == ["Acknowledged answer of b"]
    a.hangup()
    all_gone(w)


def test_a_re_invite_that_crosses_a_late_offer_waits() -> None:
    w = two()
    a, b = ringing(w, sdp=None)
    b.accept(b"offer of b")
    w.clock.run(0.1)
    request = a.usage.dialog.next_request("INVITE", [("Contact", a.usage.contact)], b"other")
    w.alice.ask(request, a.usage.dialog.flow, None)
    w.clock.run(0.2)
    assert "bob>alice 491 INVITE" in w.network.log


def test_a_re_invite_proves_that_the_200_arrived_though_its_ack_was_lost() -> None:
    w = two()
    a, b = ringing(w)
    lose_first(w.network, "ACK")
    b.accept()
    w.clock.run(0.1)
    a.acknowledge()
    a.offer(b"hold")
    w.clock.run(0.2)
    assert b.names == ["Acknowledged", "Reoffered hold"]
    b.answer_reoffer(b"held")
    w.clock.run(3)
    assert len(w.network.sent("bob>alice 200 INVITE")) == 2
    a.hangup()
    all_gone(w)


def test_a_lost_ack_of_a_re_invite_is_sent_again() -> None:
    w = two()
    a, b = talking(w)
    lose_first(w.network, "ACK")
    a.offer(b"hold")
    w.clock.run(1.1)
    b.told()
    b.answer_reoffer(b"held")
    w.clock.run(3)
    assert len(w.network.sent("alice>bob ACK")) == 2
    assert b.names == ["Acknowledged"]
    a.hangup()
    all_gone(w)


@pytest.mark.parametrize("status", [408, 481])
def test_a_re_invite_to_a_dialog_that_the_peer_has_lost_ends_the_call(status: int) -> None:
    w = two()
    a, b = talking(w)
    a.offer(b"hold")
    w.clock.run(1.1)
    b.do(b.usage.refuse_reoffer, status, ())
    w.clock.run(1.2)
    assert a.names == [f"Reinvited {status}", f"Ended {status} to INVITE"]
    assert b.names[-1] == "Ended BYE"
    all_gone(w)


def test_a_re_invite_that_stays_unanswered_ends_the_call() -> None:
    w = two()
    a, b = talking(w)
    w.network.lose = lambda line: "bob>" in line
    assert b.usage.phase == "CONFIRMED"
    a.offer(b"hold")
    w.clock.run(40)
    assert a.names == ["Reinvited 408", "Ended timeout of INVITE"]
    all_gone(w)


def test_a_re_invite_that_is_only_ever_trying_is_cancelled() -> None:
    w = two()
    a, b = talking(w)
    a.offer(b"hold")
    w.clock.run(40)
    assert w.network.sent("CANCEL")[0] == 33
    assert a.names == ["Reinvited 487"]
    assert b.answer_reoffer(b"too late") is False
    assert a.usage.phase == "CONFIRMED"
    a.hangup()
    all_gone(w)


def test_a_bye_overtakes_the_answer_to_a_re_invite() -> None:
    w = two()
    a, b = talking(w)
    a.offer(b"hold")
    w.clock.run(1.1)
    w.network.delay = lambda line: 0.5 if "200 INVITE" in line else 0.01
    b.answer_reoffer(b"held")
    b.hangup()
    all_gone(w)
    assert a.names == ["Ended BYE"]
    assert "alice>bob ACK" in w.network.log


def test_what_a_phase_does_not_allow_is_a_mistake_of_ours() -> None:
    w = two()
    a, b = ringing(w)
    with pytest.raises(UsageError):
        a.do(a.usage.ask, "INFO", [], b"", lambda event: None)
    with pytest.raises(UsageError):
        a.offer(b"too early")
    b.accept()
    w.clock.run(1)
    a.acknowledge()
    a.offer(b"first")
    with pytest.raises(UsageError):
        a.offer(b"second")
    a.hangup()
    all_gone(w)


# ------------------------------------------------------------------------- other requests


def test_requests_inside_a_dialog() -> None:
    w = two()
    a, b = talking(w)
    answers: list[Responded] = []

    def ask(method: str, body: bytes = b"", *headers: tuple[str, str]) -> int:
        a.do(a.usage.ask, method, headers, body, answers.append)
        w.clock.run(w.clock.now + 0.1)
        return answers[-1].response.status

    assert ask("OPTIONS") == 200
    assert "INVITE" in (answers[-1].response.headers.get("Allow") or "")
    assert ask("INFO", b"5", ("Content-Type", "application/dtmf")) == 200
    assert ask("INFO") == 200
    assert ask("INFO", b"<x/>", ("Content-Type", "application/media_control+xml")) == 415
    assert answers[-1].response.headers.get("Accept") == ", ".join(KEY_INFO)
    assert ask("UPDATE", b"", ("Contact", "<sip:alice@10.0.0.1:5070>")) == 200
    assert b.usage.dialog.target == "sip:alice@10.0.0.1:5070"
    assert ask("REFER", b"", ("Refer-To", "<sip:c@example.com>")) == 405
    assert "REFER" not in (answers[-1].response.headers.get("Allow") or "REFER")
    assert b.names == ["InfoReceived", "InfoReceived"]
    assert ask("FROB") == 501
    assert ask("INFO", b"", ("Require", "frobnication")) == 420
    assert answers[-1].response.headers.get("Unsupported") == "frobnication"
    assert (a.usage.phase, b.usage.phase) == ("CONFIRMED", "CONFIRMED")
    assert ask("PRACK", b"", ("RAck", "1 1 INVITE")) == 481


def test_an_update_with_an_offer_is_answered_like_a_re_invite() -> None:
    w = two()
    a, b = talking(w)
    answers: list[Responded] = []
    headers = [("Contact", a.usage.contact), ("Content-Type", "application/sdp")]
    a.do(a.usage.ask, "UPDATE", headers, b"hold", answers.append)
    w.clock.run(1.1)
    assert b.names == ["Reoffered hold"]
    b.answer_reoffer(b"held")
    w.clock.run(1.2)
    assert (answers[0].response.status, answers[0].response.body) == (200, b"held")
    w.clock.run(60)
    assert (w.network.log, b.names) == (["alice>bob UPDATE +sdp", "bob>alice 200 UPDATE +sdp"], [])


def test_an_update_while_an_offer_is_open_is_put_off() -> None:
    w = two()
    a, b = talking(w)
    answers: list[Responded] = []
    b.offer(b"b")
    headers = [("Contact", a.usage.contact), ("Content-Type", "application/sdp")]
    a.do(a.usage.ask, "UPDATE", headers, b"a", answers.append)
    w.clock.run(1.1)
    assert answers[0].response.status == 491


def test_an_old_cseq_is_refused() -> None:
    w = two()
    a, b = talking(w)
    b.usage.dialog.remote_cseq = 1000
    answers: list[Responded] = []
    a.do(a.usage.ask, "INFO", [], b"", answers.append)
    w.clock.run(1.1)
    assert answers[0].response.status == 500
    assert w.bob.counts()["server_transactions"] == 1  # of the INVITE


@pytest.mark.parametrize("method", ["INFO", "OPTIONS", "INVITE"])
def test_a_question_to_a_dialog_that_the_peer_has_lost_ends_the_call(method: str) -> None:
    w = two()
    a, b = talking(w)
    w.bob.endpoint.dialogs.forget(b.usage.dialog)
    if method == "INVITE":
        a.offer(b"hold")
    else:
        a.do(a.usage.ask, method, [], b"", lambda event: None)
    w.clock.run(1.1)
    assert a.names[-1] == f"Ended 481 to {method}"
    all_gone(w)


@pytest.mark.parametrize("challenges", [(401,), (407, 401)])
def test_challenges_inside_a_dialog_are_answered(challenges: Sequence[int]) -> None:
    """A proxy and the peer each see the answer to their own one (RFC 3261 section 22.3)."""
    w = two()
    answers = {401: ("Authorization", "Digest x"), 407: ("Proxy-Authorization", "Digest y")}
    a = w.alice.call(w.bob, credentials=lambda request, response: [answers[response.status]])
    w.clock.run(0.02)
    b = w.bob.take_call()
    b.accept()
    w.clock.run(0.05)
    a.acknowledge()
    w.clock.run(0.1)
    w.network.take()

    def challenge(dialog: object, request: Request, flow: Flow, out: list[object]) -> None:
        for status in challenges:
            if answers[status][0] not in request.headers:
                response = response_to(request, status, to_tag=None)
                out += w.bob.endpoint.respond_statelessly(request, response, flow)
                return
        type(b.usage).receive_request(b.usage, dialog, request, flow, out)  # type: ignore

    class Challenging:
        receive_request = staticmethod(challenge)

    w.bob.endpoint.dialogs.add(b.usage.dialog, Challenging())
    a.hangup()
    w.clock.run(1)
    responses = [f"bob>alice {status} BYE" for status in (*challenges, 200)]
    assert w.network.log == [line for each in responses for line in ("alice>bob BYE", each)]


# ------------------------------------------------------------------------- rarer ways


def test_a_proxy_is_kept_waiting_by_a_provisional_response_each_minute() -> None:
    w = two()
    _, b = ringing(w)
    w.clock.run(150)
    assert w.network.sent("180") == [0.02, 60.02, 120.02]
    b.reject(480)
    all_gone(w)


def test_an_invite_ends_when_it_expires() -> None:
    w = two()
    a = w.alice.call(w.bob, headers=[("Expires", "20")])
    w.clock.run(0.02)
    b = w.bob.take_call()
    b.progress(180)
    w.clock.run(20.1)
    assert b.names == ["Ended expired"]
    assert a.names == ["Ringing 180", "Failed 487 Request Terminated"]
    all_gone(w)


def test_an_invite_that_expires_late_ends_then_and_sets_no_long_timer() -> None:
    w = two()
    longest: list[float] = []
    call_later = w.network.call_later

    def noted(seconds: float, what: Callable[[], None]) -> object:
        longest.append(seconds)
        return call_later(seconds, what)

    w.network.call_later = noted
    a = w.alice.call(w.bob, headers=[("Expires", "150")])
    w.clock.run(0.02)
    b = w.bob.take_call()
    b.progress(180)
    w.clock.run(149.9)
    assert b.names == []
    w.clock.run(150.1)
    assert b.names == ["Ended expired"]
    assert a.names[-1] == "Failed 487 Request Terminated"
    assert max(longest) <= 60, "a timer keeps a call that is over in memory"
    all_gone(w)


@pytest.mark.parametrize("expires", ["20", "soon", "4294967295"])
def test_an_invite_that_was_answered_does_not_expire(expires: str) -> None:
    w = two()
    a = w.alice.call(w.bob, headers=[("Expires", expires)])
    w.clock.run(0.02)
    b = w.bob.take_call()
    b.accept()
    w.clock.run(0.05)
    a.acknowledge()
    w.clock.run(60)
    assert b.names == ["Acknowledged"]


def test_a_caller_whose_connection_is_gone_is_given_up() -> None:
    w = two(transport="tcp")
    _, b = ringing(w)
    effects = w.bob.endpoint.transport_failed(b.usage.transaction)
    w.bob.perform(effects)
    assert b.names == ["Ended transport error"]
    assert w.bob.counts()["dialogs"] == 0
    w.network.lose = lambda line: True
    w.clock.run(100)
    assert w.bob.alive == 0


def test_a_callee_that_says_goodbye_in_an_early_dialog_ends_that_alone() -> None:
    w, carol, a, b, c = forked()
    dialog = b.usage.dialog
    w.bob.ask(dialog.next_request("BYE"), dialog.flow)
    w.clock.run(0.2)
    assert list(a.usage.early) == [c.usage.dialog.local.tag]
    c.accept(b"answer")
    w.clock.run(0.3)
    assert a.names == ["Ringing 180", "Ringing 183 early", "Answered answer"]
    a.acknowledge()
    b.reject(480)
    w.clock.run(0.4)
    a.hangup()
    all_gone(w)
    assert carol.alive == 0


def test_an_offer_before_the_answer_is_put_off() -> None:
    w = two()
    a, b = ringing(w)
    early = a.usage.early["bob2"]
    content = [("Contact", a.usage.contact), ("Content-Type", "application/sdp")]
    w.alice.ask(early.next_request("UPDATE", content, b"x"), early.flow)
    w.bob.ask(b.usage.dialog.next_request("UPDATE", content, b"y"), b.usage.dialog.flow)
    w.alice.ask(early.next_request("INVITE", content, b"x"), early.flow)
    w.bob.ask(b.usage.dialog.next_request("INVITE", content, b"y"), b.usage.dialog.flow)
    w.clock.run(0.1)
    assert sorted(line for line in w.network.log if "UPDATE" in line and "00" in line) == [
        "bob>alice 500 UPDATE"
    ]
    assert "alice>bob 491 UPDATE" in w.network.log
    assert "bob>alice 500 INVITE" in w.network.log
    assert "alice>bob 491 INVITE" in w.network.log
    a.hangup()
    all_gone(w)


def test_a_re_invite_may_be_taken_back_while_it_waits_for_another_try() -> None:
    w = two()
    a, b = talking(w)
    a.offer(b"a")
    b.offer(b"b")
    w.clock.run(1.1)
    a.do(a.usage.withdraw_offer)
    assert a.names == ["Reinvited 487"]
    w.clock.run(10)
    assert len(w.network.sent("alice>bob INVITE")) == 1
    assert a.names == ["Reoffered b"]


@pytest.mark.parametrize("caller_offers", [True, False])
def test_a_peer_that_accepts_what_was_withdrawn_is_offered_what_stands(caller_offers: bool) -> None:
    w = two()
    a, b = talking(w)
    stands = b"offer"
    if not caller_offers:
        a, b, stands = b, a, b"answer"
    a.offer(b"hold")
    w.clock.run(1.1)
    a.do(a.usage.withdraw_offer)
    w.network.lose = lambda line: "CANCEL" in line
    b.answer_reoffer(b"held")
    w.clock.run(2)
    a.told()
    assert b.names == ["Reoffered hold", "Acknowledged", f"Reoffered {stands.decode()}"]
    b.answer_reoffer(b"as ever")
    w.clock.run(3)
    assert a.names == ["Redescribed as ever"]
    assert a.usage.described_as == stands
    a.offer(b"next")
    w.clock.run(4)
    assert b.names == ["Acknowledged", "Reoffered next"]


def test_another_try_waits_for_our_answer_to_the_peer() -> None:
    w = two()
    a, b = talking(w)
    a.offer(b"a")
    b.offer(b"b")
    w.clock.run(10)
    assert a.names == ["Reoffered b"]
    assert len(w.network.sent("alice>bob INVITE")) == 1
    a.answer_reoffer(b"fine")
    w.clock.run(13)
    assert b.names == ["Reinvited 200 fine", "Reoffered a"]


def test_glare_is_not_waited_out_for_ever() -> None:
    w = two()
    a, b = talking(w)
    b.usage.reinvite = b.usage  # for ever busy with an offer of its own
    type(b.usage).is_open = True
    try:
        a.offer(b"a")
        w.clock.run(60)
    finally:
        del type(b.usage).is_open
        b.usage.reinvite = None
    assert a.names == ["Reinvited 491"]
    assert len(w.network.sent("alice>bob INVITE")) == 11


def test_a_challenge_that_cannot_be_answered_is_the_end() -> None:
    w = two()
    a = w.alice.call(w.bob, credentials=lambda request, response: [])
    w.clock.run(0.02)
    w.bob.take_call().reject(407)
    w.clock.run(0.1)
    assert a.names == ["Failed 407 Proxy Authentication Required"]
    assert len(w.network.sent("INVITE +sdp")) == 1


def test_an_unreadable_contact_counts_as_none() -> None:
    w = two()
    a, b = ringing(w)
    b.usage.contact = "<sip:bob@[oops>"
    b.accept()
    w.clock.run(0.1)
    assert a.names == ["Ringing 180", "Answered answer"]
    a.acknowledge()
    w.clock.run(0.2)
    assert b.names == ["Acknowledged"]


def test_an_ack_that_nothing_waits_for_is_not_sent() -> None:
    w = two()
    a, b = talking(w)
    a.acknowledge()
    a.offer(None)
    a.acknowledge(b"too early")
    w.clock.run(1.1)
    b.answer_reoffer(b"offer of b")
    w.clock.run(1.2)
    assert a.names == ["Reinvited 200 offer of b"]
    a.acknowledge(b"answer")
    a.acknowledge(b"twice")
    w.clock.run(1.3)
    assert len(w.network.sent("ACK")) == 1
    assert b.names == ["Reoffered", "Acknowledged answer"]


def test_a_late_offer_that_nobody_wants_any_more_is_acknowledged_without_an_answer() -> None:
    w = two()
    a, b = talking(w)
    a.offer(None)
    w.clock.run(1.1)
    b.answer_reoffer(b"offer of b")
    a.do(a.usage.withdraw_offer)
    w.clock.run(1.2)
    assert w.network.sent("alice>bob ACK")
    a.told()
    a.offer(b"next")
    w.clock.run(1.3)
    assert b.names == ["Reoffered", "Acknowledged", "Reoffered next"]


def test_a_challenge_after_the_end_is_not_answered() -> None:
    for hang_up in (True, False):
        w = two()
        a = w.alice.call(w.bob, credentials=lambda request, response: [("Authorization", "x")])
        w.clock.run(0.02)
        b = w.bob.take_call()
        b.accept()
        w.clock.run(0.04)
        a.acknowledge()
        w.clock.run(1)
        w.network.take()
        a.offer(b"hold")
        w.clock.run(1.1)
        if hang_up:
            a.hangup()
        else:
            a.do(a.usage.withdraw_offer)
        b.do(b.usage.refuse_reoffer, 401, ())
        w.clock.run(2)
        assert len(w.network.sent("alice>bob INVITE")) == 1
        a.hangup()
        all_gone(w)


def test_a_caller_that_has_lost_its_early_dialog_is_refused() -> None:
    w = two()
    a, b = ringing(w)
    w.alice.endpoint.dialogs.forget(a.usage.early["bob2"])
    b.do(b.usage.ask, "INFO", [], b"", lambda event: None)
    w.clock.run(0.1)
    assert b.names == ["Ended 481 to INFO"]
    assert a.names == ["Ringing 180", "Failed 480 Temporarily Unavailable"]
    all_gone(w)


# -------------------------------------------------------- a 200 that leaves the answer to its 183


def test_a_200_without_a_description_means_that_of_its_183() -> None:
    w = two()
    a = w.alice.call(w.bob)
    w.clock.run(0.02)
    b = w.bob.take_call()
    b.progress(183, b"early")
    b.progress(180)
    b.accept(b"")
    w.clock.run(0.1)
    assert a.names == ["Ringing 183 early", "Ringing 180", "Answered early"]


def test_of_several_phones_only_the_183_of_the_one_that_answers_counts() -> None:
    w, _, a, b, c = forked()
    c.progress(183, b"later")
    b.progress(183, b"other")
    w.clock.run(0.15)
    c.accept(b"")
    w.clock.run(0.2)
    assert a.names[-1] == "Answered later"


def test_a_200_with_a_new_tag_means_the_only_183_that_there_was() -> None:
    w = two()
    phones = [w.network.host(name, f"10.0.0.{n}") for n, name in enumerate(("x", "y"), 5)]
    a = w.alice.call(Proxy(w.network, "proxy", "10.0.0.3", *phones))
    w.clock.run(0.05)
    one, other = (phone.take_call() for phone in phones)
    one.progress(183, b"one")
    w.clock.run(0.1)
    other.accept(b"")
    w.clock.run(0.2)
    assert a.names[-1] == "Answered one"


def test_a_200_of_a_phone_that_has_rung_does_not_mean_the_183_of_another() -> None:
    w, _, a, b, _ = forked()
    b.accept(b"")
    w.clock.run(0.15)
    assert a.names[-1] == "Answered"


def test_a_200_of_a_phone_that_has_described_nothing_has_no_description_of_two_others() -> None:
    w = two()
    phones = [w.network.host(name, f"10.0.0.{n}") for n, name in enumerate(("x", "y", "z"), 5)]
    a = w.alice.call(Proxy(w.network, "proxy", "10.0.0.3", *phones))
    w.clock.run(0.05)
    one, two_, three = (phone.take_call() for phone in phones)
    one.progress(183, b"one")
    two_.progress(183, b"two")
    w.clock.run(0.1)
    three.accept(b"")
    w.clock.run(0.2)
    assert a.names[-1] == "Answered"


@pytest.mark.parametrize(("transport", "lives"), [("ws", True), ("tcp", True), ("udp", False)])
def test_a_re_invite_on_a_connection_that_is_gone_ends_no_call(transport: str, lives: bool) -> None:
    """The phone may be there, and make another connection."""
    w = two(transport=transport)
    a, _ = talking(w)
    w.network.lose = lambda line: True
    a.offer(b"hold")
    w.alice.perform(w.alice.endpoint.transport_failed(a.usage.reinvite.transaction))
    names = a.names
    assert ("Ended transport error of INVITE" not in names) == lives
    assert names[0] == ("Reinvited 503" if lives else "Reinvited 408")
