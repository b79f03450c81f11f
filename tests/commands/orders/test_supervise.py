"""Supervision by commands: who is rung, who hears whom, and who is refused."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.calls.leg.leg import Leg
from softswitch.commands.base.codes import Code
from softswitch.sip.events import Acknowledged, Ended
from tests.calls.extensions import extension
from tests.calls.scene import Phone, connected, expect
from tests.calls.supervision.test_supervision import BARGES, LISTENS, WHISPERS, who_hears_whom
from tests.ozml.scene import ScriptScene, script_scene, story

WAYS = {"Monitor": LISTENS, "Whisper": WHISPERS, "Barge": BARGES}


async def answers(phone: Phone) -> Leg:
    leg = await phone.rings()
    phone.answer(leg)
    await expect(leg, Acknowledged)
    await asyncio.sleep(1)
    return leg


def office(**settings: object) -> list[object]:
    """1003 supervises 1001, unless `settings` say otherwise; 1004 supervises nobody."""
    return [extension("1003", **{"supervises": ("1001",), **settings}), extension("1004")]


async def supervise(scene: ScriptScene, name: str, **fields: str) -> str:
    """Run a command about the only call; the id of the supervisor's."""
    call = next(iter(scene.calls))
    reply = await scene.command(name, CallId=call.id, **{"Supervisor": "1003", **fields})
    assert reply is not None
    return str(reply.fields["CallId"])


@pytest.mark.parametrize("name", WAYS)
def test_a_command_rings_the_supervisor(name: str) -> None:
    @story
    async def told() -> None:
        async with script_scene(*office(), workers=2) as scene:  # type: ignore[arg-type]
            a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
            (call,) = scene.calls
            boss = scene.phone("1003")
            begun = await supervise(scene, name)
            c = await answers(boss)
            assert who_hears_whom(scene) == WAYS[name]
            own = scene.calls.get(begun)
            assert own is not None
            assert own.chain == call.id
            c.hangup()
            await asyncio.sleep(1)
            assert who_hears_whom(scene) == {"1000": "1001", "1001": "1000"}
            a.hangup()
            await expect(b, Ended)

    told()


@story
async def test_one_party_is_named() -> None:
    supervisor = extension("1003", supervises=("1000-1001",))
    async with script_scene(supervisor) as scene:
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        boss = scene.phone("1003")
        await supervise(scene, "Whisper", Party="caller")
        await answers(boss)
        assert who_hears_whom(scene) == {
            "1000": "1001 1003",
            "1001": "1000",
            "1003": "1000 1001",
        }
        a.hangup()


@story
async def test_who_may_not_is_not_rung() -> None:
    async with script_scene(*office()) as scene:  # type: ignore[arg-type]
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        for fields in (
            {"Supervisor": "1004"},
            {"Supervisor": "1003", "Party": "caller"},
            {"Supervisor": "1001"},
            {"Supervisor": "4711"},
        ):
            error = await scene.refused("Monitor", CallId=call.id, **fields)
            assert error.code is Code.INAPPROPRIATE_COMMAND
            assert "may not supervise this call" in str(error)
        error = await scene.refused("Monitor", CallId="gone", Supervisor="1003")
        assert error.code is Code.CALL_NOT_FOUND
        error = await scene.refused("Monitor", CallId=call.id, Supervisor="1003")
        assert error.code is Code.CALL_CONNECT_FAILED, "its phone is not there"
        assert len(scene.calls) == 1
        a.hangup()


@story
async def test_a_supervisor_who_does_not_answer_changes_nothing() -> None:
    async with script_scene(*office()) as scene:  # type: ignore[arg-type]
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        boss = scene.phone("1003")
        await supervise(scene, "Barge")
        (await boss.rings()).reject(486)
        await asyncio.sleep(2)
        await supervise(scene, "Barge")
        await boss.rings()
        await asyncio.sleep(40)
        assert who_hears_whom(scene) == {"1000": "1001", "1001": "1000"}
        assert len(scene.calls) == 1
        a.hangup()


@story
async def test_a_phone_to_which_the_supervisor_forwards_hears_nothing() -> None:
    async with script_scene(*office(forward_always="1004")) as scene:  # type: ignore[arg-type]
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        scene.phone("1003")
        dora = scene.phone("1004")
        await supervise(scene, "Monitor")
        d = await dora.rings()
        dora.answer(d)
        await expect(d, Acknowledged)
        await expect(d, Ended)
        assert not any(port.ears for port in scene.workers.all)
        a.hangup()


@story
async def test_the_call_ends_while_the_supervisor_is_rung() -> None:
    async with script_scene(*office()) as scene:  # type: ignore[arg-type]
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        boss = scene.phone("1003")
        await supervise(scene, "Monitor")
        c = await boss.rings()
        a.hangup()
        await c.ended
        await asyncio.sleep(1)
        assert len(scene.calls) == 0
