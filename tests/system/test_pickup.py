"""Real phones that take calls which ring others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.peer import header, peers, status
from tests.system.phones import gone, phones
from tests.system.program import running, until
from tests.system.test_transfer_button import hear_each_other

SETTINGS = """
[guard]
trusted = ["127.0.0.1/32"]
[[extensions]]
range = "1000-1002"
type = "phone"
password = "pw{number}"
pickup_groups = ["office"]
[[extensions]]
number = "1003"
type = "phone"
password = "pw1003"
"""
ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'


@pytest.mark.timeout(60)
@pytest.mark.parametrize("dialled", ["*8", "**1001"])
async def test_a_phone_picks_up_and_both_hear_each_other(tmp_path: Path, dialled: str) -> None:
    two_workers = {"MEDIA__WORKERS": "2"}
    async with (
        running(tmp_path, SETTINGS, overrides=two_workers) as program,
        phones() as makers,
    ):
        anna, ben, carl = [await makers.register(program, f"100{n}") for n in range(3)]
        outgoing = await anna.dial("1001")
        at_ben = await ben.rings()
        at_carl = await carl.dial(dialled)
        await at_carl.wait_established(timeout=10)
        await outgoing.wait_established(timeout=10)
        await gone(at_ben)
        await hear_each_other(outgoing, at_carl)
        await at_carl.hangup()
        await gone(outgoing)
        await program.until_metric("softswitch_media_ports", 0)
        await until(lambda: {row["outcome"] for row in program.calls()} == {"answered"})


@pytest.mark.timeout(60)
async def test_the_key_of_a_lamp_and_what_the_phone_that_rang_is_told(tmp_path: Path) -> None:
    async with (
        running(tmp_path, SETTINGS) as program,
        peers(program, "1000", "1001", "1002", "1003") as (anna, ben, carl, dora),
    ):
        invite = await anna.invite("1001")
        at_ben = await ben.request("INVITE")
        ben.respond(at_ben, 180)
        await anna.answer_to(invite, 180)
        named = f"Replaces: {header(at_ben, 'Call-ID')};to-tag=a;from-tag=b;early-only"
        stranger = await dora.invite("1001", None, named)
        assert status(await dora.answer_to(stranger)) == 403
        pressed = await carl.invite("1001", None, named)
        answer = await carl.answer_to(pressed)
        assert status(answer) == 200
        at_carl = carl.established(pressed, answer)
        cancel = await ben.request("CANCEL")
        assert header(cancel, "Reason") == ELSEWHERE
        ben.respond(cancel, 200)
        ben.respond(at_ben, 487)
        at_anna = await anna.answer_to(invite)
        assert status(at_anna) == 200
        anna.established(invite, at_anna)
        await at_carl.hang_up()
        await anna.request("BYE")
        await program.until_metric("softswitch_media_ports", 0)
