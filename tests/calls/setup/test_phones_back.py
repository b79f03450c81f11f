"""Calls to phones whose connection is gone, and phones with several flows (RFC 5626)."""

from __future__ import annotations

import asyncio

from softswitch.sip.events import Answered, Failed
from softswitch.sip.message.uri import parse_uri
from tests.calls.scene import FakeBinding, Scene, expect
from tests.calls.virtual_time import run


def test_a_call_waits_for_a_phone_that_connects_again() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001", registered=False)
        scene.registrations.awaited.add("1001")
        a = alice.dial("1001")
        await asyncio.sleep(5)
        assert bob.asked.empty()
        scene.register("1001", parse_uri("sip:1001@10.0.0.2"), bob.host.address)
        b = await bob.rings()
        bob.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()

    run(story())


def test_a_phone_that_does_not_connect_again_is_not_registered() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        scene.registrations.awaited.add("1001")
        failed = await expect(alice.dial("1001"), Failed)
        assert failed.status == 480
        await scene.settle()
        assert scene.record["outcome"] == "not registered"

    run(story())


def test_the_caller_gives_up_while_a_phone_is_awaited() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        scene.registrations.awaited.add("1001")
        a = alice.dial("1001")
        await asyncio.sleep(1)
        a.hangup()
        await asyncio.sleep(1)
        assert len(scene.calls) == 0
        await scene.settle()
        assert scene.record["outcome"] == "cancelled"

    run(story())


def test_the_next_flow_of_a_phone_is_taken_when_one_has_failed() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        dead = scene.network.host("dead", "10.0.0.9")
        scene.network.lose = lambda line: ">dead" in line
        (binding,) = scene.registrations.where["1001"]
        uri, flow = parse_uri("sip:1001@10.0.0.9"), binding.flow._replace(remote=dead.address)
        scene.registrations.where["1001"] = [FakeBinding(uri, flow, "1001")]
        scene.registrations.flows["1001"] = [binding]
        a = alice.dial("1001")
        b = await bob.rings()
        bob.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()
        assert scene.record["outcome"] == "answered"

    run(story())
