"""What the record of a call tells of it, step by step, and which calls belong together."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

from softswitch.calls.call.call import Call
from softswitch.calls.call.hold import hold
from softswitch.calls.call.party import Side
from softswitch.calls.call.steps import LONGEST_FACT, MOST_STEPS, Steps
from softswitch.calls.endings.endings import NotReached
from softswitch.calls.kinds.group import GROUP
from softswitch.calls.transfer.transfer import transferor_of
from softswitch.sip.events import Acknowledged, Answered, Ended, Failed, Reoffered
from tests.calls.extensions import conference, extension
from tests.calls.scene import Scene, connected, expect, sdp
from tests.calls.virtual_time import run


def told(record: dict[str, Any]) -> list[tuple[str, ...]]:
    """The steps without their times."""
    steps = []
    for step in record["steps"]:
        facts = [str(fact) for name, fact in step.items() if name not in ("at", "what")]
        steps.append((step["what"], *facts))
    return steps


def test_every_phone_that_rang_is_told_and_what_became_of_it() -> None:
    async def story() -> None:
        members = ("1001", "1002")
        group = extension("1009", GROUP, members=members, strategy="all", ring_time=10)
        scene = Scene(group)
        alice, bob, carol = scene.phone("1000"), scene.phone("1001"), scene.phone("1002")
        a = alice.dial("1009")
        b, c = await bob.rings(), await carol.rings()
        b.reject(486)
        carol.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(1)
        a.hangup()
        await scene.settle()
        assert told(scene.record) == [
            ("rang", "1001"),
            ("rang", "1002"),
            ("refused", "1001", "486", "Busy Here"),
            ("answered", "1002"),
        ]
        times = [step["at"] for step in scene.record["steps"]]
        assert times == sorted(times)
        assert times[0] >= scene.record["start_time"]
        assert scene.record["chain"] == ""

    run(story())


def test_a_forward_is_told() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob, carol = scene.phone("1000"), scene.phone("1001"), scene.phone("1002")
        a = alice.dial("1001")
        b = await bob.rings()
        b.reject(302, [("Contact", "<sip:1002@example.com>")])
        c = await carol.rings()
        c.reject(486)
        assert (await expect(a, Failed)).status == 486
        await scene.settle()
        assert told(scene.record)[1:] == [
            ("forwarded", "1001", "1002", "302"),
            ("rang", "1002"),
            ("refused", "1002", "486", "Busy Here"),
        ]

    run(story())


def test_hold_and_a_transfer_that_fails_and_one_that_does_not_are_told() -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        (call,) = scene.calls
        ordered = asyncio.create_task(hold(call))
        for phone, leg in ((anna, a), (ben, b)):
            await expect(leg, Reoffered)
            direction = "recvonly"
            leg.answer_reoffer(sdp(phone.host.address[0], 5000, direction=direction, version=2))
            await expect(leg, Acknowledged)
        await ordered

        async def move() -> None:
            transferor = transferor_of(call, Side.CALLEE)
            await scene.transfers.blind_transfer(call, transferor, "1002")

        failing = asyncio.create_task(call.ask(move))
        (await carl.rings()).reject(486)
        with suppress(NotReached):
            await failing
        moving = asyncio.create_task(call.ask(move))
        c = await carl.rings()
        carl.answer(c)
        await moving
        await asyncio.sleep(1)
        a.hangup()
        await scene.settle()
        steps = [step[0] for step in told(scene.record)]
        assert steps[:3] == ["rang", "answered", "held"]
        assert steps[3:6] == ["rang", "refused", "transfer failed"]
        assert steps[6:] == ["rang", "answered", "resumed", "transferred"]
        assert ("transferred", "1001", "1000", "1002") in told(scene.record)

    run(story())


async def pair(scene: Scene, first: str, second: str) -> tuple[Call, Any, Any]:
    known = set(scene.calls)
    a, b = await connected(scene, scene.phone(first), scene.phone(second))
    (call,) = set(scene.calls) - known
    return call, a, b


def test_two_calls_that_become_one_are_a_chain() -> None:
    async def story() -> None:
        scene = Scene(extension("1003"))
        call, a, _ = await pair(scene, "1000", "1001")
        other, _, d = await pair(scene, "1002", "1003")
        await scene.transfers.attended_transfer(call, call.callee, other, other.caller)
        await asyncio.sleep(1)
        a.hangup()
        await expect(d, Ended)
        await scene.settle()
        records = scene.journal.records()
        assert records[call.id]["chain"] == ""
        assert records[other.id]["chain"] == call.id
        assert ("joined", "1001", "1000", "1003") in told(records[call.id])
        assert ("went on", "1001", "1003", "1000") in told(records[other.id])

    run(story())


def test_a_call_of_the_switch_to_itself_belongs_to_the_one_that_made_it() -> None:
    async def story() -> None:
        scene = Scene(conference("3000"))
        call, a, _ = await pair(scene, "1000", "1001")
        await call.ask(partial(scene.transfers.blind_transfer, call, call.callee, "600"))  # type: ignore[arg-type]
        await asyncio.sleep(1)
        inside = next(each for each in scene.calls if each is not call)
        a.hangup()
        await scene.settle()
        records = scene.journal.records()
        assert records[inside.id]["chain"] == call.id
        assert ("answered", "600") in told(records[inside.id])

    run(story())


def test_a_record_has_a_bound() -> None:
    steps = Steps()
    for number in range(3 * MOST_STEPS):
        steps.add(number, "rang", {"number": "1" * 1000, "trunk": ""})
    written = steps.written()
    assert len(steps) == len(written) == MOST_STEPS
    assert (written[0]["at"], written[-1]["at"]) == (0, 3 * MOST_STEPS - 1)
    assert written[0] == {"at": 0, "what": "rang", "number": "1" * LONGEST_FACT}
