"""Reliable provisional responses, and offers while it rings, on either leg (RFC 3262, 3311)."""

from __future__ import annotations

import asyncio
from typing import Any

from softswitch.calls.leg.leg import Leg
from softswitch.sip.events import Acknowledged, Answered, Reoffered, Ringing
from tests.calls.scene import Phone, Scene, expect, sdp
from tests.calls.virtual_time import run


async def hears_early(alice: Phone, bob: Phone, **more: Any) -> tuple[Leg, Leg]:
    """Let alice call bob, and hear the early media of his side."""
    a = alice.dial(bob.number, **more)
    b = await bob.rings()
    b.progress(183, sdp(bob.host.address[0], 5000))
    await expect(a, Ringing)
    await asyncio.sleep(0.1)
    return a, b


def test_early_media_reaches_a_caller_that_wants_it_reliably() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001", headers=[("Require", "100rel")])
        b = await bob.rings()
        b.usage.provisionals._supported = False
        b.progress(183, sdp("10.0.0.2", 5000))
        early = await expect(a, Ringing)
        assert b"192.0.2.1" in (early.sdp or b"")
        await asyncio.sleep(0.1)
        log = scene.network.log
        assert f"{alice.host.name}>switch PRACK" in log
        # The other leg has its own rules: the callee's 183 wanted no PRACK.
        assert f"switch>{bob.host.name} PRACK" not in log
        bob.answer(b)
        answered = await expect(a, Answered)
        assert answered.sdp == early.sdp
        a.acknowledge()
        await expect(b, Acknowledged)
        assert scene.workers.all[0].hears is scene.workers.all[1]
        a.hangup()
        await scene.settle()
        assert scene.record["outcome"] == "answered"

    run(story())


def test_a_callee_s_reliable_early_media_reaches_a_caller_without_prack() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001")
        b = await bob.rings()
        b.usage.provisionals._demanded = True
        b.progress(183, sdp("10.0.0.2", 5000))
        early = await expect(a, Ringing)
        assert early.sdp is not None
        await asyncio.sleep(0.1)
        assert f"switch>{bob.host.name} PRACK" in scene.network.log
        assert f"{alice.host.name}>switch PRACK" not in scene.network.log
        bob.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()

    run(story())


def test_a_phone_that_rings_changes_its_early_media() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a, b = await hears_early(alice, bob)
        dialog = b.usage.dialog
        update = dialog.next_request("UPDATE", body=sdp("10.0.0.2", 6000, version=2))
        bob.host.ask(update, dialog.flow)
        await asyncio.sleep(0.1)
        assert f"switch>{bob.host.name} 200 UPDATE +sdp" in scene.network.log
        assert ("10.0.0.2", 6000) in {port.last["remote"] for port in scene.workers.all}
        b.accept(b"")
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(0.1)
        assert ("10.0.0.2", 6000) in {port.last["remote"] for port in scene.workers.all}
        a.hangup()
        await scene.settle()

    run(story())


def test_a_caller_offers_anew_while_it_rings() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a, b = await hears_early(alice, bob, headers=[("Supported", "100rel")])
        (dialog,) = a.usage.early.values()
        update = dialog.next_request("UPDATE", body=sdp("10.0.0.1", 4400, version=2))
        alice.host.ask(update, dialog.flow)
        await asyncio.sleep(0.1)
        assert f"switch>{alice.host.name} 200 UPDATE +sdp" in scene.network.log
        assert ("10.0.0.1", 4400) in {port.last["remote"] for port in scene.workers.all}
        assert f"switch>{bob.host.name} UPDATE" not in scene.network.log
        bob.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()

    run(story())


def test_two_phones_that_ring_cannot_change_their_early_media() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob, other = (scene.phone(number) for number in ("1000", "1001", "1001"))
        a = alice.dial("1001")
        b, _ = await bob.rings(), await other.rings()
        b.progress(183, sdp("10.0.0.2", 5000))
        await expect(a, Ringing)
        await asyncio.sleep(0.1)
        dialog = b.usage.dialog
        bob.host.ask(dialog.next_request("UPDATE", body=sdp("10.0.0.2", 6000)), dialog.flow)
        await asyncio.sleep(0.1)
        assert f"switch>{bob.host.name} 488 UPDATE" in scene.network.log
        a.hangup()
        await scene.settle()

    run(story())


def test_the_answer_of_another_phone_than_the_one_with_early_media_is_offered_anew() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob, other = (scene.phone(number) for number in ("1000", "1001", "1001"))
        a = alice.dial("1001", headers=[("Require", "100rel")])
        b, o = await bob.rings(), await other.rings()
        b.progress(183, sdp("10.0.0.2", 5000, codecs="0 101"))
        await expect(a, Ringing)
        await asyncio.sleep(0.1)
        other.answer(o, codecs="8 101")
        answered = await expect(a, Answered)
        a.acknowledge()
        offered = await expect(a, Reoffered)
        assert answered.sdp != offered.sdp
        a.answer_reoffer(sdp("10.0.0.1", 4000, codecs="8 101", version=2))
        await asyncio.sleep(0.5)
        caller = next(p for p in scene.workers.all if p.last["remote"] == ("10.0.0.1", 4000))
        assert [codec.name for codec in caller.last["codecs"]][:1] == ["PCMA"]
        a.hangup()
        await scene.settle()
        assert scene.record["outcome"] == "answered"

    run(story())
