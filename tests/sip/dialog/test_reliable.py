"""Reliable provisional responses and UPDATE in early dialogs (RFC 3262, RFC 3311)."""

from __future__ import annotations

from typing import Any

import pytest

from softswitch.sip.message.message import Request, parse_message
from tests.sip.network import Party, World, two

CAN = {"extensions": ("100rel",)}


def called(w: World, *headers: tuple[str, str]) -> tuple[Party, Party]:
    a = w.alice.call(w.bob, headers=headers)
    w.clock.run(w.clock.now + 0.02)
    return a, w.bob.take_call()


def value(party: Party, start: str, name: str) -> str | None:
    data = next(data for data in reversed(party.host.sends) if data.startswith(start.encode()))
    return parse_message(data).headers.get(name)


def step(w: World, seconds: float = 0.1) -> None:
    w.clock.run(w.clock.now + seconds)


def test_early_media_is_acknowledged_and_is_the_answer() -> None:
    w = two(**CAN)
    a, b = called(w)
    b.progress(183, b"early")
    step(w)
    assert w.network.log[2:] == [
        "bob>alice 183 INVITE +sdp",
        "alice>bob PRACK",
        "bob>alice 200 PRACK",
    ]
    rseq = value(b, "SIP/2.0 183", "RSeq")
    assert value(b, "SIP/2.0 183", "Require") == "100rel"
    assert value(a, "PRACK", "RAck") == f"{rseq} 1 INVITE"
    b.accept(b"early")
    step(w)
    assert w.network.log[-1] == "bob>alice 200 INVITE"  # no second answer
    assert a.names == ["Ringing 183 early", "Answered early"]
    a.acknowledge()
    step(w, 40)
    assert b.names == ["Acknowledged"]
    b.hangup()
    step(w, 100)
    assert (w.alice.alive, w.bob.alive) == (0, 0)


def test_ringing_without_a_description_needs_no_prack_unless_it_is_demanded() -> None:
    w = two(**CAN)
    _, b = called(w)
    b.progress(180)
    step(w, 3)
    assert w.network.log[2:] == ["bob>alice 180 INVITE"]
    demanding = two(**CAN)
    _, b = called(demanding, ("Require", "100rel"))
    b.progress(180)
    step(demanding)
    assert demanding.network.log[2:] == [
        "bob>alice 180 INVITE",
        "alice>bob PRACK",
        "bob>alice 200 PRACK",
    ]


def test_it_is_repeated_from_T1_doubling_until_the_prack_comes() -> None:
    w = two(**CAN)
    w.network.lose = lambda line: "PRACK" in line and w.clock.now < 4
    a, b = called(w)
    start = w.clock.now
    b.progress(183, b"early")
    step(w, 10)
    times = [round(time - start, 3) for time in w.network.sent("183 INVITE")]
    assert times[:4] == [0, 0.5, 1.5, 3.5]
    assert a.names == ["Ringing 183 early"]  # repeats are not told


def test_without_a_prack_the_call_is_refused_after_64_T1() -> None:
    w = two(**CAN)
    w.network.lose = lambda line: "PRACK" in line
    a, b = called(w)
    start = w.clock.now
    b.progress(183, b"early")
    w.clock.run(start + 31.9)
    assert b.names == []
    w.clock.run(start + 33)
    assert b.names == ["Ended no PRACK"]
    assert a.names[-1] == "Failed 504 Server Time-out"
    step(w, 100)
    assert (w.alice.alive, w.bob.alive) == (0, 0)


def test_the_2xx_waits_for_the_prack_of_a_description() -> None:
    w = two(**CAN)
    w.network.lose = lambda line: "PRACK" in line and w.clock.now < 2
    a, b = called(w)
    b.progress(183, b"early")
    step(w)
    b.accept(b"early")
    b.accept(b"early")
    b.progress(180)
    step(w, 1)
    assert w.network.sent("200 INVITE") == []
    step(w, 3)
    assert len(w.network.sent("200 INVITE")) >= 1
    assert a.names == ["Ringing 183 early", "Answered early"]


def test_a_cancel_ends_a_call_whose_2xx_waits() -> None:
    w = two(**CAN)
    w.network.lose = lambda line: "PRACK" in line
    a, b = called(w)
    b.progress(183, b"early")
    b.accept(b"early")
    step(w)
    a.hangup()
    step(w, 100)
    assert b.names == ["Ended CANCEL"]
    assert (w.alice.alive, w.bob.alive) == (0, 0)


def test_the_next_one_waits_for_the_prack_of_the_one_before() -> None:
    w = two(**CAN)
    w.network.lose = lambda line: "PRACK" in line and w.clock.now < 1
    a, b = called(w, ("Require", "100rel"))
    b.progress(180)
    b.progress(183, b"early")
    b.progress(183, b"other")
    step(w, 0.3)
    assert len(w.network.sent("bob>alice 18")) == 1
    step(w, 4)
    assert a.names == ["Ringing 180", "Ringing 183 early", "Ringing 183"]
    assert len(w.network.sent("bob>alice 200 PRACK")) == 3


def test_another_description_than_that_of_the_ringing_is_offered_after_the_answer() -> None:
    w = two(**CAN)
    a, b = called(w)
    b.progress(183, b"early")
    step(w)
    b.accept(b"final")
    step(w)
    a.acknowledge()
    step(w)
    assert a.names == ["Ringing 183 early", "Answered early", "Reoffered final"]
    a.answer_reoffer(b"agreed")
    step(w)
    assert b.names == ["Acknowledged", "Redescribed agreed"]


def test_an_answer_that_came_reliably_is_not_replaced_by_that_of_the_2xx() -> None:
    w = two(**CAN)
    a, b = called(w)
    b.progress(183, b"early")
    step(w)
    b.usage.provisionals.is_settled = False
    b.usage.provisionals.described = None
    b.accept(b"another")
    step(w)
    assert w.network.log[-1] == "bob>alice 200 INVITE +sdp"
    assert a.names == ["Ringing 183 early", "Answered early"]


def test_a_late_offer_that_demands_reliability_hears_of_nothing_but_the_answer() -> None:
    w = two(**CAN)
    a = w.alice.call(w.bob, None, headers=[("Require", "100rel")])
    step(w, 0.02)
    b = w.bob.take_call()
    assert "100rel" not in (value(a, "INVITE", "Supported") or "")
    b.progress(180)
    step(w, 3)
    assert w.network.log[2:] == []
    b.accept(b"offer")
    step(w)
    assert a.names == ["Answered offer"]


@pytest.mark.parametrize("rack", ["1 1 INVITE", "{rseq} 2 INVITE", "{rseq} 1 BYE"])
def test_a_rack_that_fits_nothing_is_refused(rack: str) -> None:
    w = two(**CAN)
    w.network.lose = lambda line: "PRACK" in line and w.clock.now < 0.4
    a, b = called(w)
    b.progress(183, b"early")
    step(w)
    rseq = value(b, "SIP/2.0 183", "RSeq")
    assert ask(w, a, "PRACK", ("RAck", rack.format(rseq=rseq))) == 481
    assert b.usage.provisionals.waiting is not None


@pytest.mark.parametrize("headers", [[("RAck", "soon")], []])
def test_a_rack_that_cannot_be_read_is_refused(headers: list[tuple[str, str]]) -> None:
    w = two(**CAN)
    w.network.lose = lambda line: "PRACK" in line and w.clock.now < 0.4
    a, b = called(w)
    b.progress(183, b"early")
    step(w)
    assert ask(w, a, "PRACK", *headers) in (400, 481)
    a.hangup()
    step(w, 100)
    assert (w.alice.alive, w.bob.alive) == (0, 0)


def test_a_prack_is_taken_once() -> None:
    w = two(**CAN)
    a, b = called(w)
    b.progress(183, b"early")
    step(w)
    rack = value(a, "PRACK", "RAck") or ""
    assert ask(w, a, "PRACK", ("RAck", rack)) == 481


def test_a_gap_in_the_numbers_is_not_acknowledged() -> None:
    w = two(**CAN)
    a, b = called(w)
    b.progress(183, b"early")
    step(w)
    b.usage.provisionals._rseq += 5
    b.usage.provisionals.described = None
    b.progress(183, b"later")
    step(w, 0.3)
    assert a.names == ["Ringing 183 early"]
    assert len(w.network.sent("alice>bob PRACK")) == 1


# ------------------------------------------------------------------------- early UPDATE


def ask(w: World, a: Party, method: str, *headers: tuple[str, str], body: bytes = b"") -> int:
    """Let the caller send a request in the early dialog; returns the status of its answer."""
    answers: list[int] = []

    class User:
        def receive_response(self, _transaction: Any, response: Any, _out: list[Any]) -> None:
            answers.append(response.status)

        def transaction_failed(self, *_: Any) -> None:
            answers.append(0)

    (dialog,) = a.usage.early.values()
    request: Request = dialog.next_request(method, headers, body)
    w.network.lose = lambda line: False
    a.host.ask(request, dialog.flow, User())
    step(w, 0.05)
    return answers[-1] if answers else 0


def test_the_caller_offers_anew_while_it_rings() -> None:
    w = two(**CAN)
    a, b = called(w)
    b.progress(183, b"early")
    step(w)
    sdp = ("Content-Type", "application/sdp")
    assert ask(w, a, "UPDATE", sdp, body=b"new offer") == 0
    assert b.names == ["Reoffered new offer"]
    b.answer_reoffer(b"new answer")
    step(w)
    assert "bob>alice 200 UPDATE +sdp" in w.network.log
    b.accept(b"new answer")
    step(w)
    assert a.names[-1] == "Answered early"


def test_an_early_offer_before_the_first_is_answered_reliably_is_refused() -> None:
    w = two()
    a, b = called(w)
    b.progress(183, b"early")
    step(w)
    assert ask(w, a, "UPDATE", body=b"new offer") == 500
    assert b.names == []


def test_the_phone_that_rings_offers_anew() -> None:
    w = two(**CAN)
    a, b = called(w)
    b.progress(183, b"early")
    step(w)
    b.host.ask(b.usage.dialog.next_request("UPDATE", body=b"announcement"), b.usage.dialog.flow)
    step(w)
    assert a.names == ["Ringing 183 early", "Reoffered announcement"]
    assert a.answer_reoffer(b"heard")
    step(w)
    assert "alice>bob 200 UPDATE +sdp" in w.network.log
    b.accept(b"early")
    step(w)
    assert a.names == ["Answered announcement"]


def test_a_prack_may_bring_another_offer() -> None:
    w = two(**CAN)
    w.network.lose = lambda line: "PRACK" in line and w.clock.now < 0.4
    a, b = called(w)
    b.progress(183, b"early")
    step(w)
    rack = value(a, "PRACK", "RAck") or ""
    assert ask(w, a, "PRACK", ("RAck", rack), body=b"second") == 0
    assert b.names == ["Reoffered second"]
    b.answer_reoffer(b"second answer")
    step(w)
    assert "bob>alice 200 PRACK +sdp" in w.network.log


def test_the_2xx_waits_for_the_answer_to_an_offer_in_a_prack() -> None:
    w = two(**CAN)
    w.network.lose = lambda line: "PRACK" in line and w.clock.now < 0.4
    a, b = called(w)
    b.progress(183, b"early")
    step(w)
    b.accept(b"early")
    assert ask(w, a, "PRACK", ("RAck", value(a, "PRACK", "RAck") or ""), body=b"second") == 0
    step(w)
    assert w.network.sent("200 INVITE") == []
    b.answer_reoffer(b"second answer")
    step(w)
    lines = [line for line in w.network.log if line.startswith("bob>alice 200")]
    assert lines[:2] == ["bob>alice 200 PRACK +sdp", "bob>alice 200 INVITE"]


def test_the_2xx_waits_for_the_refusal_of_an_early_offer() -> None:
    w = two(**CAN)
    a, b = called(w)
    b.progress(183, b"early")
    step(w)
    assert ask(w, a, "UPDATE", ("Content-Type", "application/sdp"), body=b"new offer") == 0
    b.accept(b"early")
    step(w)
    assert w.network.sent("200 INVITE") == []
    b.do(b.usage.refuse_reoffer, 488, ())
    step(w)
    assert len(w.network.sent("200 INVITE")) == 1


def test_early_media_is_not_lost_behind_many_other_responses() -> None:
    w = two(**CAN)
    w.network.lose = lambda line: "PRACK" in line and w.clock.now < 1
    a, b = called(w, ("Require", "100rel"))
    for _ in range(30):
        b.progress(180)
    b.progress(183, b"early")
    b.accept(b"early")
    step(w, 10)
    assert "Ringing 183 early" in a.names
    assert w.network.sent("200 INVITE")


def test_a_tag_that_is_used_again_after_a_challenge_has_no_history() -> None:
    w = two(**CAN)
    a, b = called(w)
    b.progress(183, b"early")
    step(w)
    assert a.usage.settled
    out: list[Any] = []
    a.usage._send_again(a.usage.request, out)
    assert not a.usage.settled
    assert not a.usage.rseqs
