"""Whoever can be dialled can be called, connected and transferred to: every kind, in every way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Side
from softswitch.calls.call_task import Course
from softswitch.calls.kinds import KINDS, extension_of
from softswitch.calls.kinds.api import API
from softswitch.calls.kinds.conference import CONFERENCE
from softswitch.calls.kinds.echo import ECHO, serve
from softswitch.calls.kinds.group import GROUP
from softswitch.calls.kinds.ivr import IVR
from softswitch.calls.kinds.paging import PAGING
from softswitch.calls.kinds.parking import PARKING
from softswitch.calls.kinds.phone import PHONE
from softswitch.calls.kinds.queue import QUEUE
from softswitch.calls.kinds.schedule import SCHEDULE
from softswitch.calls.kinds.voicemail import VOICEMAIL
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.extension import Extension, ExtensionKind
from softswitch.calls.setup.answering import reject
from softswitch.calls.transfer.transfer import transferor_of
from softswitch.sip.events import Answered, Ended, Ringing
from tests.calls.extensions import extension
from tests.calls.scene import Phone, Scene, connected, expect
from tests.calls.transfer.test_referral import heard_so_far, press_transfer, replacing
from tests.calls.virtual_time import run

TARGET = "4000"
SETTINGS: dict[ExtensionKind, dict[str, object]] = {
    PHONE: {},
    API: {"url": "http://app.example/script"},
    IVR: {"url": "http://app.example/script"},
    ECHO: {},
    CONFERENCE: {},
    GROUP: {"members": ("1002",)},
    SCHEDULE: {"calendar": "office", "open": "1001", "closed": "1002"},
    QUEUE: {"agents": ("1002",), "ring_time": 1000},
    PARKING: {"number": None, "range": "4000-4001"},
    VOICEMAIL: {},
    PAGING: {"members": ("1009",)},
}
"What an entry of each kind must say; a kind without a line here fails these tests."

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def scene_with(kind: ExtensionKind) -> Scene:
    """A switch with the target; scripts and the voicemail are services that answer."""
    more = {"number": TARGET, **SETTINGS[kind]}
    target = extension_of(kind.settings(type=kind.name, **more), TARGET)
    scene = Scene(target, extension("1009"), extension("5000", IVR, url="http://app.example/other"))
    scene.services |= dict.fromkeys((API, IVR, VOICEMAIL), partial(serve, scene.answering))
    return scene


def phone_of(kind: ExtensionKind, scene: Scene) -> Phone | None:
    """The phone that rings for the target, if one does."""
    number = {PHONE: TARGET, GROUP: "1002", SCHEDULE: "1002"}.get(kind)
    return None if number is None else scene.phone(number)


async def answers(phone: Phone | None) -> Leg | None:
    """Let the phone of the target answer; a target without one answers by itself."""
    if phone is None:
        await asyncio.sleep(1)
        return None
    leg = await phone.rings()
    phone.answer(leg)
    await asyncio.sleep(1)
    return leg


def states(scene: Scene) -> list[str]:
    return [call.state.value for call in scene.calls]


def begin(scene: Scene, caller: str, dialled: str, course: Course) -> Call:
    call = scene.calls.new((caller, ""), dialled)
    scene.tasks.begin(call, course)
    return call


async def goes_on(call: Call) -> bool:
    await asyncio.shield(call.ended)
    return False


@each_kind
def test_a_command_calls_it(kind: ExtensionKind) -> None:
    async def story() -> None:
        scene = scene_with(kind)
        phone = phone_of(kind, scene)

        async def course(call: Call) -> None:
            await scene.answering.begin(call, None)
            await scene.answering.attend(call, goes_on)

        call = begin(scene, "5000", TARGET, course)
        await answers(phone)
        assert set(states(scene)) == {"InCall"}
        await call.hang_up()
        await asyncio.sleep(5)
        assert states(scene) == []
        await scene.settle()

    run(story())


@each_kind
@pytest.mark.parametrize("side", ["caller", "callee"])
def test_a_command_connects_it_with_a_phone(kind: ExtensionKind, side: str) -> None:
    async def story() -> None:
        scene = scene_with(kind)
        phone, anna = phone_of(kind, scene), scene.phone("1000")

        async def course(call: Call) -> None:
            await scene.answering.begin_both(call, None)
            await scene.answering.attend(call, goes_on)

        numbers = (TARGET, "1000") if side == "caller" else ("1000", TARGET)
        begin(scene, *numbers, course)
        for number in numbers:
            if number == TARGET:
                await answers(phone)
            else:
                a = await anna.rings()
                anna.answer(a)
                await asyncio.sleep(1)
        assert set(states(scene)) == {"InCall"}
        a.hangup()
        await asyncio.sleep(5)
        assert states(scene) == []
        await scene.settle()

    run(story())


@each_kind
@pytest.mark.parametrize("way", ["command", "script", "button"])
def test_a_caller_is_transferred_to_it(kind: ExtensionKind, way: str) -> None:
    async def story() -> None:
        scene = scene_with(kind)
        phone, anna, ben = phone_of(kind, scene), scene.phone("1000"), scene.phone("1001")
        if way == "script":
            a = anna.dial("5000")
            await expect(a, Answered)
            a.acknowledge()
            await asyncio.sleep(1)
        else:
            a, b = await connected(scene, anna, ben)
        (call,) = scene.calls
        if way == "button":
            await press_transfer(b, TARGET)
            await answers(phone)
            assert (await heard_so_far(b))[-1] == "200 OK"
        else:

            async def move() -> None:
                leaving = transferor_of(call, Side.CALLEE)
                await scene.transfers.blind_transfer(call, leaving, TARGET)

            moving = asyncio.create_task(call.ask(move))
            await answers(phone)
            await moving
        if way != "script":
            await expect(b, Ended)
        assert set(states(scene)) == {"InCall"}
        assert call.callee.number == {GROUP: "1002", SCHEDULE: "1002"}.get(kind, TARGET)
        a.hangup()
        await asyncio.sleep(5)
        assert states(scene) == []
        await scene.settle()

    run(story())


@each_kind
def test_a_phone_asks_first_and_then_transfers_to_it(kind: ExtensionKind) -> None:
    async def story() -> None:
        scene = scene_with(kind)
        phone, anna, ben = phone_of(kind, scene), scene.phone("1000"), scene.phone("1001")
        a, b = await connected(scene, anna, ben)
        second = ben.dial(TARGET)
        await answers(phone)
        while not isinstance(event := await second.event(), Answered):
            assert isinstance(event, Ringing)
        second.acknowledge()
        await asyncio.sleep(1)
        answer = await press_transfer(b, replacing(second, TARGET))
        assert answer.status == 202
        assert (await heard_so_far(b))[-1] == "200 OK"
        await asyncio.sleep(1)
        assert b.ended.done()
        assert second.ended.done()
        (call,) = scene.calls
        assert call.state.value == "InCall"
        assert not a.ended.done()
        if kind in (API, IVR, ECHO):
            (port,) = scene.workers.opened
            assert port.hears is port, "what answers goes on with who has taken the place"
        a.hangup()
        await asyncio.sleep(5)
        assert states(scene) == []
        await scene.settle()

    run(story())


Refuse = Callable[[Scene, Call], Awaitable[None]]


def test_a_service_that_refuses_leaves_the_call_as_it_was() -> None:
    async def story() -> None:
        scene = scene_with(ECHO)

        async def refuses(call: Call, _: Extension) -> None:
            reject(call, 603)
            await scene.control.phone_calls.conversation.converse(call)

        scene.services[ECHO] = refuses
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        await press_transfer(b, TARGET)
        assert (await heard_so_far(b))[-1] == "603 Decline"
        assert list(scene.calls) == [call]
        assert not a.ended.done()
        assert not b.ended.done()
        b.hangup()
        await scene.settle()

    run(story())


def test_who_is_transferred_from_script_to_script_stays_one_call_away() -> None:
    async def story() -> None:
        scene = scene_with(IVR)
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        await press_transfer(b, "5000")
        await heard_so_far(b)
        for _ in range(5):
            for target in (TARGET, "5000"):
                (served,) = [other for other in scene.calls if other is not call]
                origin, leaving = scene.transfers.origin(served, served.callee)
                assert origin is call
                await call.ask(
                    partial(scene.transfers.blind_transfer, call, leaving, target)  # type: ignore[arg-type]
                )
                await asyncio.sleep(1)
                assert len(scene.calls) == 2
                assert len(scene.workers.opened) == 3
        assert call.callee.number == "5000"
        a.hangup()
        await asyncio.sleep(5)
        assert states(scene) == []
        await scene.settle()

    run(story())
