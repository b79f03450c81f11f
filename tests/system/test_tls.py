"""SIP over TLS with real peers: phones, openssl, another switch as a trunk, and attackers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.certificates import files, write_ca
from tests.system.debian_baresip import debian_baresip
from tests.system.phones import Ear, phones
from tests.system.program import running, until
from tests.system.signals import share

PHONES = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "600"
type = "echo"
"""


def make_tls(folder: Path, *names: str) -> Path:
    """What a switch needs to listen on TLS."""
    folder.mkdir()
    files(folder, "switch", *(names or ("127.0.0.1", "localhost")))
    write_ca(folder)
    return folder


@pytest.mark.timeout(90)
async def test_a_phone_over_tls_calls_and_is_called(tmp_path: Path) -> None:
    tls = make_tls(tmp_path / "tls")
    async with (
        running(tmp_path / "switch", PHONES, tls=tls) as program,
        phones() as makers,
    ):
        account = (
            f"<sip:1000@127.0.0.1:{program.tls_port};transport=tls>"
            ";auth_pass=pw1000;answermode=auto"
        )
        trust = f"sip_cafile {tls}/ca.pem\nsip_verify_server yes"
        async with debian_baresip(tmp_path / "debian", account, trust) as debian:
            await debian.registered()
            ben = await makers.register(program, "1001", "pw1001")
            debian.command("dial", f"sip:600@127.0.0.1:{program.tls_port};transport=tls")
            await debian.event("CALL_ESTABLISHED")
            await asyncio.sleep(1)
            debian.command("hangup")
            await debian.event("CALL_CLOSED")
            outgoing = await ben.dial("1000")
            await outgoing.wait_established(timeout=5)
            async with Ear(outgoing, 600) as ear:
                await asyncio.sleep(2)
                assert share(ear.since(1), 600) > 0.95
            await outgoing.hangup()
            await debian.event("CALL_CLOSED")
            await until(lambda: len(program.calls()) == 2)
        await program.until_metric("softswitch_registrations", 1)
