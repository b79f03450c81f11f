"""All phones of an extension ring at once; redirects and forwards."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.calls.call.terms import CallTerms
from softswitch.calls.endings.endings import CannotNow
from softswitch.sip.events import Acknowledged, Answered, Ended, Failed, Ringing
from tests.calls.extensions import extension
from tests.calls.scene import Scene, expect
from tests.calls.virtual_time import run


def test_the_first_answer_wins_and_the_others_show_no_missed_call() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        phones = [scene.phone("1001") for _ in range(3)]
        a = alice.dial("1001")
        legs = [await phone.rings() for phone in phones]
        for leg in legs:
            leg.progress(180)
        await expect(a, Ringing)
        phones[1].answer(legs[1])
        await expect(a, Answered)
        a.acknowledge()
        await expect(legs[1], Acknowledged)
        for loser in (legs[0], legs[2]):
            ended = await expect(loser, Ended)
            assert ended.reason == "CANCEL"
            reason = ended.headers.get("Reason")
            assert reason == 'SIP;cause=200;text="Call completed elsewhere"'
        assert scene.network.log.count("switch>p1000-1 180 INVITE") == 1
        assert len(scene.workers.all) == 2
        a.hangup()
        await scene.settle()
        assert scene.record["outcome"] == "answered"

    run(story())


def test_two_phones_answer_at_once() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        phones = [scene.phone("1001") for _ in range(2)]
        a = alice.dial("1001")
        legs = [await phone.rings() for phone in phones]
        for phone, leg in zip(phones, legs, strict=True):
            phone.answer(leg)
        await expect(a, Answered)
        a.acknowledge()
        await expect(legs[0], Acknowledged)
        await expect(legs[1], Acknowledged)
        assert (await expect(legs[1], Ended)).reason == "BYE"
        assert not legs[0].ended.done()
        a.hangup()
        await scene.settle()
        assert len(scene.journal.records()) == 1

    run(story())


@pytest.mark.parametrize(
    ("answers", "told"),
    [([486, 480], 486), ([408, 486], 486), ([404, 603], 603), ([503, 486], 486), ([486, 415], 415)],
)
def test_the_best_of_several_refusals(answers: list[int], told: int) -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        phones = [scene.phone("1001") for _ in answers]
        a = alice.dial("1001")
        legs = [await phone.rings() for phone in phones]
        for leg, status in zip(legs, answers, strict=True):
            leg.reject(status)
        assert (await expect(a, Failed)).status == told
        await scene.settle()

    run(story())


def test_a_6xx_stops_the_ringing_of_the_others() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        phones = [scene.phone("1001") for _ in range(2)]
        a = alice.dial("1001")
        legs = [await phone.rings() for phone in phones]
        legs[1].progress(180)
        await expect(a, Ringing)
        legs[0].reject(603)
        assert (await expect(a, Failed)).status == 603
        assert (await expect(legs[1], Ended)).reason == "CANCEL"
        await scene.settle()

    run(story())


def test_a_refusal_of_one_phone_lets_the_other_ring_on() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        phones = [scene.phone("1001") for _ in range(2)]
        a = alice.dial("1001")
        legs = [await phone.rings() for phone in phones]
        legs[0].reject(486)
        await asyncio.sleep(5)
        phones[1].answer(legs[1])
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()
        assert scene.record["outcome"] == "answered"

    run(story())


def test_a_phone_redirects_to_another_extension() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob, carol = scene.phone("1000"), scene.phone("1001"), scene.phone("1002")
        a = alice.dial("1001")
        b = await bob.rings()
        b.reject(302, [("Contact", "<sip:1002@example.com>")])
        c = await carol.rings()
        assert c.request.to.display_name == "Desk 1002"
        carol.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()
        assert (scene.record["dialed"], scene.record["destination"]) == ("1001", "1002")

    run(story())


@pytest.mark.parametrize(
    "contact", ["<sip:00900123@elsewhere.example>", "<sip:%ZZ@example.com>", "<mailto:1002@x>"]
)
def test_a_redirect_out_of_the_house_is_not_followed(contact: str) -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001")
        b = await bob.rings()
        b.reject(302, [("Contact", contact)])
        assert (await expect(a, Failed)).status == 480
        await scene.settle()
        assert scene.record["callee_code"] == 302

    run(story())


@pytest.mark.parametrize(
    ("contact", "rings"),
    [
        ("<sips:1002@example.com>", False),
        ("<sips:1002@elsewhere.example>", False),
        ("<sips:1002@example.com>, <sip:1002@example.com>;q=0.1", True),
    ],
)
def test_a_call_is_not_made_less_secure_than_a_redirect_wants_it(contact: str, rings: bool) -> None:
    """Nor more secure than the caller's hops are: 480 with Warning 381 (RFC 5630 section 4)."""

    async def story() -> None:
        scene = Scene()
        alice, bob, carol = scene.phone("1000"), scene.phone("1001"), scene.phone("1002")
        a = alice.dial("1001")
        b = await bob.rings()
        b.reject(302, [("Contact", contact)])
        if rings:
            (await carol.rings()).reject(486)
            assert (await expect(a, Failed)).status == 486
        else:
            failed = await expect(a, Failed)
            assert failed.status == 480
            ours = "example.com" in contact
            assert failed.headers.get("Warning") == (
                '381 softswitch "SIPS Required"' if ours else None
            )
        await scene.settle()
        if not rings:
            assert "switch>p1002-1" not in "".join(scene.network.log)

    run(story())


def contacts(*numbers: str) -> tuple[str, str]:
    """A Contact header with these numbers, as `1002;q=0.5`."""
    parts = [each.partition(";") for each in numbers]
    return "Contact", ", ".join(f"<sip:{n}@example.com>{mark}{q}" for n, mark, q in parts)


def test_the_highest_q_of_a_redirect_rings_first_then_the_next() -> None:
    async def story() -> None:
        scene = Scene(extension("1003"), extension("1004"))
        alice, bob, carol, dave, eve = (
            scene.phone(number) for number in ("1000", "1001", "1002", "1003", "1004")
        )
        a = alice.dial("1001")
        (await bob.rings()).reject(
            302, [contacts("1003;q=0.5", "1009;q=0.9", "1004;q=0.2", "1002;q=0.7")]
        )
        (await carol.rings()).reject(486)
        assert dave.asked.empty()
        (await dave.rings()).reject(480)
        e = await eve.rings()
        eve.answer(e)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()
        assert (scene.record["dialed"], scene.record["destination"]) == ("1001", "1004")

    run(story())


def test_a_redirect_within_a_redirect_comes_before_what_is_left() -> None:
    async def story() -> None:
        scene = Scene(extension("1003"), extension("1004"))
        alice, bob, carol, dave, eve = (
            scene.phone(number) for number in ("1000", "1001", "1002", "1003", "1004")
        )
        a = alice.dial("1001")
        (await bob.rings()).reject(302, [contacts("1002", "1003")])
        (await carol.rings()).reject(302, [contacts("1004")])
        (await eve.rings()).reject(486)
        (await dave.rings()).reject(486)
        assert (await expect(a, Failed)).status == 486
        await scene.settle()

    run(story())


@pytest.mark.parametrize("status", [600, 603, 604])
def test_a_6xx_of_one_is_meant_for_all_contacts_of_a_redirect(status: int) -> None:
    async def story() -> None:
        scene = Scene(extension("1003"))
        alice, bob, carol, dave = (
            scene.phone(number) for number in ("1000", "1001", "1002", "1003")
        )
        a = alice.dial("1001")
        (await bob.rings()).reject(302, [contacts("1002", "1003")])
        (await carol.rings()).reject(status)
        await expect(a, Failed)
        await scene.settle()
        assert dave.asked.empty()

    run(story())


def test_a_caller_that_gives_up_is_led_no_further() -> None:
    async def story() -> None:
        scene = Scene(extension("1003"))
        alice, bob, carol, dave = (
            scene.phone(number) for number in ("1000", "1001", "1002", "1003")
        )
        a = alice.dial("1001")
        (await bob.rings()).reject(302, [contacts("1002", "1003")])
        c = await carol.rings()
        c.progress(180)
        await expect(a, Ringing)
        a.hangup()
        await expect(c, Ended)
        await scene.settle()
        assert dave.asked.empty()
        assert scene.record["outcome"] == "cancelled"

    run(story())


@pytest.mark.parametrize("nobody", ["unregistered", "silent", "in a circle"])
def test_who_cannot_be_reached_is_passed_over(nobody: str) -> None:
    async def story() -> None:
        scene = Scene(extension("1003"), terms=CallTerms(domain="example.com", ring_time=5))
        alice, bob, dave = (scene.phone(number) for number in ("1000", "1001", "1003"))
        if nobody == "silent":
            scene.phone("1002")
        a = alice.dial("1001")
        first = "1001" if nobody == "in a circle" else "1002"
        (await bob.rings()).reject(302, [contacts(first, "1003")])
        d = await dave.rings()
        dave.answer(d)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()

    run(story())


def test_redirects_in_a_circle() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob, carol = scene.phone("1000"), scene.phone("1001"), scene.phone("1002")
        a = alice.dial("1001")
        (await bob.rings()).reject(302, [("Contact", "<sip:1002@example.com>")])
        (await carol.rings()).reject(302, [("Contact", "<sip:1001@example.com>")])
        assert (await expect(a, Failed)).status == 482
        await scene.settle()

    run(story())


def test_a_command_forwards_a_ringing_call() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob, carol = scene.phone("1000"), scene.phone("1001"), scene.phone("1002")
        a = alice.dial("1001")
        b = await bob.rings()
        b.progress(180)
        await expect(a, Ringing)
        (call,) = scene.calls
        call.forward("1002")
        assert (await expect(b, Ended)).reason == "CANCEL"
        c = await carol.rings()
        carol.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(1)
        with pytest.raises(CannotNow):
            call.forward("1001")
        a.hangup()
        await scene.settle()

    run(story())
