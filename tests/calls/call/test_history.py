"""What is written of calls while they last, and how transfers end them in the history."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from softswitch.calls.call.history import LIFE_SIGN_SECONDS, History
from softswitch.calls.call.hold import hold, resume
from softswitch.calls.call.party import Side
from softswitch.calls.leg.leg import Leg
from softswitch.calls.transfer.transfer import transferor_of
from softswitch.sip.events import Acknowledged, Ended, Reoffered
from tests.calls.scene import FakeJournal, Phone, Scene, connected, expect, sdp
from tests.calls.virtual_time import run


def test_signs_of_life_are_left_while_there_are_calls() -> None:
    async def story() -> None:
        journal, calls = FakeJournal(), ["a call"]
        loop = asyncio.get_running_loop()
        showing = asyncio.create_task(History(journal, loop.time).show_life(calls))
        await asyncio.sleep(2.5 * LIFE_SIGN_SECONDS)
        calls.clear()
        await asyncio.sleep(2 * LIFE_SIGN_SECONDS)
        showing.cancel()
        with suppress(asyncio.CancelledError):
            await showing
        seen = [change.row["seen_at"] for change in journal.changes]
        assert seen == pytest.approx([LIFE_SIGN_SECONDS, 2 * LIFE_SIGN_SECONDS])

    run(story())


async def follow_hold(phone: Phone, leg: Leg, version: int, direction: str) -> None:
    """Take the re-INVITE of a hold, or of its end."""
    await expect(leg, Reoffered)
    answer = sdp(phone.host.address[0], 5000, direction=direction, version=version)
    leg.answer_reoffer(answer)
    await expect(leg, Acknowledged)


def test_the_record_of_a_call_that_lasts_says_hold_and_whom_a_transfer_brought() -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        (call,) = scene.calls
        assert (scene.record["state"], scene.record["destination"]) == ("InCall", "1001")
        for order, version, direction, state in (
            (hold, 2, "recvonly", "Hold"),
            (resume, 3, "sendrecv", "InCall"),
            (hold, 4, "recvonly", "Hold"),
        ):
            ordered = asyncio.create_task(order(call))
            await follow_hold(anna, a, version, direction)
            await follow_hold(ben, b, version, direction)
            await ordered
            assert scene.record["state"] == state
        moving = asyncio.create_task(
            call.ask(
                lambda: scene.transfers.blind_transfer(  # type: ignore[arg-type]
                    call, transferor_of(call, Side.CALLEE), "1002"
                )
            )
        )
        c = await carl.rings()
        carl.answer(c)
        await moving
        await expect(c, Acknowledged)
        assert (scene.record["state"], scene.record["destination"]) == ("InCall", "1002")
        await follow_hold(anna, a, 5, "sendrecv")
        await follow_hold(carl, c, 6, "sendrecv")
        await asyncio.sleep(1)
        a.hangup()
        await expect(c, Ended)
        await scene.settle()
        assert (scene.record["state"], scene.record["ended_by"]) == ("TransferCompleted", "caller")

    run(story())


def test_both_calls_of_an_attended_transfer_end_by_it_in_the_history() -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        second, c = await connected(scene, ben, carl)
        first, other = scene.calls
        await scene.transfers.attended_transfer(first, first.callee, other, other.caller)
        await expect(b, Ended)
        await expect(second, Ended)
        await asyncio.sleep(1)
        c.hangup()
        await expect(a, Ended)
        await scene.settle()
        states = [record["state"] for record in scene.journal.records().values()]
        assert states == ["TransferCompleted"] * 2

    run(story())
