"""Callers that are taken out of what serves them, while it does something for them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from softswitch.calls.kinds.paging import PAGING
from softswitch.calls.kinds.parking import PARKING
from softswitch.calls.kinds.queue import QUEUE
from softswitch.calls.numbers.extension import Extension
from softswitch.sip.events import Answered, Ended
from tests.calls.extensions import extension
from tests.calls.scene import Phone, Scene, connected, expect
from tests.calls.transfer.test_referral import hear_each_other, press_transfer, replacing
from tests.calls.virtual_time import run

SERVED = {
    "an echo": "600",
    "a queue": "700",
    "a queue whose agent is rung": "710",
    "a parking lot": "720",
    "a page": "730",
}

MOMENTS = (0.0, 0.005, 0.02, 0.5, 2.0, 7.9, 8.0, 8.99, 9.0)
"Seconds after the answer: also where an agent is given up, and rung again."


def services() -> Iterator[Extension]:
    """The extensions behind these numbers, and an agent."""
    lots = PARKING.settings(type="parking", range="720-722", return_after=30)
    yield from (Extension(number, PARKING, lots) for number in lots.numbers())
    yield extension("700", QUEUE, agents=("1004",))
    yield extension("710", QUEUE, agents=("1003",), ring_time=8, retry=1)
    yield extension("730", PAGING, members=("1003",), callers=("1002",))
    yield extension("1003", intercom=True)
    yield extension("1004")


async def let_ring(phone: Phone) -> None:
    """Let everything ring that comes."""
    while True:
        (await phone.rings()).progress(180)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", SERVED.values(), ids=SERVED)
def test_a_caller_is_taken_out_of_a_service_at_any_moment(number: str, moment: float) -> None:
    """A command gives it the place of another party, in a call of two phones."""

    async def story() -> None:
        scene = Scene(*services())
        anna, ben, carl, dora = (scene.phone(n) for n in ("1000", "1001", "1002", "1003"))
        a, b = await connected(scene, anna, ben)
        (first,) = scene.calls
        rung = asyncio.create_task(let_ring(dora))
        c = carl.dial(number)
        await expect(c, Answered)
        c.acknowledge()
        await asyncio.sleep(0.1 + moment)
        other = next(call for call in scene.calls if call.caller.extension == "1002")
        await scene.transfers.attended_transfer(first, first.callee, other, other.callee)
        await asyncio.sleep(1)
        await expect(b, Ended)
        assert {party.extension for party in first.parties} == {"1000", "1002"}
        assert hear_each_other(first)
        a.hangup()
        await expect(c, Ended)
        rung.cancel()
        await scene.settle()
        record = scene.journal.records()[other.id]
        assert (record["state"], record["reason"]) == ("TransferCompleted", "transferred")

    run(story())


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", SERVED.values(), ids=SERVED)
def test_another_takes_the_place_of_a_caller_at_any_moment(number: str, moment: float) -> None:
    """The transfer button of its phone, pressed for the call to the service and another one."""

    async def story() -> None:
        scene = Scene(*services())
        anna, carl, dora = (scene.phone(n) for n in ("1000", "1002", "1003"))
        a, c = await connected(scene, anna, carl)
        (first,) = scene.calls
        rung = asyncio.create_task(let_ring(dora))
        second = carl.dial(number)
        await expect(second, Answered)
        second.acknowledge()
        await asyncio.sleep(0.1 + moment)
        other = next(call for call in scene.calls if call.caller.leg is not first.caller.leg
                     and call.caller.extension == "1002")  # fmt: skip
        assert (await press_transfer(c, replacing(second))).status == 202
        await asyncio.sleep(1)
        assert c.ended.done()
        assert second.ended.done()
        assert other.caller.extension == "1000"
        assert a.ended.done() is False
        a.hangup()
        rung.cancel()
        await scene.settle()
        records = scene.journal.records()
        assert records[first.id]["reason"] == "transferred"
        assert "internal error" not in records[other.id]["reason"]

    run(story())
