"""Real phones: one joins two who talk by INVITE with Join, with the dialog that a lamp has told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.system.peer import header, peers, status
from tests.system.phones import gone, phones
from tests.system.program import running
from tests.system.test_supervision import ANNA, BEN, BOSS, SETTINGS, TWO_WORKERS, until_heard
from tests.system.test_transfer_button import calls, hear_each_other

LAMP = """
[[extensions]]
number = "1009"
type = "phone"
password = "pw1009"
"""


@pytest.mark.timeout(120)
async def test_three_talk_and_who_leaves_leaves_two(tmp_path: Path) -> None:
    async with (
        running(tmp_path, SETTINGS + LAMP, overrides=TWO_WORKERS) as program,
        phones() as makers,
        peers(program, "1009") as (lamp,),
    ):
        anna, ben, boss = [await makers.register(program, f"100{n}") for n in (0, 1, 3)]
        outgoing, at_ben = await calls(anna, ben)
        watch = lamp.new("SUBSCRIBE", "1001", "", "Event: dialog", "Expires: 0")
        assert status(await lamp.ask(watch)) == 200
        told = await lamp.request("NOTIFY")
        lamp.respond(told, 200)
        said = dict(re.findall(r'(call-id|local-tag|remote-tag)="([^"]+)"', told))
        named = f"{said['call-id']};to-tag={said['remote-tag']};from-tag={said['local-tag']}"
        stranger = await lamp.invite("1001", None, f"Join: {named}")
        assert status(await lamp.answer_to(stranger)) == 403
        at_boss = await boss.agent.dial(f"sip:1001@{boss.domain}", headers={"Join": named})
        await at_boss.wait_established(timeout=10)
        await until_heard((outgoing, at_ben, at_boss), {BEN, BOSS}, {ANNA, BOSS}, {ANNA, BEN})
        await at_ben.hangup()
        await hear_each_other(outgoing, at_boss)
        await at_boss.hangup()
        await gone(outgoing)
        await program.until_metric("softswitch_media_ports", 0)
        assert header(told, "Event") == "dialog"
