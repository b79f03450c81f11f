"""Each leg of a call has a session timer of its own (RFC 4028)."""

from __future__ import annotations

import asyncio

from softswitch.sip.element import SessionTerms
from softswitch.sip.events import Acknowledged, Ended, Reoffered
from tests.calls.scene import Scene, connected, expect, sdp
from tests.calls.virtual_time import run


def scene_with(expires: int = 1800) -> Scene:
    scene = Scene()
    scene.host.endpoint.session = SessionTerms(expires, 90)
    return scene


def test_the_switch_refreshes_both_legs_and_the_call_goes_on() -> None:
    async def story() -> None:
        scene = scene_with()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a, _ = await connected(scene, alice, bob)
        scene.network.take()
        await asyncio.sleep(3000)
        sent = [line for line in scene.network.log if line.startswith("switch>")]
        assert f"switch>{alice.host.name} UPDATE" in sent
        assert f"switch>{bob.host.name} UPDATE" in sent
        assert scene.states[-1] == "InCall"
        a.hangup()
        await scene.settle()

    run(story())


def test_a_caller_that_has_vanished_ends_the_call() -> None:
    async def story() -> None:
        scene = scene_with(600)
        alice, bob = scene.phone("1000"), scene.phone("1001")
        _, b = await connected(scene, alice, bob)
        scene.network.lose = lambda line: alice.host.name in line
        ended = await expect(b, Ended)
        assert "cause=102" in ended.headers.get("Reason")
        scene.network.lose = lambda line: False
        await scene.settle()
        assert scene.record["outcome"] == "failed" or scene.record["ended_by"] == "system"

    run(story())


def test_a_phone_without_update_is_asked_with_its_description_and_may_move() -> None:
    async def story() -> None:
        scene = scene_with()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        bob.host.endpoint.capabilities[:] = [("Allow", "INVITE, ACK, BYE, CANCEL")]
        a, b = await connected(scene, alice, bob)
        before = [port.last for port in scene.workers.all]
        offered = await expect(b, Reoffered)
        b.answer_reoffer(sdp("10.0.0.2", 5000))
        await asyncio.sleep(1)
        assert [port.last for port in scene.workers.all] == before
        assert offered.sdp is not None
        await expect(b, Acknowledged)
        await expect(b, Reoffered)
        b.answer_reoffer(sdp("10.0.0.2", 7000, version=2))
        await asyncio.sleep(1)
        assert ("10.0.0.2", 7000) in {port.last["remote"] for port in scene.workers.all}
        a.hangup()
        await scene.settle()

    run(story())
