"""A switch with as many calls as it may have: what commands, callbacks and pages still begin."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from softswitch.calls.kinds.paging import PAGING
from softswitch.calls.kinds.queue import QUEUE
from softswitch.calls.numbers.rules.emergency import EmergencyTerms
from softswitch.calls.numbers.rules.rules import Rules
from softswitch.commands.base.codes import Code, CommandError
from softswitch.sip.effects import Flow
from softswitch.sip.events import Acknowledged, Answered, Ended
from tests.calls.extensions import extension
from tests.calls.numbers.test_trunks import trunk
from tests.calls.scene import Scene, connected, expect
from tests.calls.setup.test_emergency import exchange_rules
from tests.calls.virtual_time import run
from tests.ozml.scene import ScriptScene


def limit(scene: Scene, calls: int) -> None:
    """Let the switch have so many calls from now on."""
    scene.calls.terms = replace(scene.calls.terms, calls=calls)


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        ("Call", {"Dialed": "1002"}),
        ("CallSetup", {"Caller": "1002", "Callee": "600"}),
        ("Invite", {"Target": "1002"}),
        ("Monitor", {"Supervisor": "1003"}),
    ],
)
def test_a_command_begins_no_call_above_the_limit(command: str, fields: dict[str, str]) -> None:
    async def story() -> None:
        scene = ScriptScene(extension("1003", supervises=("1001",)))
        anna, ben = scene.phone("1000"), scene.phone("1001")
        others = scene.phone("1002"), scene.phone("1003")
        a, _ = await connected(scene, anna, ben)
        (call,) = scene.calls
        about = {} if command.startswith("Call") else {"CallId": call.id}
        limit(scene, 1)
        with pytest.raises(CommandError) as refused:
            await scene.command(command, **about, **fields)
        assert refused.value.code is Code.CALL_CONNECT_FAILED
        assert "the switch has 1 calls, as many as limits.calls allows" in str(refused.value)
        await asyncio.sleep(1)
        assert all(phone.asked.empty() for phone in others)
        assert list(scene.calls) == [call]
        assert scene.calls.refused == 1
        limit(scene, 2)
        await scene.command(command, **about, **fields)
        await asyncio.sleep(1)
        assert sum(not phone.asked.empty() for phone in others) == 1
        a.hangup()
        for called in scene.calls:
            called.end_soon()
        await scene.settle()

    run(story())


def test_a_command_calls_for_help_above_the_limit() -> None:
    async def story() -> None:
        carrier = trunk("carrier", username="")
        scene = ScriptScene(trunks=[carrier], most=0)
        far_end = scene.phone("carrier", registered=False)
        carrier.flows = (Flow("udp", scene.host.address, far_end.host.address),)
        exchange_rules(scene, Rules(emergency=EmergencyTerms(frozenset({"112"}), ("carrier",))))
        await scene.command("Call", Dialed="112")
        c = await far_end.rings()
        with pytest.raises(CommandError):
            await scene.command("Call", Dialed="1000")
        c.reject(486)
        await scene.settle()

    run(story())


def test_a_page_rings_as_many_as_there_is_room_for() -> None:
    async def story() -> None:
        scene = ScriptScene(extension("790", PAGING, members=("1001", "1002")), most=2)
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a = anna.dial("790")
        await expect(a, Answered)
        a.acknowledge()
        await ben.rings()
        await asyncio.sleep(1)
        assert carl.asked.empty()
        assert len(scene.calls) == 2
        a.hangup()
        await scene.settle()
        told = [step for record in scene.journal.records().values() for step in record["steps"]]
        (left_out,) = (step for step in told if step["what"] == "not paged")
        assert left_out["number"] == "1002"
        assert "limits.calls" in left_out["reason"]

    run(story())


def test_a_callback_waits_until_there_is_room() -> None:
    async def story() -> None:
        scene = ScriptScene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        await scene.answering.ringer.wishes.callbacks.ask("1002", "1001")
        limit(scene, 0)
        a.hangup()
        await expect(b, Ended)
        await asyncio.sleep(60)
        assert carl.asked.empty()
        limit(scene, 1)
        back = await carl.rings()
        carl.answer(back)
        await expect(back, Acknowledged)
        await ben.rings()
        back.hangup()
        await scene.settle()

    run(story())


def test_a_queue_calls_back_when_there_is_room() -> None:
    async def story() -> None:
        terms = {"callback_key": "5", "callback_pause": 60, "callback_tries": 1}
        scene = ScriptScene(extension("700", QUEUE, agents=("1001",), **terms))
        scene.phone("1001")
        carl = scene.phone("1002")
        await scene.plan.agents.pause("1001")
        c = carl.dial("700")
        await expect(c, Answered)
        c.acknowledge()
        await asyncio.sleep(0.5)
        (waiting,) = scene.control.queues.waiting()
        waiting.party.hear_keys().press("5")
        await expect(c, Ended)
        limit(scene, 0)
        await scene.plan.agents.resume("1001")
        await asyncio.sleep(100)
        assert carl.asked.empty()
        limit(scene, 1)
        back = await carl.rings()
        carl.answer(back)
        await expect(back, Acknowledged)
        back.hangup()
        await scene.settle()
        assert not list(scene.control.queues.waiting())

    run(story())
