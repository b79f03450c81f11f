"""Calls out that budgets count, refuse and end."""

from __future__ import annotations

import asyncio

from softswitch.calls.numbers.rules.budgets import Budget
from softswitch.sip.events import Ended, Failed
from tests.calls.numbers.test_trunks import Stage, dials_out, trunk
from tests.calls.scene import connected, expect
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
