"""Calls out that budgets count, refuse and end."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.calls.numbers.rules.budgets import Budget
from softswitch.calls.numbers.rules.classes import Classes, NumberClass
from softswitch.calls.numbers.rules.route import Route
from softswitch.calls.numbers.rules.rules import Rules
from softswitch.calls.setup.interception import Hop, Question
from softswitch.sip.effects import Flow
from softswitch.sip.events import Answered, Ended, Failed
from tests.calls.numbers.test_trunks import Stage, dials_out, trunk
from tests.calls.scene import Scene, connected, expect
from tests.calls.setup.test_emergency import exchange_rules
from tests.calls.virtual_time import run


def test_a_call_counts_from_its_answer_and_further_ones_are_refused() -> None:
    async def story() -> None:
        stage = Stage(trunk())
        stage.scene.plan.budgets.replace([Budget(name="b", calls=1)])
        a = stage.alice.dial("030123")
        c = await stage.carrier.rings()
        c.reject(486)
        assert (await expect(a, Failed)).status == 486
        a, c = await dials_out(stage)
        refused = stage.alice.dial("030123")
        failed = await expect(refused, Failed)
        assert failed.status == 403
        assert 'text="the budget b of 1000 is used up for today"' in (
            failed.headers.get("Reason") or ""
        )
        a.hangup()
        await expect(c, Ended)
        await stage.scene.settle()
        used = list(stage.scene.plan.budgets.used())
        assert [(row.subject, row.calls) for row in used] == [("1000", 1)]

    run(story())


def test_a_call_ends_when_its_minutes_are_used_up() -> None:
    async def story() -> None:
        stage = Stage(trunk())
        budgets = stage.scene.plan.budgets
        budgets.replace([Budget(name="b", seconds=90, ends_calls=True)])
        budgets.now = stage.scene.now
        a, c = await dials_out(stage)
        await asyncio.sleep(89)
        budgets.look()
        assert not a.ended.done()
        await asyncio.sleep(1)
        budgets.look()
        ending = await expect(a, Ended)
        await expect(c, Ended)
        assert ending.headers is not None
        assert 'text="the budget is used up"' in (ending.headers.get("Reason") or "")
        await stage.scene.settle()
        assert stage.scene.record["reason"] == "the budget is used up"

    run(story())


def test_a_call_that_was_transferred_to_another_ends_when_its_minutes_are_used_up() -> None:
    async def story() -> None:
        stage = Stage(trunk())
        scene, budgets = stage.scene, stage.scene.plan.budgets
        budgets.replace([Budget(name="b", seconds=90, ends_calls=True)])
        budgets.now = scene.now
        bob = scene.phone("1001")
        first_leg, b = await connected(scene, stage.alice, bob)
        (first,) = scene.calls
        a, c = await dials_out(stage)
        await asyncio.sleep(1)
        (other,) = (call for call in scene.calls if call is not first)
        await scene.transfers.attended_transfer(first, first.caller, other, other.caller)
        await expect(a, Ended)
        await expect(first_leg, Ended)
        await asyncio.sleep(95)
        budgets.look()
        await asyncio.sleep(1)
        assert c.ended.done()
        assert b.ended.done()
        await scene.settle()

    run(story())


@pytest.mark.parametrize("destination", ["carrier", "0900123"])
def test_ways_that_an_application_chooses_are_counted_for_who_calls(destination: str) -> None:
    async def ask(_question: Question) -> Hop | None:
        return Hop(destination, 30.0)

    async def story() -> None:
        line, classes = trunk(), Classes((NumberClass("premium", ("0900",)),))
        scene = Scene(trunks=[line], ask=ask)
        exchange_rules(scene, Rules((Route(pattern="0*", trunk="carrier"),), classes=classes))
        carrier = scene.phone("carrier", registered=False)
        line.flows = (Flow("udp", scene.host.address, carrier.host.address),)
        budgets = scene.plan.budgets
        budgets.replace([Budget(name="b", calls=1, classes=frozenset(("premium",)))])
        a = scene.phone("1000").dial("0900123")
        c = await carrier.rings()
        carrier.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(1)
        assert [(row.subject, row.calls) for row in budgets.used()] == [("1000", 1)]
        other = scene.phone("1000").dial("0900123")
        assert (await expect(other, Failed)).status == 403
        a.hangup()
        await scene.settle()

    run(story())
