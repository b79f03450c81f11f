"""OPTIONS to phones: calls pass over a phone that has fallen silent (RFC 3261 section 11)."""

from __future__ import annotations

from pathlib import Path

from tests.system.peer import peers, status
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
