"""`Mute`: who is not heard, for how long, and who is told."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.calls.call.call import Call
from softswitch.commands.base.codes import Code
from softswitch.sip.events import Answered, Ended
from tests.calls.extensions import extension
from tests.calls.kinds.test_conference import room
from tests.calls.scene import connected, expect
from tests.commands.orders.test_supervise import answers
from tests.ozml.scene import ScriptScene, script_scene, story


def muted(call: Call) -> tuple[bool, bool]:
    """Whether the ports of caller and callee are muted."""
    one, other = (party.audio.port for party in call.parties)
    return one.muted, other.muted  # type: ignore[union-attr]


def steps(scene: ScriptScene, call: Call) -> list[tuple[str, str]]:
    told = scene.journal.records()[call.id]["steps"]
    return [(step["what"], step["number"]) for step in told if "mute" in step["what"]]


@pytest.mark.parametrize(
    ("party", "expected"),
    [("caller", (True, False)), ("callee", (False, True)), ("all", (True, True))],
)
def test_a_party_is_muted_until_it_is_not(party: str, expected: tuple[bool, bool]) -> None:
    @story
    async def told() -> None:
        async with script_scene() as scene:
            a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
            (call,) = scene.calls
            for fields, now in (
                ({}, expected), ({"On": "true"}, expected), ({"On": "false"}, (False, False)),
                ({"On": "false"}, (False, False)), ({}, expected),
            ):  # fmt: skip
                await scene.command("Mute", CallId=call.id, Party=party, **fields)
                assert muted(call) == now, fields
            a.hangup()
            await expect(b, Ended)
            await scene.settle()
            whom = [
                number for number, is_it in zip(("1000", "1001"), expected, strict=True) if is_it
            ]
            found = steps(scene, call)
            changes = ("muted", "unmuted", "muted")
            assert found == [(what, number) for what in changes for number in whom]

    told()


@story
async def test_what_cannot_be_muted() -> None:
    async with script_scene(room()) as scene:
        ringing = scene.phone("1001")
        a = scene.phone("1000").dial("1001")
        await ringing.rings()
        (call,) = scene.calls
        error = await scene.refused("Mute", CallId=call.id, Party="caller")
        assert error.code is Code.INAPPROPRIATE_COMMAND
        assert "the call has not been answered" in str(error)
        a.hangup()
        await asyncio.sleep(1)
        error = await scene.refused("Mute", CallId=call.id, Party="caller")
        assert error.code is Code.CALL_NOT_FOUND
        a = scene.phone("1000").dial("3000")
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(1)
        (call,) = scene.calls
        error = await scene.refused("Mute", CallId=call.id, Party="callee")
        assert "the callee of the call is no phone" in str(error)
        error = await scene.refused("Mute", CallId=call.id)
        assert "Party" in str(error)
        a.hangup()


@pytest.mark.parametrize("leaves", ["caller", "callee"])
def test_a_transfer_keeps_muted_who_stays(leaves: str) -> None:
    @story
    async def told() -> None:
        async with script_scene(extension("1002")) as scene:
            await connected(scene, scene.phone("1000"), scene.phone("1001"))
            dora = scene.phone("1002")
            (call,) = scene.calls
            await scene.command("Mute", CallId=call.id, Party="callee")
            moving = asyncio.create_task(
                scene.command(
                    "BlindTransfer", CallId=call.id, Target="1002", TransferorParty=leaves
                )
            )
            d = await answers(dora)
            await moving
            parties = {party.number: bool(party.mutes) for party in call.parties}
            ports = {party.number: party.audio.port.muted for party in call.parties}  # type: ignore[union-attr]
            stays = {"1001": True} if leaves == "caller" else {"1000": False}
            assert ports == parties == {"1002": False, **stays}
            d.hangup()

    told()


@story
async def test_members_of_a_conference_are_muted_whatever_their_mute_key_says() -> None:
    async with script_scene(room(mute_key="*6")) as scene:
        members = []
        for number in ("1000", "1001"):
            leg = scene.phone(number).dial("3000")
            await expect(leg, Answered)
            leg.acknowledge()
            await asyncio.sleep(1)
            members.append(leg)
        one, two = scene.workers.all
        first = next(iter(scene.calls))
        await scene.command("Mute", CallId=first.id, Party="caller")
        assert (two.heard_in_room(), one.heard_in_room()) == (set(), {two})
        one.keys("*6*6")
        assert two.heard_in_room() == set(), "its own key takes back what a command has done"
        await scene.command("Mute", CallId=first.id, Party="caller", On="false")
        assert two.heard_in_room() == {one}
        for leg in members:
            leg.hangup()


@story
async def test_a_supervisor_is_muted_in_its_own_call() -> None:
    async with script_scene(extension("1003", supervises=("1001",)), workers=2) as scene:
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        boss = scene.phone("1003")
        reply = await scene.command("Barge", CallId=call.id, Supervisor="1003")
        assert reply is not None
        await answers(boss)
        own = scene.calls.get(str(reply.fields["CallId"]))
        assert own is not None
        await scene.command("Mute", CallId=own.id, Party="callee")
        assert own.callee.audio.port.muted  # type: ignore[union-attr]
        assert muted(call) == (False, False)
        a.hangup()
