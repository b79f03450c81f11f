"""A third is called to a call by command."""

from __future__ import annotations

import asyncio

from softswitch.commands.base.codes import Code
from softswitch.sip.events import Acknowledged, Answered, Ended
from tests.calls.scene import connected, expect
from tests.calls.supervision.test_supervision import who_hears_whom
from tests.ozml.scene import script_scene, story


@story
async def test_a_third_joins_and_stays() -> None:
    async with script_scene(workers=2) as scene:
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        (call,) = scene.calls
        reply = await scene.command("Invite", CallId=call.id, Target="1002", Party="callee")
        assert reply is not None
        c = await carl.rings()
        assert getattr(c.request.from_.uri, "user", "") == "1001"
        carl.answer(c)
        await expect(c, Acknowledged)
        await asyncio.sleep(1)
        own = scene.calls.get(str(reply.fields["CallId"]))
        assert own is not None
        assert own.chain == call.id
        error = await scene.refused("Invite", CallId=call.id, Target="1002")
        assert error.code is Code.INAPPROPRIATE_COMMAND
        assert "somebody has joined already" in str(error)
        b.hangup()
        await asyncio.sleep(1)
        assert who_hears_whom(scene) == {"1000": "1002", "1002": "1000"}
        c.hangup()
        await expect(a, Ended)


@story
async def test_what_cannot_be_is_refused_and_nothing_changes() -> None:
    async with script_scene() as scene:
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        error = await scene.refused("Invite", CallId=call.id, Target="4711")
        assert error.code is Code.CALL_CONNECT_FAILED
        error = await scene.refused("Invite", CallId="gone", Target="1001")
        assert error.code is Code.CALL_NOT_FOUND
        assert who_hears_whom(scene) == {"1000": "1001", "1001": "1000"}
        a.hangup()
        echo = scene.phone("1002").dial("600")
        await expect(echo, Answered)
        echo.acknowledge()
        await asyncio.sleep(1)
        (call,) = (each for each in scene.calls if each.dialled == "600")
        error = await scene.refused("Invite", CallId=call.id, Target="1001")
        assert "the switch itself plays" in str(error)
        echo.hangup()
