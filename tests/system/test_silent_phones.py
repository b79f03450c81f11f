"""Phones that have fallen silent: calls pass over them, and no command waits for them for ever."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.system.peer import peers, status, talk
from tests.system.program import running

SETTINGS = """
[guard]
trusted = ["127.0.0.1/32"]
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
"""


async def test_a_phone_that_fell_silent_is_not_rung(tmp_path: Path) -> None:
    asks = {"SIP__OPTIONS_INTERVAL": "0.6"}
    async with (
        running(tmp_path, SETTINGS, overrides=asks) as program,
        peers(program, "1000", "1001") as (anna, ben),
    ):
        ben.respond(await ben.request("OPTIONS"), 200)
        await program.until_metric("softswitch_phones_silent", 1, 10)
        invite = await anna.invite("1001")
        assert status(await anna.answer_to(invite)) == 480
        await ben.register()
        invite = await anna.invite("1001")
        ben.respond(await ben.request("INVITE"), 486)
        assert status(await anna.answer_to(invite)) == 486


async def test_who_holds_a_call_by_command_does_not_wait_for_a_silent_phone(tmp_path: Path) -> None:
    async with (
        running(tmp_path, SETTINGS) as program,
        peers(program, "1000", "1001") as (anna, ben),
    ):
        await talk(anna, ben)
        listed = await program.command("ListActiveCalls")
        (call,) = listed["ActiveCalls"]  # type: ignore[misc, var-annotated]
        loop = asyncio.get_running_loop()
        began = loop.time()
        holding = asyncio.create_task(program.command("Hold", CallId=call["CallId"]))
        for direction in ("a=sendonly", "a=sendrecv"):
            offer = await anna.request("INVITE", 12)
            assert direction in offer
            anna.respond(offer, 200, anna.sdp())
            await anna.request("ACK")
        answer = await holding
        assert 7 < loop.time() - began < 11
        assert answer["Code"] == 303
        assert "the phone of 1001 does not answer its re-INVITE" in str(answer)
        ben.respond(await ben.request("INVITE"), 100)
        cancel = await ben.request("CANCEL")
        ben.respond(cancel, 200)
        again = await program.command("ListActiveCalls")
        (call,) = again["ActiveCalls"]  # type: ignore[misc, var-annotated]
        assert call["CallState"] == "InCall"
