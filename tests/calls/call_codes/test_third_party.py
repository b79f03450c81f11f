"""Three who talk: the third is called by keys, hears and is heard by both, and stays."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from softswitch.calls.call.call import Call
from softswitch.calls.endings.states import CallState
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.directory import Directory
from softswitch.sip.events import Acknowledged, Ended, Reoffered
from tests.calls.call_codes.test_call_codes import Talk, ports
from tests.calls.extensions import conference, extension
from tests.calls.scene import Phone, expect, sdp
from tests.calls.supervision.test_supervision import steps, who_hears_whom
from tests.calls.virtual_time import run

ALL_THREE = {"1000": "1001 1002", "1001": "1000 1002", "1002": "1000 1001"}
BOTH = {"1000": "1001", "1001": "1000"}


async def answers(phone: Phone) -> Leg:
    leg = await phone.rings()
    phone.answer(leg)
    await expect(leg, Acknowledged)
    await asyncio.sleep(1)
    return leg


async def invited(talk: Talk, call: Call, number: str = "1002") -> None:
    """Anna presses the code, and it has been seen to."""
    at_anna, _ = ports(call)
    at_anna.keys(f"*3{number}#")
    await asyncio.sleep(0.5)


def beeps(call: Call) -> list[str]:
    """What Anna has heard of the switch, and Ben nothing."""
    at_anna, at_ben = ports(call)
    assert at_ben.played == []
    return at_anna.played


@pytest.mark.parametrize("leaves", ["1000", "1001", "1002"])
def test_who_leaves_leaves_the_two_others_talking(tmp_path: Path, leaves: str) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        a, b, call = await talk.begin()
        await invited(talk, call)
        ringing = await talk.carl.rings()
        assert who_hears_whom(talk.scene) == BOTH, "they talk while the third rings"
        talk.carl.answer(ringing)
        await expect(ringing, Acknowledged)
        await asyncio.sleep(1)
        assert who_hears_whom(talk.scene) == ALL_THREE
        assert beeps(call) == ["beep 880"]
        legs = {"1000": a, "1001": b, "1002": ringing}
        legs.pop(leaves).hangup()
        await asyncio.sleep(2)
        one, other = legs
        assert who_hears_whom(talk.scene) == {one: other, other: one}
        assert list(talk.scene.calls) == [call]
        assert not any(port.ears or port.hearers for port in talk.scene.workers.opened)
        assert call.take_place is None
        legs[one].hangup()
        await expect(legs[other], Ended)
        await talk.scene.settle()
        assert len(talk.codes) == 0
        expected = ["invited"] if leaves == "1002" else ["invited", "joined"]
        assert [what for what in steps(talk.scene, call) if what in {"invited", "joined"}] == (
            expected
        )
        chains = {record["chain"] for record in talk.scene.journal.records().values()}
        assert chains - {"", None} == {call.id}

    run(story())


def test_one_is_called_at_a_time_however_often_the_keys_come(tmp_path: Path) -> None:
    """Keys by INFO come as fast as a phone likes, and each call out costs."""

    async def story() -> None:
        talk = Talk(tmp_path)
        a, _, call = await talk.begin()
        for _ in range(5):
            await invited(talk, call)
        assert len(talk.scene.calls) == 2
        assert beeps(call) == ["beep 330"] * 4
        await call.hang_up()
        await talk.end(a)

    run(story())


@pytest.mark.parametrize("reaction", [486, 503, 603, "silence", "nobody", "circle"])
def test_a_third_who_does_not_come_leaves_the_call_as_it_was(
    tmp_path: Path, reaction: int | str
) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        a, _, call = await talk.begin()
        number = {"nobody": "4711", "circle": "1001"}.get(str(reaction), "1002")
        await invited(talk, call, number)
        if isinstance(reaction, int):
            (await talk.carl.rings()).reject(reaction)
        elif reaction == "silence":
            await talk.carl.rings()
        elif reaction == "circle":
            (await talk.ben.rings()).reject(486)
        await asyncio.sleep(100 if reaction == "silence" else 2)
        assert who_hears_whom(talk.scene) == BOTH
        assert beeps(call) == ["beep 330"]
        assert list(talk.scene.calls) == [call]
        await invited(talk, call)
        await answers(talk.carl)
        assert who_hears_whom(talk.scene) == ALL_THREE, "another try"
        await call.hang_up()
        await talk.end(a)
        assert "invitation failed" in steps(talk.scene, call)

    run(story())


@pytest.mark.parametrize("leaves", ["1000", "1001"])
def test_a_party_hangs_up_while_the_third_rings(tmp_path: Path, leaves: str) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        a, b, call = await talk.begin()
        await invited(talk, call)
        c = await talk.carl.rings()
        leaving, staying = (a, b) if leaves == "1000" else (b, a)
        leaving.hangup()
        await expect(staying, Ended)
        await c.ended
        await talk.scene.settle()

    run(story())


def test_both_leave_and_the_third_is_alone(tmp_path: Path) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        a, b, call = await talk.begin()
        await invited(talk, call)
        c = await answers(talk.carl)
        a.hangup()
        b.hangup()
        await expect(c, Ended)
        await talk.scene.settle()

    run(story())


def test_all_three_leave_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        a, b, call = await talk.begin()
        await invited(talk, call)
        c = await answers(talk.carl)
        for leg in (a, c, b):
            leg.hangup()
        await talk.scene.settle()

    run(story())


def test_a_command_ends_it_for_all(tmp_path: Path) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        a, b, call = await talk.begin()
        await invited(talk, call)
        c = await answers(talk.carl)
        await call.hang_up()
        for leg in (a, b, c):
            await expect(leg, Ended)
        await talk.scene.settle()

    run(story())


def test_a_conference_joins_and_both_stay_where_they_are(tmp_path: Path) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        directory = talk.scene.plan.directory
        directory.exchange(Directory([*directory, conference("3000")]))
        a, b, call = await talk.begin()
        before = ports(call)
        await invited(talk, call, "3000")
        await asyncio.sleep(1)
        assert beeps(call) == ["beep 880"]
        assert ports(call) == before
        assert len(before[0].hearers) == 0
        assert [len(port.ears) for port in before] == [1, 1]
        await call.hang_up()
        await expect(a, Ended)
        await expect(b, Ended)
        await talk.scene.settle()

    run(story())


def test_a_fourth_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        a, _, call = await talk.begin()
        await invited(talk, call)
        await answers(talk.carl)
        await invited(talk, call, "600")
        assert beeps(call) == ["beep 880", "beep 330"]
        assert who_hears_whom(talk.scene) == ALL_THREE
        await call.hang_up()
        await talk.end(a)

    run(story())


def test_without_a_port_nobody_is_rung(tmp_path: Path) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        a, _, call = await talk.begin()
        talk.scene.workers.free = len(talk.scene.workers.opened)
        await invited(talk, call)
        assert talk.carl.asked.empty()
        assert beeps(call) == ["beep 330"]
        await talk.end(a)

    run(story())


@pytest.mark.parametrize("leaves", ["1001", "1002"])
def test_a_party_is_transferred_while_three_talk(tmp_path: Path, leaves: str) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        scene = talk.scene
        scene.plan.directory.exchange(Directory([*scene.plan.directory, extension("1003")]))
        dora = scene.phone("1003")
        a, b, call = await talk.begin()
        await invited(talk, call)
        c = await answers(talk.carl)

        async def transfer() -> None:
            await scene.transfers.blind_transfer(call, call.caller, "1003")

        moving = asyncio.create_task(call.ask(transfer))
        d = await answers(dora)
        await moving
        await expect(a, Ended)
        assert who_hears_whom(scene) == {
            "1001": "1002 1003",
            "1002": "1001 1003",
            "1003": "1001 1002",
        }
        (b if leaves == "1001" else c).hangup()
        await asyncio.sleep(1)
        other = "1002" if leaves == "1001" else "1001"
        assert who_hears_whom(scene) == {"1003": other, other: "1003"}
        d.hangup()
        await expect(c if leaves == "1001" else b, Ended)
        await scene.settle()

    run(story())


def test_the_third_takes_the_place_of_one_who_holds(tmp_path: Path) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        a, b, call = await talk.begin()
        await invited(talk, call)
        c = await answers(talk.carl)
        holding = asyncio.create_task(a.reinvite(sdp(direction="sendonly", version=2)))
        await expect(b, Reoffered)
        b.answer_reoffer(sdp("10.0.0.2", 5000, direction="recvonly", version=2))
        await holding
        await expect(b, Acknowledged)
        await asyncio.sleep(1)
        assert call.state is CallState.HOLD
        a.hangup()
        offer = await expect(b, Reoffered)
        assert b"a=sendrecv" in (offer.sdp or b"")
        b.answer_reoffer(sdp("10.0.0.2", 5000, version=3))
        await expect(b, Acknowledged)
        await asyncio.sleep(1)
        assert who_hears_whom(talk.scene) == {"1001": "1002", "1002": "1001"}
        assert call.state is CallState.IN_CALL
        b.hangup()
        await expect(c, Ended)
        await talk.scene.settle()

    run(story())
