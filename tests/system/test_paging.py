"""Real phones that are paged, and that answer an intercom."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.system.phones import Ear, gone, phones
from tests.system.program import running
from tests.system.signals import share
from tests.system.test_transfer_button import hear_each_other

SETTINGS = """
[[extensions]]
range = "1000-1003"
type = "phone"
password = "pw{number}"
intercom = true
[[extensions]]
number = "790"
type = "paging"
members = ["1001", "1002"]
"""


@pytest.mark.timeout(90)
async def test_all_hear_the_pager_and_nobody_else(tmp_path: Path) -> None:
    overrides = {"MEDIA__WORKERS": "2"}
    async with (
        running(tmp_path, SETTINGS, overrides=overrides) as program,
        phones() as makers,
    ):
        anna, ben, carl = [await makers.register(program, f"100{n}") for n in range(3)]
        outgoing = await anna.dial("790")
        members = [await ben.rings(), await carl.rings()]
        for member in members:
            await member.answer()
        await outgoing.wait_established(timeout=10)
        async with (
            Ear(outgoing, 440) as pager,
            Ear(members[0], 1_000) as first,
            Ear(members[1], 1_700) as second,
        ):
            await first.hears(440)
            await second.hears(440)
            await asyncio.sleep(1)
            assert share(pager.since(0.5), 1_000) < 0.05
            assert share(pager.since(0.5), 1_700) < 0.05
        await outgoing.hangup()
        for member in members:
            await gone(member)
        await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(60)
async def test_intercom_is_two_way(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, phones() as makers:
        anna, ben = [await makers.register(program, f"100{n}") for n in range(2)]
        outgoing = await anna.dial("*801001")
        at_ben = await ben.rings()
        await at_ben.answer()
        await outgoing.wait_established(timeout=10)
        await hear_each_other(outgoing, at_ben)
        await outgoing.hangup()
        await gone(at_ben)
        await program.until_metric("softswitch_media_ports", 0)
