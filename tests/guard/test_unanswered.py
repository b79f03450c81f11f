"""Phones that are challenged and do not answer: who gets a line, when, and what it advises."""

from __future__ import annotations

import asyncio

import pytest
import structlog.testing

from softswitch.guard.authentication import Admitted
from softswitch.guard.unanswered import (
    CAPACITY,
    LINES,
    PATIENCE,
    QUIET,
    UnansweredChallenges,
    advice,
)
from tests.guard.requests import answered, flow, request
from tests.guard.test_authentication import NOW, make_gate, refusal

LINE = "challenge not answered"


def challenge(
    watch: UnansweredChallenges,
    account: str = "1000",
    method: str = "REGISTER",
    now: float = NOW,
) -> None:
    watch.challenged(
        "192.0.2.7",
        account,
        method=method,
        remote="udp:192.0.2.7:5060",
        algorithms=("SHA-256", "MD5"),
        now=now,
    )


def lines_at(watch: UnansweredChallenges, now: float) -> list[dict[str, object]]:
    with structlog.testing.capture_logs() as lines:
        watch.look(now)
    return [dict(line) for line in lines]


def test_a_phone_that_does_not_answer_gets_one_line() -> None:
    watch = UnansweredChallenges()
    challenge(watch)
    challenge(watch, now=NOW + 1)  # it asks again, as if nothing had been said
    assert lines_at(watch, NOW + PATIENCE - 0.1) == []
    (line,) = lines_at(watch, NOW + PATIENCE)
    assert line["event"] == LINE
    assert (line["account"], line["remote"]) == ("1000", "udp:192.0.2.7:5060")
    assert line["offered"] == "SHA-256, MD5"
    assert 'digest = ["MD5"]' in str(line["advice"])
    challenge(watch, now=NOW + 60)
    assert lines_at(watch, NOW + 70) == []
    assert lines_at(watch, NOW + 6 + QUIET) == []
    challenge(watch, now=NOW + 7 + QUIET)
    assert len(lines_at(watch, NOW + 20 + QUIET)) == 1


def test_an_answer_is_enough_whether_it_is_right_or_not() -> None:
    watch = UnansweredChallenges()
    challenge(watch)
    watch.answered("192.0.2.7", "1000")
    assert lines_at(watch, NOW + 60) == []


@pytest.mark.parametrize("method", ["OPTIONS", "SUBSCRIBE", "PUBLISH", "NOTIFY"])
def test_what_need_not_be_answered_is_not_awaited(method: str) -> None:
    watch = UnansweredChallenges()
    challenge(watch, method=method)
    assert len(watch) == 0


def test_many_at_once_are_counted_in_one_more_line() -> None:
    watch = UnansweredChallenges()
    for number in range(25):
        challenge(watch, str(number))
    lines = lines_at(watch, NOW + 10)
    assert len(lines) == LINES + 1
    assert lines[-1]["phones"] == 25 - LINES


def test_the_table_is_bounded() -> None:
    watch = UnansweredChallenges()
    for number in range(CAPACITY + 5):
        challenge(watch, str(number))
    assert len(watch) == CAPACITY
    watch.look(NOW + 10)
    for number in range(CAPACITY):
        challenge(watch, f"x{number}", now=NOW + 10)
    watch.look(NOW + 20)
    assert len(watch._said) == CAPACITY


def test_the_advice_depends_on_what_was_offered() -> None:
    assert "MD5" in advice(("SHA-256",))
    assert "MD5" in advice(("MD5", "SHA-256"))
    assert "password" in advice(("MD5",))


def test_it_looks_by_itself() -> None:
    async def story() -> list[dict[str, object]]:
        watch = UnansweredChallenges()
        challenge(watch)
        with structlog.testing.capture_logs() as lines:
            looking = asyncio.create_task(watch.run(lambda: NOW + 10))
            while len(watch):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        return [dict(line) for line in lines]

    assert len(asyncio.run(story())) == 1


def test_the_gate_awaits_the_phones_that_exist() -> None:
    gate = make_gate()
    asked = request()
    challenged = refusal(gate, asked)
    refusal(gate, request(to="<sip:4711@pbx.example>"))
    refusal(gate, request("OPTIONS"))
    refusal(gate, request("INVITE", "sip:2000@pbx.example", from_="Bent <"))
    assert len(gate.unanswered) == 1
    gate.check(answered(asked, challenged), flow(), NOW + 1)
    assert len(gate.unanswered) == 0


def test_an_account_may_have_challenges_of_its_own() -> None:
    gate = make_gate(("MD5",))
    gate.accounts.add("3000", "pass3000", algorithms=["SHA-256", "MD5"])
    gate.accounts.add("3001", "pass3001", algorithms=["SHA-256"])

    def offered(number: str) -> list[str]:
        response = refusal(gate, request(to=f"<sip:{number}@pbx.example>"))
        values = response.headers.get_all("WWW-Authenticate")
        return [value.split("algorithm=")[1].split(",")[0] for value in values]

    assert offered("1000") == ["MD5"]
    assert offered("3000") == ["SHA-256", "MD5"]
    assert offered("3001") == ["SHA-256"]
    # By MD5, which is another's, 3001 does not come in; it is told what it is challenged with.
    by_md5 = refusal(gate, request())
    asked = request(to="<sip:3001@pbx.example>")
    again = answered(asked, by_md5, username="3001", password="pass3001")
    response = refusal(gate, again)
    assert "algorithm=SHA-256" in (response.headers.get("WWW-Authenticate") or "")
    right = answered(asked, response, username="3001", password="pass3001")
    assert gate.check(right, flow(), NOW) == Admitted("3001")
