"""The group extension: its members ring all at once or in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from softswitch.calls.kinds.group import GROUP
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.rules.route import Route
from softswitch.sip.events import Answered, Ended, Failed, Ringing
from tests.calls.extensions import extension
from tests.calls.scene import Phone, Scene, connected, expect
from tests.calls.virtual_time import run


def group(strategy: str) -> Extension:
    members = ("1001", "1003", "1002")
    return extension("1009", GROUP, ring_time=10, members=members, strategy=strategy)


def test_a_group_rings_all_its_members() -> None:
    async def story() -> None:
        scene = Scene(group("all"))
        alice, bob, carol = scene.phone("1000"), scene.phone("1001"), scene.phone("1002")
        a = alice.dial("1009")
        b, c = await bob.rings(), await carol.rings()
        carol.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        assert (await expect(b, Ended)).reason == "CANCEL"
        a.hangup()
        await scene.settle()
        assert (scene.record["dialed"], scene.record["destination"]) == ("1009", "1002")

    run(story())


def test_a_group_rings_its_members_in_turn() -> None:
    async def story() -> None:
        scene = Scene(group("in-turn"))
        alice, bob, carol = scene.phone("1000"), scene.phone("1001"), scene.phone("1002")
        a = alice.dial("1009")
        b = await bob.rings()
        b.progress(180)
        await expect(a, Ringing)
        assert (await expect(b, Ended)).reason == "CANCEL"
        c = await carol.rings()
        assert asyncio.get_running_loop().time() == pytest.approx(10, abs=0.5)
        c.reject(486)
        assert (await expect(a, Failed)).status == 486
        await scene.settle()

    run(story())


def test_the_caller_of_a_group_gives_up() -> None:
    async def story() -> None:
        scene = Scene(group("in-turn"))
        alice, bob, carol = scene.phone("1000"), scene.phone("1001"), scene.phone("1002")
        a = alice.dial("1009")
        b = await bob.rings()
        a.hangup()
        await expect(b, Ended)
        await scene.settle()
        assert carol.asked.empty()
        assert scene.record["outcome"] == "cancelled"

    run(story())


def test_a_group_without_phones() -> None:
    async def story() -> None:
        scene = Scene(group("all"))
        assert (await expect(scene.phone("1000").dial("1009"), Failed)).status == 480
        await scene.settle()
        assert scene.record["outcome"] == "not registered"

    run(story())


# -- whose turn it is ------------------------------------------------------------------------------


def team(number: str = "1009", members: Sequence[Any] = ("1001", "1002"), **more: Any) -> Extension:
    return extension(number, GROUP, **{"ring_time": 10, "members": members, **more})


async def first_to_ring(alice: Phone, *phones: Phone) -> tuple[Phone, Leg, Leg]:
    """Call the group; the phone that rings first, the caller's leg, and its own."""
    a = alice.dial("1009")
    waiting = [asyncio.ensure_future(phone.rings()) for phone in phones]
    done, rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for each in rest:
        each.cancel()
    (rung,) = done
    return phones[waiting.index(rung)], a, rung.result()


async def refused_by_all(alice: Phone, *phones: Phone) -> list[str]:
    """Call the group, whose members are busy; the numbers in the order in which they rang."""
    rang: list[str] = []
    a = alice.dial("1009")

    async def refuse(phone: Phone) -> None:
        leg = await phone.rings()
        rang.append(phone.number)
        leg.reject(486)

    refusing = [asyncio.ensure_future(refuse(phone)) for phone in phones]
    assert (await expect(a, Failed)).status == 486
    for each in refusing:
        each.cancel()
    return rang


def test_round_robin_begins_with_the_next_member_at_each_call() -> None:
    async def story() -> None:
        members = ("1001", "1003", "1002", "1004")
        scene = Scene(team(members=members, strategy="round-robin"), extension("1004"))
        phones = [scene.phone(number) for number in ("1001", "1002", "1004")]  # 1003 has none
        alice = scene.phone("1000")
        orders = [await refused_by_all(alice, *phones) for _ in range(4)]
        assert orders == [
            ["1001", "1002", "1004"],
            ["1002", "1004", "1001"],
            ["1004", "1001", "1002"],
            ["1001", "1002", "1004"],
        ]
        await scene.settle()

    run(story())


def test_the_order_of_random_changes_from_call_to_call_and_rings_everybody() -> None:
    async def story() -> None:
        members = ("1001", "1002", "1004")
        scene = Scene(team(members=members, strategy="random"), extension("1004"))
        phones = [scene.phone(number) for number in members]
        alice = scene.phone("1000")
        orders = [tuple(await refused_by_all(alice, *phones)) for _ in range(30)]
        assert all(sorted(order) == sorted(members) for order in orders)
        assert len(set(orders)) > 2
        await scene.settle()

    run(story())


def test_least_recent_begins_with_whose_last_conversation_is_the_longest_ago() -> None:
    async def story() -> None:
        scene = Scene(team(strategy="least-recent"))
        alice, bob, carol = scene.phone("1000"), scene.phone("1001"), scene.phone("1002")
        talked = []
        for _ in range(4):
            phone, a, leg = await first_to_ring(alice, bob, carol)
            phone.answer(leg)
            await expect(a, Answered)
            a.acknowledge()
            await asyncio.sleep(5)
            a.hangup()
            await asyncio.sleep(1)
            talked.append(phone.number)
        assert talked == ["1001", "1002", "1001", "1002"]
        # A call of its own is a conversation, too.
        other = bob.dial("600")
        await expect(other, Answered)
        other.acknowledge()
        other.hangup()
        await asyncio.sleep(1)
        own = carol.dial("600")
        await expect(own, Answered)
        own.acknowledge()
        own.hangup()
        await asyncio.sleep(1)
        phone, a, _ = await first_to_ring(alice, bob, carol)
        assert phone is bob
        a.hangup()
        await scene.settle()

    run(story())


def test_a_member_rings_after_its_delay_or_when_nobody_else_rings_any_more() -> None:
    async def story() -> None:
        later = {"number": "1002", "delay": 6}
        scene = Scene(team(members=("1001", later), ring_time=20))
        clock = asyncio.get_running_loop().time
        bob, carol = scene.phone("1001"), scene.phone("1002")
        a = scene.phone("1000").dial("1009")
        b = await bob.rings()
        b.progress(180)
        await expect(a, Ringing)
        c = await carol.rings()
        assert clock() == pytest.approx(6, abs=0.5)
        carol.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        assert (await expect(b, Ended)).reason == "CANCEL"
        a.hangup()
        await asyncio.sleep(1)

        began = clock()
        a = scene.phone("1000").dial("1009")
        (await bob.rings()).reject(486)
        c = await carol.rings()
        assert clock() - began < 1
        a.hangup()
        await asyncio.sleep(30)
        assert bob.asked.empty()
        assert carol.asked.empty()

        scene.registrations.where.pop("1001")
        began = clock()
        a = scene.phone("1000").dial("1009")
        await carol.rings()
        assert clock() - began < 1, "nobody rings before it"
        a.hangup()
        await scene.settle()

    run(story())


def test_the_caller_gives_up_before_a_delay_is_over() -> None:
    async def story() -> None:
        scene = Scene(team(members=("1001", {"number": "1002", "delay": 6})))
        bob, carol = scene.phone("1001"), scene.phone("1002")
        a = scene.phone("1000").dial("1009")
        b = await bob.rings()
        a.hangup()
        await expect(b, Ended)
        await scene.settle()
        assert carol.asked.empty()

    run(story())


# -- who is passed over ----------------------------------------------------------------------------


@pytest.mark.parametrize("skips", [False, True])
def test_members_who_talk_or_ring_are_passed_over_where_the_group_says_so(skips: bool) -> None:
    async def story() -> None:
        scene = Scene(team(skip_busy=skips))
        bob, carol = scene.phone("1001"), scene.phone("1002")
        own = bob.dial("600")
        await expect(own, Answered)
        own.acknowledge()
        a = scene.phone("1000").dial("1009")
        await carol.rings()
        await asyncio.sleep(1)
        assert bob.asked.empty() is skips
        if skips:
            second = scene.phone("1000").dial("1009")
            assert (await expect(second, Failed)).status == 486, "both are in use"
        own.hangup()
        a.hangup()
        await asyncio.sleep(1)
        while not bob.asked.empty():
            await bob.asked.get()
        again = scene.phone("1000").dial("1009")
        await bob.rings()
        again.hangup()
        await scene.settle()
        assert not any(scene.lines.are_used_by(number) for number in ("1000", "1001", "1002"))

    run(story())


def test_a_member_who_declines_speaks_for_itself_alone() -> None:
    async def story() -> None:
        scene = Scene(team())
        bob, bobs_other, carol = scene.phone("1001"), scene.phone("1001"), scene.phone("1002")
        a = scene.phone("1000").dial("1009")
        b, other, c = await bob.rings(), await bobs_other.rings(), await carol.rings()
        b.reject(603)
        assert (await expect(other, Ended)).reason == "CANCEL"
        carol.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()

    run(story())


def test_a_member_who_redirects_does_not_send_the_others_away() -> None:
    async def story() -> None:
        scene = Scene(team())
        bob, carol = scene.phone("1001"), scene.phone("1002")
        a = scene.phone("1000").dial("1009")
        (await bob.rings()).reject(302, [("Contact", "<sip:600@example.com>")])
        c = await carol.rings()
        carol.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()
        assert scene.record["destination"] == "1002"

    run(story())


# -- groups in groups ------------------------------------------------------------------------------


def test_a_group_in_a_group_stands_for_its_members_and_a_circle_rings_nobody_twice() -> None:
    async def story() -> None:
        inner = team("1008", ("1002", "1009", "1001"))
        scene = Scene(team(members=("1001", "1008")), inner)
        bob, carol = scene.phone("1001"), scene.phone("1002")
        a = scene.phone("1000").dial("1009")
        await bob.rings()
        await carol.rings()
        await asyncio.sleep(1)
        assert bob.asked.empty()
        a.hangup()
        await scene.settle()

    run(story())


def test_a_group_that_rings_at_once_is_one_round_of_a_group_in_turn() -> None:
    async def story() -> None:
        inner = team("1008", ("1002", "1004"))
        outer = team(members=("1001", "1008"), strategy="in-turn")
        scene = Scene(outer, inner, extension("1004"))
        phones = [scene.phone(number) for number in ("1001", "1002", "1004")]
        a = scene.phone("1000").dial("1009")
        (await phones[0].rings()).reject(486)
        legs = [await phone.rings() for phone in phones[1:]]
        for leg in legs:
            leg.reject(486)
        assert (await expect(a, Failed)).status == 486
        await scene.settle()

    run(story())


# -- overflow --------------------------------------------------------------------------------------


@pytest.mark.parametrize("why", ["busy", "declines", "no answer", "no phones"])
def test_nobody_takes_the_call_and_the_overflow_rings(why: str) -> None:
    async def story() -> None:
        scene = Scene(team(members=("1001",), overflow="1002"))
        carol = scene.phone("1002")
        bob = None if why == "no phones" else scene.phone("1001")
        a = scene.phone("1000").dial("1009")
        if bob is not None:
            b = await bob.rings()
            if why != "no answer":
                b.reject(486 if why == "busy" else 603)
        c = await carol.rings()
        assert "1009@example.com" in str(c.request.headers.get("Diversion"))
        carol.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()
        assert scene.record["destination"] == "1002"

    run(story())


def test_a_circle_of_overflows_ends_with_482() -> None:
    async def story() -> None:
        one = team("1008", ("1001",), overflow="1009")
        scene = Scene(team(members=("1001",), overflow="1008"), one)
        bob = scene.phone("1001")
        a = scene.phone("1000").dial("1009")
        for _ in range(2):
            (await bob.rings()).reject(486)
        assert (await expect(a, Failed)).status == 482
        await scene.settle()
        assert scene.record["reason"] == "forwarded in a circle"

    run(story())


def test_the_caller_gives_up_and_no_overflow_rings() -> None:
    async def story() -> None:
        scene = Scene(team(members=("1001",), overflow="1002"))
        bob, carol = scene.phone("1001"), scene.phone("1002")
        a = scene.phone("1000").dial("1009")
        b = await bob.rings()
        a.hangup()
        await expect(b, Ended)
        await scene.settle()
        assert carol.asked.empty()

    run(story())


def test_a_call_that_is_transferred_to_a_group_overflows_too() -> None:
    async def story() -> None:
        scene = Scene(team(members=("1002",), overflow="600"))
        alice, bob, carol = scene.phone("1000"), scene.phone("1001"), scene.phone("1002")
        a, _ = await connected(scene, alice, bob)
        (call,) = scene.calls
        moving = asyncio.ensure_future(
            call.ask(partial(scene.transfers.blind_transfer, call, call.callee, "1009"))
        )
        (await carol.rings()).reject(486)
        await moving
        assert call.callee.number == "600"
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize(("allowed", "status"), [("1009", None), ("1000", 403)])
def test_an_overflow_takes_the_routes_of_its_group(allowed: str, status: int | None) -> None:
    """Whoever calls the group gains nothing by it, and loses nothing."""

    async def story() -> None:
        route = Route(pattern="0*", extension="600", extensions=frozenset((allowed,)))
        scene = Scene(team(members=("1001",), overflow="0123"), routes=[route])
        a = scene.phone("1000").dial("1009")
        if status is None:
            await expect(a, Answered)
            a.acknowledge()
            a.hangup()
        else:
            assert (await expect(a, Failed)).status == status
        await scene.settle()

    run(story())
