"""Recordings of calls whose parties change: whose channel it is, whose keys count, when it ends."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Side
from softswitch.sip.events import Acknowledged, Ended
from tests.calls.scene import FakePort, FakeRecording, Phone, Scene, connected, expect
from tests.calls.transfer.test_transfer import transfer
from tests.calls.virtual_time import run


def begin(call: Call, **more: str | bool) -> FakeRecording:
    recording = call.recordings.begin(call.parties, "a.wav", kind="wav", **more)  # type: ignore[arg-type]
    assert isinstance(recording, FakeRecording)
    return recording


def ports(call: Call) -> list[FakePort]:
    return [party.audio.port for party in call.parties if isinstance(party.audio.port, FakePort)]


async def move(scene: Scene, call: Call, leaving: Side, target: Phone) -> None:
    """Transfer a call blindly, to a phone that answers."""
    moving = asyncio.create_task(transfer(scene, call, leaving, target.number))
    leg = await target.rings()
    target.answer(leg)
    await moving
    await expect(leg, Acknowledged)


@pytest.mark.parametrize("leaving", [Side.CALLER, Side.CALLEE])
def test_who_comes_takes_the_channel_and_its_keys_count(leaving: Side) -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        (call,) = scene.calls
        recording = begin(call, finish_keys="#", mute_keys=True)
        assert recording.sides == ports(call)
        gone = ports(call)[0 if leaving is Side.CALLER else 1]
        await move(scene, call, leaving, carl)
        assert recording.sides == ports(call)
        assert gone not in recording.sides
        assert all(port.keys_muted for port in ports(call))
        newcomer = ports(call)[0 if leaving is Side.CALLER else 1]
        newcomer.keys("12")
        assert not recording.done.done()
        newcomer.keys("#")
        assert recording.done.done()
        await asyncio.sleep(1)
        assert not any(port.keys_muted for port in ports(call))
        assert len(call.recordings) == 0
        (b if leaving is Side.CALLER else a).hangup()
        await scene.settle()

    run(story())


def test_the_key_that_ends_a_recording_answers_no_question_after_it() -> None:
    async def story() -> None:
        scene = Scene()
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        keys = call.caller.hear_keys()
        recording = begin(call, finish_keys="#")
        ports(call)[0].keys("4#")
        assert recording.done.done()
        ports(call)[0].keys("1")
        assert [await keys.next(), await keys.next()] == ["4", "1"]
        a.hangup()
        await scene.settle()

    run(story())


def test_a_recording_ends_with_its_call_although_a_party_of_it_goes_on() -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        second, c = await connected(scene, ben, carl)
        first, other = scene.calls
        of_first, of_other = begin(first), begin(other)
        await scene.transfers.attended_transfer(first, first.callee, other, other.caller)
        for leg in (b, second):
            await expect(leg, Ended)
        assert of_first.sides == ports(first)
        assert not of_first.done.done()
        await asyncio.sleep(1)
        assert of_other.done.done()
        a.hangup()
        await expect(c, Ended)
        await scene.settle()
        assert of_first.done.done()

    run(story())
