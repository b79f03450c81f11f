"""Calls that ring one phone and are taken by another: codes, Replaces on early dialogs, rights."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from softswitch.calls.call.call import Call
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.extension import Extension
from softswitch.sip.events import Acknowledged, Answered, Ended, Failed, Ringing
from tests.calls.extensions import extension
from tests.calls.scene import FakePort, Phone, Scene, expect, sdp
from tests.calls.virtual_time import run

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
NOBODY = "speak There is no call to pick up. None None"


def desk(number: str, *groups: str) -> Extension:
    """A phone in pickup groups."""
    return extension(number, name=f"Desk {number}", pickup_groups=groups)


def office(**more: Any) -> Scene:
    """1001 and 1002 sell, 1003 does not."""
    desks = [desk("1001", "sales"), desk("1002", "support", "sales"), desk("1003", "support")]
    return Scene(*desks, **more)


async def ringing(scene: Scene, offer: bytes | None = b"") -> tuple[Phone, Leg, Leg]:
    """Anna calls Ben, whose phone rings; the phone that rings, and both legs."""
    anna, ben = scene.phone("1000"), scene.phone("1001")
    a = anna.dial("1001", offer)
    b = await ben.rings()
    b.progress(180)
    await expect(a, Ringing)
    return ben, a, b


async def taken(scene: Scene, a: Leg, c: Leg, b: Leg) -> Call:
    """Carl's phone and Anna's talk, and Ben's has been told so."""
    answered = await expect(c, Answered)
    c.acknowledge(sdp("10.0.0.3", 6000) if not c.request.body else None)
    assert b"m=audio" in answered.sdp
    assert (await expect(b, Ended)).reason == "CANCEL"
    assert b.ended.result().headers.get("Reason") == ELSEWHERE  # type: ignore[union-attr]
    at_a = await expect(a, Answered)
    assert b"m=audio" in at_a.sdp
    a.acknowledge(sdp() if not a.request.body else None)
    await asyncio.sleep(1)
    (call,) = scene.calls
    one, other = (party.audio.port for party in call.parties)
    assert isinstance(one, FakePort)
    assert one.hears is other
    assert call.state.value == "InCall"
    assert call.callee.number == call.callee.extension == "1002"
    assert len(scene.workers.opened) == 2
    return call


def early(leg: Leg) -> tuple[str, str, str]:
    """The dialog of a phone that rings, as a lamp shows it: Call-ID, its tag, ours."""
    dialog = leg.usage.dialog
    return leg.call_id, dialog.local.tag, dialog.remote.tag  # type: ignore[union-attr]


@pytest.mark.parametrize("dialled", ["*8", "*8%23", "**1001", "**1001%23"])
@pytest.mark.parametrize("late", ["", "caller", "picker"])
def test_a_call_is_picked_up_by_code(dialled: str, late: str) -> None:
    async def story() -> None:
        scene = office(workers=2)
        _, a, b = await ringing(scene, None if late == "caller" else b"")
        c = scene.phone("1002").dial(dialled, None if late == "picker" else b"")
        call = await taken(scene, a, c, b)
        c.hangup()
        await expect(a, Ended)
        await scene.settle()
        first, second = scene.journal.records().values()
        assert (first["outcome"], first["destination"]) == ("answered", "1002")
        assert first["ended_by"] == "callee"
        assert second["chain"] == call.id
        assert (second["outcome"], second["reason"]) == ("answered", "picked up")
        whats = [step["what"] for step in first["steps"]]
        assert whats == ["rang", "picked up"]
        assert first["steps"][1]["by"] == "1002"
        assert first["steps"][1]["number"] == "1001"

    run(story())


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("more", ["", ";early-only"])
def test_a_call_is_picked_up_by_the_key_of_a_lamp(turned: bool, more: str) -> None:
    async def story() -> None:
        scene = office()
        _, a, b = await ringing(scene)
        call_id, ours, theirs = early(b)
        tags = (ours, theirs) if turned else (theirs, ours)
        named = f"{call_id};to-tag={tags[0]};from-tag={tags[1]}{more}"
        c = scene.phone("1002").dial("1001", headers=[("Replaces", named)])
        await taken(scene, a, c, b)
        a.hangup()
        await expect(c, Ended)
        await scene.settle()

    run(story())


def test_the_other_phone_of_the_extension_takes_the_call_without_a_group() -> None:
    async def story() -> None:
        scene = Scene()
        _, a, b = await ringing(scene)
        c = scene.phone("1001", registered=False).dial("**1001")
        await expect(c, Answered)
        c.acknowledge()
        await expect(b, Ended)
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(1)
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize("number", ["1003", "1000"])
@pytest.mark.parametrize("way", ["*8", "**1001", "replaces"])
def test_nobody_picks_up_outside_of_the_groups(number: str, way: str) -> None:
    async def story() -> None:
        scene = office()
        ben, a, b = await ringing(scene)
        other = scene.phone(number, registered=False)
        if way == "replaces":
            call_id, ours, theirs = early(b)
            header = ("Replaces", f"{call_id};to-tag={theirs};from-tag={ours}")
            assert (await expect(other.dial("1001", headers=[header]), Failed)).status == 403
        else:
            c = other.dial(way)
            await expect(c, Answered)
            c.acknowledge()
            await asyncio.sleep(0.1)
            spoken = [port.played for port in scene.workers.opened if port.played]
            assert spoken[0][0].startswith("speak There is no call to pick up")
            await expect(c, Ended)
        assert not b.ended.done()
        ben.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("offer", "status"), [(sdp(codecs="18"), 488), (sdp(port=0), 488), (b"v=rubbish", 400)]
)
def test_a_picker_that_does_not_fit_leaves_the_others_ringing(offer: bytes, status: int) -> None:
    async def story() -> None:
        scene = office()
        ben, a, b = await ringing(scene)
        c = scene.phone("1002").dial("*8", offer)
        assert (await expect(c, Failed)).status == status
        assert not b.ended.done()
        ben.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(1)
        (call,) = scene.calls
        assert call.callee.number == "1001"
        a.hangup()
        await scene.settle()

    run(story())


def test_no_port_for_the_picker_leaves_the_others_ringing() -> None:
    async def story() -> None:
        scene = office()
        ben, a, b = await ringing(scene)
        scene.workers.free = len(scene.workers.opened)
        c = scene.phone("1002").dial("*8")
        assert (await expect(c, Failed)).status == 503
        ben.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()

    run(story())


def test_two_pick_up_at_once_and_one_gets_the_call() -> None:
    async def story() -> None:
        scene = Scene(*(desk(number, "sales") for number in ("1001", "1002", "1003")))
        _, a, b = await ringing(scene)
        c, d = scene.phone("1002").dial("*8"), scene.phone("1003").dial("*8")
        for leg in (c, d):
            await expect(leg, Answered)
            leg.acknowledge()
        await expect(b, Ended)
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(10)
        assert c.ended.done() != d.ended.done()
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize("who", ["caller", "picker"])
def test_who_hangs_up_meanwhile_leaves_nothing(who: str) -> None:
    async def story() -> None:
        scene = office()
        _, a, b = await ringing(scene)
        c = scene.phone("1002").dial("*8")
        (a if who == "caller" else c).hangup()
        await asyncio.sleep(5)
        await expect(b, Ended)
        a.hangup()
        c.hangup()
        await scene.settle()

    run(story())


def test_a_picker_whose_ack_never_comes_leaves_the_others_ringing() -> None:
    async def story() -> None:
        scene = office()
        ben, a, b = await ringing(scene)
        scene.network.lose = lambda line: line.startswith("p1002") and "ACK" in line
        c = scene.phone("1002").dial("*8", None)
        await expect(c, Answered)
        c.acknowledge(sdp())
        await asyncio.sleep(40)
        assert c.ended.done()
        assert not b.ended.done()
        ben.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()

    run(story())


def test_the_target_of_a_transfer_is_picked_up() -> None:
    async def story() -> None:
        scene = Scene(desk("1001", "sales"), desk("1002", "sales"), desk("1004"))
        anna, dora = scene.phone("1000"), scene.phone("1004")
        ben = scene.phone("1001")
        a = anna.dial("1004")
        d = await dora.rings()
        dora.answer(d)
        await expect(a, Answered)
        a.acknowledge()
        await expect(d, Acknowledged)
        await asyncio.sleep(1)
        d.take("NOTIFY")
        await d.ask("REFER", [("Refer-To", "<sip:1001@example.com>")])
        b = await ben.rings()
        b.progress(180)
        await asyncio.sleep(1)
        c = scene.phone("1002").dial("*8")
        await expect(c, Answered)
        c.acknowledge()
        await expect(b, Ended)
        await d.ended
        await asyncio.sleep(1)
        (call,) = scene.calls
        one, other = (party.audio.port for party in call.parties)
        assert isinstance(one, FakePort)
        assert one.hears is other
        assert {party.number for party in call.parties} == {"1000", "1002"}
        c.hangup()
        await expect(a, Ended)
        await scene.settle()

    run(story())
