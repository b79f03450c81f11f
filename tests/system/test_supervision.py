"""Real phones: one listens to two others, whispers, barges in; told by tones."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from baresip.call import Call

from tests.system.phones import Ear, gone, phones
from tests.system.program import running
from tests.system.signals import share
from tests.system.test_transfer_button import calls, hear_each_other

SETTINGS = """
[[extensions]]
range = "1000-1001"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "1003"
type = "phone"
password = "pw1003"
supervises = ["1001"]
"""
ANNA, BEN, BOSS = 440.0, 1_000.0, 2_200.0
TWO_WORKERS = {"MEDIA__WORKERS": "2"}


async def until_heard(calls: Sequence[Call], *expected: set[float]) -> None:
    """Let three phones send a tone each, and wait until each of them hears what it should."""
    async with AsyncExitStack() as stack:
        ears = [
            await stack.enter_async_context(Ear(call, hertz))
            for call, hertz in zip(calls, (ANNA, BEN, BOSS), strict=True)
        ]
        for _ in range(20):
            await asyncio.sleep(0.5)
            heard = [
                {hertz for hertz in (ANNA, BEN, BOSS) if share(ear.since(0.8), hertz) > 0.2}
                for ear in ears
            ]
            if heard == [*expected] and len(ears[0].since(0.8)) >= 0.8 * 16_000:
                return
    raise AssertionError(f"{heard} and not {expected}")


@pytest.mark.timeout(120)
async def test_a_supervisor_listens_whispers_and_barges_in(tmp_path: Path) -> None:
    async with (
        running(tmp_path, SETTINGS, overrides=TWO_WORKERS) as program,
        phones() as makers,
    ):
        anna, ben, boss = [await makers.register(program, f"100{n}") for n in (0, 1, 3)]
        outgoing, at_ben = await calls(anna, ben)
        at_boss = await boss.dial("*2221001")
        await at_boss.wait_established(timeout=10)
        three = (outgoing, at_ben, at_boss)
        await until_heard(three, {BEN}, {ANNA}, {ANNA, BEN})
        await at_boss.send_dtmf("5")
        await until_heard(three, {BEN}, {ANNA, BOSS}, {ANNA, BEN})
        await at_boss.send_dtmf("6")
        await until_heard(three, {BEN, BOSS}, {ANNA, BOSS}, {ANNA, BEN})
        await at_boss.hangup()
        await hear_each_other(outgoing, at_ben)
        await outgoing.hangup()
        await gone(at_ben)
        await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(120)
async def test_a_command_rings_the_supervisor_whose_call_ends_with_the_other(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, SETTINGS) as program, phones() as makers:
        anna, ben, boss = [await makers.register(program, f"100{n}") for n in (0, 1, 3)]
        outgoing, at_ben = await calls(anna, ben)
        (row,) = (await program.command("ListActiveCalls"))["ActiveCalls"]
        await program.command("Whisper", CallId=row["CallId"], Supervisor="1003")
        at_boss = await boss.rings()
        await at_boss.answer()
        await until_heard((outgoing, at_ben, at_boss), {BEN}, {ANNA, BOSS}, {ANNA, BEN})
        await at_ben.hangup()
        await gone(outgoing)
        await gone(at_boss)
        await program.until_metric("softswitch_media_ports", 0)
