"""The line of the log about each transfer: who moved whom to whom, how, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from typing import Any

import pytest
from structlog.testing import capture_logs

from softswitch.calls.call.inbox_events import CallGone
from softswitch.calls.call.party import Side
from softswitch.calls.endings.endings import (
    CallEnds,
    CannotNow,
    EndedBy,
    NotReached,
    hung_up,
    not_answered,
    not_registered,
    refused_by_callee,
)
from softswitch.calls.numbers.routing import Unroutable
from softswitch.calls.transfer.dialogs import Denied
from softswitch.calls.transfer.transfer import transferor_of
from softswitch.calls.transfer.transfer_line import result_of
from softswitch.sip.events import Acknowledged, Answered, Ended
from tests.calls.extensions import extension
from tests.calls.scene import Leg, Phone, Scene, connected, expect
from tests.calls.transfer.test_referral import heard_so_far, press_transfer, replacing, taking
from tests.calls.virtual_time import run

Lines = list[MutableMapping[str, Any]]

RESULTS = [
    (NotReached(refused_by_callee(486, rang=True)), "busy", ""),
    (NotReached(refused_by_callee(600, rang=True)), "busy", ""),
    (NotReached(refused_by_callee(403, rang=True)), "refused 403", "rejected"),
    (NotReached(refused_by_callee(480, rang=True)), "refused 480", "no answer"),
    (NotReached(refused_by_callee(404, rang=False)), "refused 404", "wrong number"),
    (NotReached(not_answered()), "timed out", "no answer"),
    (NotReached(not_registered()), "refused 480", "not registered"),
    (Unroutable(403, "1000 may not call 0900"), "refused 403", "1000 may not call 0900"),
    (Denied(403), "refused 403", "refused with 403"),
    (CannotNow("nobody stays"), "not possible", "nobody stays"),
    (CallGone(), "call ended", ""),
    (CallEnds(hung_up(EndedBy.CALLER, None)), "call ended", "ended by caller"),
    (asyncio.CancelledError(), "call ended", ""),
]


@pytest.mark.parametrize(("error", "result", "reason"), RESULTS)
def test_what_an_exception_says_of_a_transfer(
    error: BaseException, result: str, reason: str
) -> None:
    assert result_of(error) == (result, reason)


def transfers(lines: Lines) -> list[dict[str, str]]:
    """The lines about transfers, without call, level and what nobody asks for."""
    wanted = ("transferred", "transfer failed")
    kept = ("event", "by", "whom", "to", "kind", "way", "result")
    return [{k: line[k] for k in kept} for line in lines if line["event"] in wanted]


def said(result: str, way: str, kind: str = "blind", **more: str) -> list[dict[str, str]]:
    """The one line that there is to be; Ben moves Anna to Carl."""
    event = "transferred" if result == "answered" else "transfer failed"
    about = {"by": "1001", "whom": "1000", "to": "1002", **more}
    return [{"event": event, **about, "kind": kind, "way": way, "result": result}]


@pytest.fixture
def lines() -> Iterator[Lines]:
    with capture_logs() as captured:
        yield captured


def carl_reacts(carl: Phone, c: Leg, status: int) -> None:
    if status == 200:
        carl.answer(c)
    elif status:
        c.reject(status)
    else:
        c.progress(180)


REACTIONS = [(200, "answered"), (486, "busy"), (403, "refused 403"), (0, "timed out")]


@pytest.mark.parametrize(("status", "result"), REACTIONS)
def test_a_blind_transfer_by_command(lines: Lines, status: int, result: str) -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, _ = await connected(scene, anna, ben)
        (call,) = scene.calls
        ben_leaves = transferor_of(call, Side.CALLEE)

        async def move() -> None:
            await scene.transfers.blind_transfer(call, ben_leaves, "1002")

        moving = asyncio.create_task(call.ask(move))
        carl_reacts(carl, await carl.rings(), status)
        with suppress(NotReached):
            await moving
        assert transfers(lines) == said(result, "command")
        assert {line["call"] for line in lines if "transfer" in line["event"]} == {call.id}
        a.hangup()
        await scene.settle()

    run(story())
    assert transfers(lines) == said(result, "command")


@pytest.mark.parametrize(("status", "result"), REACTIONS)
def test_a_blind_transfer_by_refer(lines: Lines, status: int, result: str) -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        await press_transfer(b, "sip:1002:secret@example.com")
        carl_reacts(carl, await carl.rings(), status)
        await heard_so_far(b)
        a.hangup()
        await scene.settle()

    run(story())
    assert transfers(lines) == said(result, "REFER")
    assert "secret" not in str(lines)


def test_a_refer_to_a_number_that_leads_nowhere(lines: Lines) -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        await press_transfer(b, "sip:4711:secret@example.com;x=secret?Subject=secret")
        await heard_so_far(b)
        a.hangup()
        await scene.settle()

    run(story())
    assert transfers(lines) == said("refused 404", "REFER", to="4711")
    assert "secret" not in str(lines)


def test_who_stays_hangs_up_while_the_target_rings(lines: Lines) -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        await press_transfer(b, "1002")
        (await carl.rings()).progress(180)
        a.hangup()
        await b.ended
        await scene.settle()

    run(story())
    assert transfers(lines) == said("call ended", "REFER")


@pytest.mark.parametrize("by_phone", [True, False])
def test_an_attended_transfer(lines: Lines, by_phone: bool) -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        b2, _ = await connected(scene, ben, carl)
        first, second = scene.calls
        if by_phone:
            await press_transfer(b, replacing(b2))
            await heard_so_far(b)
        else:
            await scene.transfers.attended_transfer(first, first.callee, second, second.caller)
        await expect(b2, Ended)
        a.hangup()
        await scene.settle()

    run(story())
    assert transfers(lines) == said("answered", "REFER" if by_phone else "command", "attended")


def test_an_attended_transfer_to_the_call_of_another(lines: Lines) -> None:
    async def story() -> None:
        scene = Scene(extension("1003"))
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        c, _ = await connected(scene, scene.phone("1002"), scene.phone("1003"))
        await press_transfer(b, replacing(c))
        await heard_so_far(b)
        a.hangup()
        c.hangup()
        await scene.settle()

    run(story())
    assert transfers(lines) == said("refused 481", "REFER", "attended", to="")


@pytest.mark.parametrize("caller", ["1001", "1002"])
def test_a_phone_takes_the_place_of_another(lines: Lines, caller: str) -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        scene.phone("1002")
        newcomer = scene.phone(caller, registered=False).dial("1000", headers=[taking(b)])
        if caller == "1001":
            await expect(newcomer, Answered)
            newcomer.acknowledge()
            await asyncio.sleep(1)
        else:
            await newcomer.ended
        a.hangup()
        await scene.settle()

    run(story())
    result = "answered" if caller == "1001" else "refused 403"
    assert transfers(lines) == said(result, "Replaces", "attended", by=caller, to=caller)


def test_a_blind_transfer_waits_for_its_result(lines: Lines) -> None:
    """While the target rings nothing is said: one transfer is one line."""

    async def story() -> None:
        scene = Scene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        await press_transfer(b, "1002")
        c = await carl.rings()
        c.progress(180)
        await asyncio.sleep(2)
        assert transfers(lines) == []
        carl.answer(c)
        await expect(c, Acknowledged)
        a.hangup()
        await scene.settle()

    run(story())
    assert len(transfers(lines)) == 1
