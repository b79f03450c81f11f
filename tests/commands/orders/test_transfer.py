"""Transfers and forwarding by commands: who leaves, who is told, and what a failure leaves."""

from __future__ import annotations

import asyncio

from softswitch.sip.events import Acknowledged, Ended, Ringing
from tests.calls.scene import connected, expect
from tests.ozml.scene import ScriptScene, script_scene, story

DONE = "http://app.example/done"


async def transferred(scene: ScriptScene, **fields: str) -> asyncio.Task[object]:
    return asyncio.create_task(scene.command("BlindTransfer", fields.pop("Target"), **fields))


@story
async def test_a_transfer_connects_who_stays_and_tells_of_the_end() -> None:
    async with script_scene() as scene:
        anna, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, bob)
        (call,) = scene.calls
        moving = await transferred(
            scene, CallId=call.id, Target="1002", TransferorParty="caller", FinishedUrl=DONE
        )
        c = await carol.rings()
        carol.answer(c)
        await moving
        await expect(a, Ended)
        await expect(c, Acknowledged)
        await asyncio.sleep(3)
        c.hangup()
        await expect(b, Ended)
        await asyncio.sleep(1)
        to, told = scene.web.told[-1]
        assert (to, told["NotificationName"]) == (DONE, "CallFinished")
        assert (told["CallId"], told["Caller"], told["Callee"]) == (call.id, "1002", "1001")


@story
async def test_a_transfer_that_fails_leaves_the_call_as_it_was_and_says_why() -> None:
    async with script_scene() as scene:
        anna, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, bob)
        (call,) = scene.calls
        fields = {"CallId": call.id, "TransferorParty": "callee"}
        moving = await transferred(scene, Target="1002@localhost", **fields)
        (await carol.rings()).reject(486)
        (error,) = await asyncio.gather(moving, return_exceptions=True)
        assert getattr(error, "code", 0) == 402
        assert "'1002' failed with result state 'Busy'" in str(error)
        moving = await transferred(scene, Target="4242", **fields)
        (error,) = await asyncio.gather(moving, return_exceptions=True)
        assert "NotFound" in str(error)
        assert scene.states[-1] == "InCall"
        a.hangup()
        await expect(b, Ended)


@story
async def test_an_attended_transfer_joins_those_that_the_shared_number_has_called() -> None:
    async with script_scene() as scene:
        anna, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, bob)
        second, c = await connected(scene, bob, carol)
        first, other = scene.calls
        gone = await scene.refused(
            "AttendedTransfer", TransferredCallId=first.id, TargetCallId="gone"
        )
        assert gone.code == 601
        await scene.command("AttendedTransfer", TransferredCallId=first.id, TargetCallId=other.id)
        await expect(b, Ended)
        await expect(second, Ended)
        await asyncio.sleep(1)
        assert (first.caller.number, first.callee.number) == ("1000", "1002")
        c.hangup()
        await expect(a, Ended)


@story
async def test_the_party_that_is_named_leaves_both_calls_of_an_attended_transfer() -> None:
    async with script_scene() as scene:
        anna, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, bob)
        second, c = await connected(scene, bob, carol)
        first, other = scene.calls
        await scene.command(
            "AttendedTransfer",
            TransferredCallId=first.id,
            TargetCallId=other.id,
            TransferorParty="callee",
        )
        await expect(b, Ended)
        await expect(second, Ended)
        await asyncio.sleep(1)
        a.hangup()
        await asyncio.sleep(1)
        assert c.ended.done()


@story
async def test_a_call_that_rings_is_forwarded_and_one_that_does_not_is_not() -> None:
    async with script_scene() as scene:
        anna, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a = anna.dial("1001")
        b = await bob.rings()
        b.progress(180)
        await expect(a, Ringing)
        (call,) = scene.calls
        nowhere = await scene.refused("ForwardCall", CallId=call.id, Destination="4242")
        assert (nowhere.code, "NotFound" in nowhere.message) == (402, True)
        await scene.command("ForwardCall", CallId=call.id, Destination="1002@localhost")
        c = await carol.rings()
        carol.answer(c)
        await asyncio.sleep(1)
        a.acknowledge()
        await expect(c, Acknowledged)
        late = await scene.refused("ForwardCall", CallId=call.id, Destination="1001")
        assert late.code == 303
        a.hangup()
        await expect(c, Ended)
