"""A softphone of the distribution meets the switch as it is shipped."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.system.debian_baresip import debian_baresip
from tests.system.phones import Ear, phones
from tests.system.program import Program, running, until

PHONES = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
"""
MODERN = """
[[extensions]]
number = "1000"
type = "phone"
password = "pw1000"
digest = ["SHA-256", "MD5"]
"""


def password_of(program: Program, number: str) -> str:
    """The random one, which `make run` prints."""
    kept = json.loads((program.directory / "data" / "passwords.json").read_text())
    return str(kept["phones"][number])


@pytest.mark.timeout(90)
async def test_it_registers_calls_and_is_called_with_the_shipped_settings(tmp_path: Path) -> None:
    async with (
        running(tmp_path, "", shipped="config/softswitch.toml") as program,
        phones() as makers,
    ):
        password = password_of(program, "1000")
        account = f"<sip:1000@127.0.0.1:{program.sip_port}>;auth_pass={password};answermode=auto"
        async with debian_baresip(tmp_path / "debian", account) as debian:
            await debian.registered()
            ben = await makers.register(program, "1001", password_of(program, "1001"))

            debian.command("dial", f"sip:600@127.0.0.1:{program.sip_port}")
            await debian.event("CALL_ESTABLISHED")
            await asyncio.sleep(1)
            debian.command("hangup")
            await debian.event("CALL_CLOSED")
            await until(lambda: [call["outcome"] for call in program.calls()] == ["answered"])
            figures = program.calls()[0]["media"]["caller"]
            assert figures["packets_in"] > 30
            assert figures["packets_out"] > 30

            outgoing = await ben.dial("1000")
            await outgoing.wait_established(timeout=10)
            async with Ear(outgoing, 600) as ear:
                await ear.hears(600, 0.95, span=1)  # ben's own voice, back from the other phone
            await outgoing.hangup()
            await debian.event("CALL_CLOSED")
            outcomes = ["answered", "answered"]
            await until(lambda: [call["outcome"] for call in program.calls()] == outcomes)


@pytest.mark.timeout(60)
async def test_two_challenges_are_too_much_for_it_and_the_log_says_what_to_try(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, MODERN) as program:
        account = f"<sip:1000@127.0.0.1:{program.sip_port}>;auth_pass=pw1000"
        async with debian_baresip(tmp_path / "debian", account):
            await until(lambda: "challenge not answered" in program.log(), 15)
    lines = [line for line in program.log().splitlines() if "challenge not answered" in line]
    assert len(lines) == 1
    assert "account=1000" in lines[0]
    assert 'offered="SHA-256, MD5"' in lines[0]
    assert 'digest = ["MD5"]' in lines[0]
