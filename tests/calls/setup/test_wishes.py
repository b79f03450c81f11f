"""Forwarding, do not disturb, a bound of calls: whoever calls, and however the call came about."""

from __future__ import annotations

import asyncio
from functools import partial
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest

from softswitch.calls.call.party import Side
from softswitch.calls.endings.endings import NotReached
from softswitch.calls.features.features import ChosenFeatures, ForwardTo
from softswitch.calls.kinds.conference import CONFERENCE
from softswitch.calls.kinds.group import GROUP
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.routing import Routing, Unroutable
from softswitch.calls.numbers.rules.emergency import EmergencyTerms
from softswitch.calls.numbers.rules.route import Route
from softswitch.calls.numbers.rules.rules import Rules
from softswitch.calls.setup.interception import Hop, Question
from softswitch.calls.setup.wishes import check_forward
from softswitch.sip.events import Acknowledged, Answered, Ended, Failed, Ringing
from tests.calls.extensions import extension
from tests.calls.numbers.test_trunks import Stage, calls_in, trunk
from tests.calls.scene import Phone, Scene, connected, expect
from tests.calls.setup.test_diversion import told
from tests.calls.transfer.test_transfer import transfer
from tests.calls.virtual_time import run


async def answers(scene: Scene, caller: Leg, phone: Phone) -> Leg:
    """Let a phone answer the call of a caller; its leg."""
    leg = await phone.rings()
    phone.answer(leg)
    while not isinstance(event := await caller.event(), Answered):
        assert not isinstance(event, Failed), event
    caller.acknowledge()
    await expect(leg, Acknowledged)
    return leg


async def ends(caller: Leg) -> int:
    """The status that a caller hears."""
    while not isinstance(event := await caller.event(), Failed):
        pass
    return int(event.status)


async def choose(scene: Scene, number: str, **features: Any) -> None:
    """Change features as a code or the web API does."""
    await scene.plan.features.change(
        number, "test", lambda chosen: msgspec.structs.replace(chosen, **features)
    )


def test_all_calls_are_forwarded_and_the_phone_does_not_ring() -> None:
    async def story() -> None:
        scene = Scene(extension("1001", forward_always="1002"))
        alice, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a = alice.dial("1001")
        assert (await expect(a, Ringing)).status == 181
        c = await answers(scene, a, carol)
        diversion, history = told(c.request.headers)
        assert diversion == ["<sip:1001@example.com>;reason=unconditional;counter=1"]
        assert history == [
            "<sip:1001@example.com?Reason=SIP%3Bcause%3D302>;index=1",
            "<sip:1002@10.0.0.3>;index=1.1;mp=1",
        ]
        assert bob.asked.empty()
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("feature", "refusal", "reason", "cause"),
    [
        ("forward_busy", 486, "user-busy", 486),
        ("forward_busy", 600, "user-busy", 486),
        ("forward_busy", 603, "user-busy", 486),
        ("forward_no_answer", None, "no-answer", 408),
        ("forward_no_answer", 480, "no-answer", 408),
        ("forward_not_registered", "away", "unavailable", 503),
        ("forward_no_answer", "away", "no-answer", 408),
    ],
)
def test_a_call_goes_on_when_the_extension_does_not_take_it(
    feature: str, refusal: Any, reason: str, cause: int
) -> None:
    async def story() -> None:
        scene = Scene(extension("1001", forward_after=7, **{feature: "1002"}))
        alice, carol = scene.phone("1000"), scene.phone("1002")
        bob = scene.phone("1001", registered=refusal != "away")
        loop = asyncio.get_running_loop()
        begun = loop.time()
        a = alice.dial("1001")
        if refusal != "away":
            b = await bob.rings()
            b.progress(180)
            if refusal is not None:
                b.reject(refusal)
        c = await answers(scene, a, carol)
        if refusal is None:
            assert 6.9 < loop.time() - begun < 7.5
        diversion, history = told(c.request.headers)
        assert diversion == [f"<sip:1001@example.com>;reason={reason};counter=1"]
        assert f"cause%3D{cause}>" in history[0]
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("feature", "refusal", "status"),
    [
        ("forward_no_answer", 486, 486),
        ("forward_busy", None, 480),
        ("forward_not_registered", 486, 486),
        ("forward_busy", 404, 404),
        ("forward_no_answer", 488, 488),
    ],
)
def test_a_call_ends_when_another_condition_is_forwarded(
    feature: str, refusal: int | None, status: int
) -> None:
    async def story() -> None:
        scene = Scene(extension("1001", ring_time=5, **{feature: "1002"}))
        alice, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a = alice.dial("1001")
        b = await bob.rings()
        if refusal is not None:
            b.reject(refusal)
        assert await ends(a) == status
        assert carol.asked.empty()
        await scene.settle()

    run(story())


def test_a_caller_who_gives_up_is_not_forwarded() -> None:
    async def story() -> None:
        scene = Scene(extension("1001", forward_busy="1002", forward_no_answer="1002"))
        alice, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a = alice.dial("1001")
        b = await bob.rings()
        b.progress(180)
        await asyncio.sleep(1)
        a.hangup()
        await scene.settle()
        assert carol.asked.empty()
        assert scene.record["outcome"] == "cancelled"

    run(story())


@pytest.mark.parametrize("numbers", [("1001",), ("1001", "1002"), ("1001", "1002", "1003")])
def test_circles_end_with_482(numbers: tuple[str, ...]) -> None:
    async def story() -> None:
        following = (*numbers[1:], numbers[0])
        circle = [
            extension(number, forward_always=target)
            for number, target in zip(numbers, following, strict=True)
        ]
        scene = Scene(*circle)
        a = scene.phone("1000").dial("1001")
        assert await ends(a) == 482
        await scene.settle()

    run(story())


def test_a_circle_through_busy_and_no_answer_ends_with_482() -> None:
    async def story() -> None:
        scene = Scene(
            extension("1001", forward_busy="1002"), extension("1002", forward_no_answer="1001")
        )
        alice, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a = alice.dial("1001")
        (await bob.rings()).reject(486)
        await carol.rings()
        assert await ends(a) == 482
        await scene.settle()

    run(story())


def test_a_chain_longer_than_may_be_ends_with_482() -> None:
    async def story() -> None:
        chain = [extension(f"20{n:02}", forward_always=f"20{n + 1:02}") for n in range(9)]
        scene = Scene(*chain, extension("2009"))
        a = scene.phone("1000").dial("2000")
        assert await ends(a) == 482
        await scene.settle()

    run(story())


def test_the_one_to_whom_all_calls_go_reaches_the_extension() -> None:
    async def story() -> None:
        scene = Scene(extension("1001", forward_always="1002"))
        bob, carol = scene.phone("1001"), scene.phone("1002")
        c = carol.dial("1001")
        await answers(scene, c, bob)
        c.hangup()
        await scene.settle()

    run(story())


def test_do_not_disturb_is_busy_and_no_phone_rings() -> None:
    async def story() -> None:
        scene = Scene(extension("1001", do_not_disturb=True))
        alice, bob = scene.phone("1000"), scene.phone("1001")
        assert await ends(alice.dial("1001")) == 486
        assert bob.asked.empty()
        assert scene.record["outcome"] == "rejected"
        b = bob.dial("1000")
        await answers(scene, b, alice)
        b.hangup()
        await scene.settle()

    run(story())


def test_do_not_disturb_forwards_as_busy() -> None:
    async def story() -> None:
        scene = Scene(extension("1001", do_not_disturb=True, forward_busy="1002"))
        alice, carol = scene.phone("1000"), scene.phone("1002")
        a = alice.dial("1001")
        c = await answers(scene, a, carol)
        assert told(c.request.headers)[0] == [
            "<sip:1001@example.com>;reason=do-not-disturb;counter=1"
        ]
        a.hangup()
        await scene.settle()

    run(story())


def test_a_group_passes_over_members_who_are_not_to_be_disturbed() -> None:
    async def story() -> None:
        scene = Scene(
            extension("1001", do_not_disturb=True),
            extension("500", GROUP, members=("1001", "1002")),
        )
        alice, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a = alice.dial("500")
        await answers(scene, a, carol)
        assert bob.asked.empty()
        a.hangup()
        await scene.settle()

    run(story())


def test_without_call_waiting_a_second_caller_hears_busy() -> None:
    async def story() -> None:
        scene = Scene(extension("1001", max_calls=1), extension("1003"))
        alice, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a = alice.dial("1001")
        b = await bob.rings()
        assert await ends(carol.dial("1001")) == 486  # it rings already
        bob.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        assert await ends(carol.dial("1001")) == 486
        a.hangup()
        await asyncio.sleep(1)
        c = carol.dial("1001")
        await answers(scene, c, bob)
        c.hangup()
        await asyncio.sleep(1)
        d = bob.dial("1002")  # a call that it makes counts, too
        await answers(scene, d, carol)
        assert await ends(alice.dial("1001")) == 486
        d.hangup()
        await scene.settle()

    run(story())


# -- toll fraud ------------------------------------------------------------------------------------


INWARD = Route(pattern="4930*", extension="1001")
PREMIUM = Route(pattern="0900*", trunk="carrier", extensions=frozenset(("1000",)))


@pytest.mark.parametrize(
    ("outside", "target", "reached"),
    [(False, "030123", False), (True, "030123", True), (True, "0900123", False)],
)
@pytest.mark.parametrize("caller", ["phone", "trunk", "command"])
def test_only_the_rights_of_the_extension_lead_outside(
    outside: bool, target: str, reached: bool, caller: str
) -> None:
    """1000 may call 0900, and commands may call everything; 1001 that forwards may not."""

    async def story() -> None:
        stage = Stage(
            trunk(networks=(ip_network("10.0.0.2/32"),)),
            routes=(INWARD, PREMIUM, Route(pattern="030*", trunk="carrier")),
            extensions=(extension("1001", forward_always=target, forward_outside=outside),),
        )
        scene = stage.scene
        if caller == "command":
            call = scene.calls.new(("1000", ""), "1001")
            scene.tasks.begin(call, partial(scene.answering.begin, ring_time=None))
        elif caller == "trunk":
            a = calls_in(stage, "sip:4930100@192.0.2.1")
        else:
            a = stage.alice.dial("1001")
        if reached:
            c = await stage.carrier.rings()
            assert told(c.request.headers)[0] == [
                "<sip:1001@example.com>;reason=unconditional;counter=1"
            ]
            c.reject(486)
        if caller == "command":
            ending = await call.ended
            assert ending.status == (486 if reached else 403)
        else:
            assert await ends(a) == (486 if reached else 403)
        assert stage.carrier.asked.empty()
        await scene.settle()

    run(story())


def test_no_call_is_forwarded_to_an_emergency_number() -> None:
    async def story() -> None:
        terms = EmergencyTerms(numbers=frozenset(("112",)), trunks=("carrier",))
        allowed = extension("1001", forward_always="112", forward_outside=True)
        stage = Stage(trunk(), routes=(), extensions=(allowed,))
        plan = stage.scene.plan
        plan.routing.exchange(Routing(plan.directory, ["example.com"], Rules(emergency=terms)))
        assert await ends(stage.alice.dial("1001")) == 404
        with pytest.raises(Unroutable) as caught:
            check_forward(stage.scene.plan, allowed, "112")
        assert caught.value.status == 403
        a = stage.alice.dial("112")
        (await stage.carrier.rings()).reject(486)
        assert await ends(a) == 486
        await stage.scene.settle()

    run(story())


def outward(**more: Any) -> Stage:
    """A switch whose 1001 forwards all calls outside, with a carrier that knows its number."""
    return Stage(
        trunk(networks=(ip_network("10.0.0.2/32"),)),
        routes=(INWARD, Route(pattern="030*", trunk="carrier")),
        extensions=(extension("1001", forward_always="030123", forward_outside=True),),
    )


def test_a_call_that_the_trunk_brings_back_ends_with_482() -> None:
    async def story() -> None:
        stage = outward()
        a = stage.alice.dial("1001")
        c = await stage.carrier.rings()
        ways = [("Diversion", value) for value in c.request.headers.values("Diversion")]
        back = calls_in(stage, "sip:4930100@192.0.2.1", headers=ways)
        assert await ends(back) == 482
        c.reject(482)
        assert await ends(a) == 482
        await stage.scene.settle()

    run(story())


@pytest.mark.parametrize("way", ["<sip:1001@elsewhere.example>", "<tel:1001>", "nonsense <"])
def test_a_way_that_is_not_ours_is_no_circle(way: str) -> None:
    async def story() -> None:
        stage = outward()
        a = calls_in(stage, "sip:4930100@192.0.2.1", headers=[("Diversion", way)])
        (await stage.carrier.rings()).reject(486)
        assert await ends(a) == 486
        await stage.scene.settle()

    run(story())


def test_a_trunk_that_tells_nothing_and_brings_calls_back_ends_with_482_too() -> None:
    async def story() -> None:
        stage = outward()
        a = stage.alice.dial("1001")
        turns, refused = [], None
        while refused is None:
            turns.append(await stage.carrier.rings())
            assert len(turns) < 20, "it goes on for ever"
            back = calls_in(stage, "sip:4930100@192.0.2.1")
            await asyncio.sleep(0.1)
            if stage.carrier.asked.empty():
                refused = await ends(back)
        assert refused == 482
        for turn in turns:
            turn.reject(482)
        assert await ends(a) == 482
        await stage.scene.settle()

    run(story())


# -- however the call came about -------------------------------------------------------------------


def test_a_transfer_follows_the_forward_of_its_target() -> None:
    async def story() -> None:
        scene = Scene(extension("1002", forward_always="1003"), extension("1003"))
        alice, bob = scene.phone("1000"), scene.phone("1001")
        carol, dave = scene.phone("1002"), scene.phone("1003")
        a, b = await connected(scene, alice, bob)
        (call,) = scene.calls
        moving = asyncio.create_task(transfer(scene, call, Side.CALLEE, "1002"))
        d = await dave.rings()
        assert told(d.request.headers)[0] == [
            "<sip:1002@example.com>;reason=unconditional;counter=1"
        ]
        dave.answer(d)
        await moving
        await expect(b, Ended)
        assert carol.asked.empty()
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"do_not_disturb": True}, 486),
        ({"forward_always": "030123", "forward_outside": False}, 403),
        ({"forward_always": "1002"}, 482),
    ],
)
def test_a_transfer_that_is_refused_leaves_the_call_as_it_was(
    settings: dict[str, Any], status: int
) -> None:
    async def story() -> None:
        stage = Stage(trunk(), extensions=(extension("1002", **settings),))
        scene, alice = stage.scene, stage.alice
        a, b = await connected(scene, alice, scene.phone("1001"))
        (call,) = scene.calls
        with pytest.raises(NotReached) as caught:
            await transfer(scene, call, Side.CALLEE, "1002")
        assert caught.value.ending.status == status
        assert call.state.value == "InCall"
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_a_command_that_calls_both_follows_forwards() -> None:
    async def story() -> None:
        scene = Scene(extension("1001", forward_no_answer="1002", forward_after=3))
        alice, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        call = scene.calls.new(("1000", ""), "1001")
        scene.tasks.begin(call, partial(scene.answering.begin_both, ring_time=None))
        a = await alice.rings()
        alice.answer(a)
        b = await bob.rings()
        b.progress(180)
        c = await carol.rings()
        carol.answer(c)
        await asyncio.sleep(1)
        await expect(a, Acknowledged)
        a.hangup()
        await scene.settle()

    run(story())


def test_a_call_that_an_application_sends_follows_forwards() -> None:
    async def story() -> None:
        async def ask(question: Question) -> Hop | None:
            return Hop("1001", 30) if question.state == "Calling" else None

        scene = Scene(extension("1001", forward_always="1002"), ask=ask)
        alice, carol = scene.phone("1000"), scene.phone("1002")
        a = alice.dial("1001")
        await answers(scene, a, carol)
        a.hangup()
        await scene.settle()

    run(story())


def test_a_conference_can_be_where_calls_go() -> None:
    async def story() -> None:
        scene = Scene(extension("3000", CONFERENCE), extension("1001", forward_always="3000"))
        a = scene.phone("1000").dial("1001")
        assert (await expect(a, Ringing)).status == 181
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(1)
        a.hangup()
        await scene.settle()

    run(story())


# -- changed while running -------------------------------------------------------------------------


def test_a_change_counts_for_the_next_call_and_null_is_what_the_settings_say() -> None:
    async def story() -> None:
        scene = Scene(extension("1001", forward_always="1002"))
        alice, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        await choose(scene, "1001", forward_always=ForwardTo(number="1002", on=False))
        a = alice.dial("1001")
        await answers(scene, a, bob)
        a.hangup()
        await choose(scene, "1001", forward_always=None)
        a = alice.dial("1001")
        await answers(scene, a, carol)
        a.hangup()
        assert scene.plan.features.chosen("1001").features == ChosenFeatures()
        await scene.settle()

    run(story())


def test_a_removed_target_leads_to_404() -> None:
    async def story() -> None:
        scene = Scene()
        await choose(scene, "1001", forward_always=ForwardTo(number="1009"))
        assert await ends(scene.phone("1000").dial("1001")) == 404
        await scene.settle()

    run(story())


def test_extensions_of_other_kinds_have_no_features() -> None:
    async def story() -> None:
        scene = Scene()
        await choose(scene, "600", forward_always=ForwardTo(number="1002"))
        a = scene.phone("1000").dial("600")
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()

    run(story())
