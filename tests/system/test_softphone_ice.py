"""Debian's baresip with ICE, in the clear and with DTLS-SRTP: its checks find the switch."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.system.debian_baresip import debian_baresip
from tests.system.peer import peers
from tests.system.program import running, until
from tests.system.voices import CM_80, GCM, Voice

SETTINGS = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
srtp = "optional"
"""
SOFTPHONE = """
module ice.so
module dtls_srtp.so
rtcp_mux yes
"""
TONE = 600.0
AGREED = "sending Re-INVITE with updated default candidates"


@pytest.mark.timeout(90)
@pytest.mark.parametrize("encryption", ["", ";mediaenc=dtls_srtp"], ids=["clear", "DTLS"])
async def test_a_softphone_with_ice_calls(tmp_path: Path, encryption: str) -> None:
    """It checks, nominates, and offers again with the candidate that was nominated."""
    async with (
        running(tmp_path, SETTINGS, overrides={"LOGGING__MESSAGES": "whole"}) as program,
        peers(program, "1001") as (alice,),
    ):
        server = f"127.0.0.1:{program.sip_port}"
        account = f"<sip:1002@{server}>;auth_pass=pw1002;medianat=ice{encryption}"
        async with debian_baresip(tmp_path / "debian", account, SOFTPHONE) as debian:
            await debian.registered()
            ours = Voice()
            await ours.open()
            debian.command("dial", f"sip:1001@{server}")
            offer = await alice.request("INVITE", 15.0)
            dialog = alice.respond(offer, 200, ours.describe(offer))
            await ours.agree(offer)
            await alice.request("ACK")
            await debian.event("CALL_ESTABLISHED")
            await until(lambda: AGREED in debian.log(), 15.0)
            await asyncio.sleep(1)
            await ours.play(TONE, 1.5)
            assert ours.share(TONE) > 0.95, debian.log()
            assert ours.lost == 0
            assert "connectivity check is complete" in debian.log()
            await dialog.hang_up()
            await debian.event("CALL_CLOSED")
            await ours.close()
        await until(lambda: [call["outcome"] for call in program.calls()] == ["answered"])
        secured = program.calls()[0]["media"]["caller"]["srtp"]
        assert secured in ((GCM, CM_80) if encryption else ("",))
        assert "a=ice-lite" in program.log()
