"""How calls come to the voicemail: when nobody answers, when busy, by forward and by code."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from softswitch.calls.call.call import Call
from softswitch.calls.endings.endings import CallEnds, EndedBy, by_command
from softswitch.calls.kinds.group import GROUP
from softswitch.calls.kinds.voicemail import VOICEMAIL
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.rules.emergency import EmergencyTerms
from softswitch.calls.numbers.rules.rules import Rules
from softswitch.calls.voicemail import prompts
from softswitch.calls.voicemail.service import VoicemailService, owner_of
from softswitch.guard.pins import Pins
from softswitch.sip.effects import Flow
from softswitch.sip.events import Answered, Failed, Ringing
from tests.calls.extensions import extension
from tests.calls.numbers.test_trunks import trunk
from tests.calls.scene import Scene, connected, expect
from tests.calls.setup.test_emergency import exchange_rules
from tests.calls.virtual_time import run
from tests.calls.voicemail.boxes import left, mailboxes


async def note(reached: list[str], call: Call, _extension: Extension) -> None:
    """Stand for the voicemail: note whose mailbox is meant."""
    reached.append(owner_of(call) or f"own of {call.caller.extension}")
    raise CallEnds(by_command(EndedBy.SYSTEM, "noted", answered=False))


def scene_with(reached: list[str], *more: Extension, **settings: object) -> Scene:
    return Scene(
        extension("1001", mailbox=True, **settings),
        extension("8000", VOICEMAIL),
        *more,
        services={VOICEMAIL: partial(note, reached)},
    )


@pytest.mark.parametrize(
    ("settings", "rung", "refusal", "seconds"),
    [
        ({"ring_time": 5}, True, None, 5),
        ({}, True, None, 20),
        ({"forward_after": 8}, True, None, 8),
        ({}, True, 486, 0),
        ({}, True, 603, 0),
        ({}, False, None, 0),
        ({"do_not_disturb": True}, True, None, 0),
    ],
)
def test_a_call_that_nobody_takes(
    settings: dict[str, object], rung: bool, refusal: int | None, seconds: float
) -> None:
    async def story() -> None:
        reached: list[str] = []
        scene = scene_with(reached, **settings)
        ben = scene.phone("1001") if rung else None
        a = scene.phone("1000").dial("1001")
        if ben is not None and refusal is not None:
            (await ben.rings()).reject(refusal)
        began = asyncio.get_running_loop().time()
        while not reached:
            await asyncio.sleep(0.1)
            assert asyncio.get_running_loop().time() - began < 70
        assert reached == ["1001"]
        assert abs(asyncio.get_running_loop().time() - began - seconds) < 1.5
        await expect_end(a)
        await scene.settle()

    run(story())


async def expect_end(leg: object) -> None:
    """Let the caller take all that comes, to its end."""
    while not isinstance(await leg.event(), Failed):  # type: ignore[attr-defined]
        pass


def test_a_forward_comes_first_and_the_last_one_counts() -> None:
    async def story() -> None:
        reached: list[str] = []
        scene = scene_with(
            reached,
            extension("1002", mailbox=True, forward_always="8000"),
            extension("1003", forward_always="1002"),
            forward_not_registered="1003",
        )
        await expect_end(scene.phone("1000").dial("1001"))
        assert reached == ["1002"]
        await scene.settle()

    run(story())


def test_the_owner_gets_its_own_and_a_code_leads_to_that_of_another() -> None:
    async def story() -> None:
        reached: list[str] = []
        scene = scene_with(reached)
        ben = scene.phone("1001")
        for dialled in ("8000", "*97", "*99*1001"):
            await expect_end(ben.dial(dialled))
        assert reached == ["own of 1001", "own of 1001", "1001"]
        await scene.settle()

    run(story())


def test_a_group_that_overflows_has_its_own_mailbox() -> None:
    async def story() -> None:
        reached: list[str] = []
        group = extension("700", GROUP, members=("1001",), overflow="8000", mailbox=True)
        scene = scene_with(reached, group)
        await expect_end(scene.phone("1000").dial("700"))
        assert reached == ["700"]
        await scene.settle()

    run(story())


def test_without_a_mailbox_the_call_ends() -> None:
    async def story() -> None:
        reached: list[str] = []
        scene = scene_with(reached, extension("1002"))
        a = scene.phone("1000").dial("1002")
        assert (await expect(a, Failed)).status == 480
        assert reached == []
        await scene.settle()

    run(story())


def test_an_emergency_number_that_a_caller_has_shown_is_not_called_back() -> None:
    async def story() -> None:
        said: list[str] = []

        async def serve(call: Call, _extension: Extension) -> None:
            service = VoicemailService(scene.answering, scene.control.transfers, *boxes)

            async def press(call: Call) -> bool:
                said.append(await service._call_back(call, "112"))
                return False

            await scene.answering.answer(call)
            await scene.answering.attend(call, press)

        boxes: Any = (None, None)  # neither mailboxes nor PINs are asked
        scene = Scene(
            extension("8000", VOICEMAIL), services={VOICEMAIL: serve}, trunks=[trunk("carrier")]
        )
        emergency = EmergencyTerms(frozenset(("112",)), ("carrier",))
        exchange_rules(scene, Rules(emergency=emergency))
        notices: list[object] = []
        scene.plan.emergencies.listeners.append(notices.append)
        alice = scene.phone("1000")
        scene.plan.trunks["carrier"].flows = (Flow("udp", scene.host.address, alice.host.address),)
        a = alice.dial("8000")
        await expect(a, Answered)
        a.acknowledge()
        await a.ended
        assert said == [prompts.NOT_REACHED]
        assert notices == []
        await scene.settle()

    run(story())


@pytest.mark.parametrize("what", ["full", "hangs up", "worker dies", "the owner is in"])
def test_what_goes_wrong_at_a_mailbox_ends_that_call_alone(tmp_path: Path, what: str) -> None:
    """Two others talk on, on another worker, and the mailbox is as it was."""

    async def story() -> None:
        scene = Scene(
            *(extension(number, mailbox=True) for number in ("1001", "1002")),
            *(extension(number) for number in ("1005", "1006")),
            extension("8000", VOICEMAIL),
            workers=2,
        )
        boxes = mailboxes(tmp_path, most_messages=1)
        service = VoicemailService(scene.answering, scene.transfers, boxes, Pins(scene.bans))
        scene.services[VOICEMAIL] = service.serve
        one, other = await connected(scene, scene.phone("1005"), scene.phone("1006"))
        if what == "full":
            await left(boxes)
        before = boxes.counts("1001")
        caller = scene.phone("1000").dial("1001")
        while isinstance(event := await caller.event(), Ringing):
            pass
        assert isinstance(event, Answered)
        caller.acknowledge()
        await asyncio.sleep(0.5)
        (call,) = (each for each in scene.calls if each.caller.number == "1000")
        port: Any = call.caller.audio.port
        if what == "hangs up":
            caller.hangup()
        elif what == "worker dies":
            port.worker.die()
        elif what == "the owner is in":
            port.keys("*")
        await caller.ended
        assert not one.ended.done()
        assert not other.ended.done()
        assert boxes.counts("1001") == before
        one.hangup()
        await scene.settle()
        await boxes.close()

    run(story())
