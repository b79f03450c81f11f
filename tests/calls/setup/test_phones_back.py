"""Calls to phones whose connection is gone, and phones with several flows (RFC 5626)."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.calls.call.call import Call
from softswitch.calls.setup.interception import Hop, Question
from softswitch.sip.effects import Flow
from softswitch.sip.events import Acknowledged, Answered, Failed
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


OLD = Flow("tcp", ("192.0.2.1", 5060), ("10.0.0.9", 50001))
"The connection of a phone that has gone, which nobody has noticed yet."


async def loses_the_invite(scene: Scene) -> None:
    """Let the INVITE go into the connection that is gone; then everybody knows."""
    await asyncio.sleep(1)
    scene.registrations.lose("1001")
    scene.host.perform(scene.host.endpoint.connection_gone(OLD))


@pytest.mark.parametrize("intercepted", [False, True])
@pytest.mark.parametrize("seconds", [0.0, 3.0])
def test_a_phone_whose_loss_nobody_had_noticed_is_rung_again(
    intercepted: bool, seconds: float
) -> None:
    """It may be back already when the loss shows, or a little later."""

    async def elsewhere(question: Question) -> Hop:
        return Hop("1001", 60)

    async def story() -> None:
        scene = Scene(ask=elsewhere if intercepted else None)
        alice, bob = scene.phone("1000"), scene.phone("1001", registered=False)
        scene.register("1001", parse_uri("sip:1001@10.0.0.9"), OLD.remote, "tcp")
        a = alice.dial("1002" if intercepted else "1001")
        await loses_the_invite(scene)
        await asyncio.sleep(seconds)
        scene.register("1001", parse_uri("sip:1001@10.0.0.2"), bob.host.address)
        b = await bob.rings()
        bob.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()
        assert scene.record["outcome"] == "answered"

    run(story())


def test_a_phone_that_is_called_by_command_is_rung_again() -> None:
    async def story() -> None:
        scene = Scene()
        bob = scene.phone("1001", registered=False)
        scene.register("1001", parse_uri("sip:1001@10.0.0.9"), OLD.remote, "tcp")

        async def course(call: Call) -> None:
            await scene.answering.begin(call, None)

        call = scene.calls.new(("9000", ""), "1001", None)
        call.callee.number = "1001"
        scene.tasks.begin(call, course)
        await loses_the_invite(scene)
        await asyncio.sleep(3)
        scene.register("1001", parse_uri("sip:1001@10.0.0.2"), bob.host.address)
        b = await bob.rings()
        bob.answer(b)
        await expect(b, Acknowledged)
        await scene.settle()

    run(story())


def test_a_phone_that_was_lost_and_stays_away_is_not_reached() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        scene.register("1001", parse_uri("sip:1001@10.0.0.9"), OLD.remote, "tcp")
        a = alice.dial("1001")
        loop = asyncio.get_running_loop()
        await loses_the_invite(scene)
        failed = await expect(a, Failed)
        assert failed.status == 480
        assert 10 < loop.time() < 12
        await scene.settle()
        assert scene.record["outcome"] == "failed"

    run(story())


def test_another_phone_that_is_busy_decides() -> None:
    """Nobody waits for a lost phone where another one of the extension has answered."""

    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        scene.register("1001", parse_uri("sip:1001@10.0.0.9"), OLD.remote, "tcp")
        a = alice.dial("1001")
        b = await bob.rings()
        scene.host.perform(scene.host.endpoint.connection_gone(OLD))
        await asyncio.sleep(1)
        b.reject(486)
        assert (await expect(a, Failed)).status == 486
        await scene.settle()

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
