"""Our own registration: what it asks for, and what it makes of each answer."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from softswitch.sip.message.address import parse_address
from softswitch.sip.message.message import Request, Response, response_to
from softswitch.sip.message.uri import parse_uri
from softswitch.sip.registrar.registration import BACK_OFF, LONGEST_BACK_OFF, Registration, Standing

CONTACT = "<sip:token@192.0.2.1:5060>"


def registration(expires: int = 3600) -> Registration:
    words = iter(("callid", "tag"))
    return Registration(
        registrar=parse_uri("sip:carrier.example"),  # type: ignore[arg-type]
        aor=parse_address("<sip:account@carrier.example>"),
        expires=expires,
        tokens=lambda: next(words),
        pick=lambda low, high: high,
    )


def reply(request: Request, status: int, *headers: tuple[str, str]) -> Response:
    request.headers.set("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx")
    return response_to(request, status, to_tag="r", headers=headers)


def test_the_request() -> None:
    request = registration().request(CONTACT)
    assert request.start_line == "REGISTER sip:carrier.example SIP/2.0"
    assert request.from_.tag == "tag"
    assert request.from_.uri == request.to.uri == parse_uri("sip:account@carrier.example")
    assert request.headers.get("Contact") == CONTACT
    assert request.expires == 3600


def test_one_call_id_and_a_cseq_that_grows_past_what_challenges_used() -> None:
    line = registration()
    first = line.request(CONTACT)
    answered = reply(first, 200, ("Contact", f"{CONTACT};expires=3600"))
    answered.headers.set("CSeq", "2 REGISTER")  # the challenge below took one more
    line.answered(answered)
    second = line.request(CONTACT)
    assert second.call_id == first.call_id == "callid"
    assert second.cseq.number == 3
    line.unanswered("timeout")
    assert line.request(CONTACT).cseq.number > 3 + 1


@pytest.mark.parametrize(
    ("headers", "refresh"),
    [
        ([("Contact", f"{CONTACT};expires=3600")], 3540),
        ([("Contact", f"{CONTACT};expires=100")], 50),
        ([("Contact", f"{CONTACT};expires=2")], 5),
        ([("Contact", CONTACT), ("Expires", "600")], 540),
        ([("Contact", CONTACT)], 3540),
        ([("Contact", f"<sip:other@10.0.0.9>;expires=7, {CONTACT};expires=600")], 540),
        ([("Contact", "<sip:token@203.0.113.5:4711>;expires=600")], 540),  # seen through a NAT
    ],
)
def test_a_binding_is_refreshed_in_time(headers: Sequence[tuple[str, str]], refresh: int) -> None:
    line = registration()
    step = line.answered(reply(line.request(CONTACT), 200, *headers))
    assert (line.standing, step.seconds) == (Standing.REGISTERED, refresh)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Contact", "<sip:other@10.0.0.9>;expires=600")],
        [("Contact", f"{CONTACT};expires=0")],
        [("Contact", "<sip:token@[>")],
    ],
)
def test_a_200_without_our_contact_is_a_refusal(headers: Sequence[tuple[str, str]]) -> None:
    line = registration()
    line.answered(reply(line.request(CONTACT), 200, *headers))
    assert line.standing is Standing.REFUSED


def test_423_is_followed_at_once() -> None:
    line = registration(60)
    step = line.answered(reply(line.request(CONTACT), 423, ("Min-Expires", "1800")))
    assert step.seconds == 0
    assert line.request(CONTACT).expires == 1800


@pytest.mark.parametrize("wanted", ["60", "59", "99999999", "soon", ""])
def test_423_without_sense_is_a_refusal(wanted: str) -> None:
    line = registration(60)
    step = line.answered(reply(line.request(CONTACT), 423, ("Min-Expires", wanted)))
    assert (line.standing, step.seconds) == (Standing.REFUSED, BACK_OFF)


def test_423_for_ever_is_a_refusal() -> None:
    line = registration(60)
    steps = [
        line.answered(reply(line.request(CONTACT), 423, ("Min-Expires", str(expires))))
        for expires in (61, 62, 63, 64)
    ]
    assert [step.seconds for step in steps] == [0, 0, 0, BACK_OFF]


def test_failures_back_off_and_success_forgets_them() -> None:
    line = registration()
    waits = [line.answered(reply(line.request(CONTACT), 403)).seconds for _ in range(8)]
    assert waits == [30, 60, 120, 240, 480, 960, LONGEST_BACK_OFF, LONGEST_BACK_OFF]
    assert line.reason == "403 Forbidden"
    line.answered(reply(line.request(CONTACT), 200, ("Contact", CONTACT)))
    assert line.reason == ""
    assert line.answered(reply(line.request(CONTACT), 403)).seconds == BACK_OFF


def test_retry_after_is_heeded_within_reason() -> None:
    line = registration()
    step = line.answered(reply(line.request(CONTACT), 503, ("Retry-After", "300")))
    assert (step.seconds, step.elsewhere) == (300, True)
    step = line.answered(reply(line.request(CONTACT), 503, ("Retry-After", "999999")))
    assert step.seconds == LONGEST_BACK_OFF


@pytest.mark.parametrize(
    ("status", "standing", "elsewhere"),
    [
        (401, Standing.REFUSED, False),
        (403, Standing.REFUSED, False),
        (302, Standing.REFUSED, False),
        (603, Standing.REFUSED, False),
        (500, Standing.UNREACHABLE, True),
        (503, Standing.UNREACHABLE, True),
    ],
)
def test_whose_fault_it_is(status: int, standing: Standing, elsewhere: bool) -> None:
    line = registration()
    step = line.answered(reply(line.request(CONTACT), status))
    assert (line.standing, step.elsewhere) == (standing, elsewhere)


def test_silence_sends_it_elsewhere() -> None:
    line = registration()
    line.request(CONTACT)
    step = line.unanswered("timeout")
    assert step == (BACK_OFF, True)
    assert (line.standing, line.reason) == (Standing.UNREACHABLE, "timeout")


def test_leaving_asks_for_nothing() -> None:
    assert registration().request(CONTACT, expires=0).expires == 0
