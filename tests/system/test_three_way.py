"""Real phones: a third is called by keys, all three hear each other, and who leaves leaves two."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.system.phones import gone, phones
from tests.system.program import running
from tests.system.test_supervision import ANNA, BEN, BOSS, TWO_WORKERS, until_heard
from tests.system.test_transfer_button import calls, hear_each_other

SETTINGS = """
[[extensions]]
range = "1000-1002"
type = "phone"
password = "pw{number}"
call_codes = ["invite"]
"""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("leaves", ["who has invited", "the third"])
async def test_three_talk_and_who_leaves_leaves_two(tmp_path: Path, leaves: str) -> None:
    async with (
        running(tmp_path, SETTINGS, overrides=TWO_WORKERS) as program,
        phones() as makers,
    ):
        anna, ben, carl = [await makers.register(program, f"100{n}") for n in range(3)]
        outgoing, at_ben = await calls(anna, ben)
        await asyncio.sleep(1)
        await outgoing.send_dtmf("*31002#")
        at_carl = await carl.rings(10)
        await hear_each_other(outgoing, at_ben)
        await at_carl.answer()
        await until_heard((outgoing, at_ben, at_carl), {BEN, BOSS}, {ANNA, BOSS}, {ANNA, BEN})
        if leaves == "the third":
            await at_carl.hangup()
            left = (outgoing, at_ben)
        else:
            await outgoing.hangup()
            left = (at_carl, at_ben)
        await hear_each_other(*left)
        await left[0].hangup()
        await gone(left[1])
        await program.until_metric("softswitch_media_ports", 0)
