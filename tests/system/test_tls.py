"""SIP over TLS with real peers: phones, openssl, another switch as a trunk, and attackers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.certificates import files, trusting, write_ca
from tests.system.debian_baresip import debian_baresip
from tests.system.peer import Peer, header, peers, status, talk
from tests.system.phones import Ear, phones
from tests.system.program import Program, running, until
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


async def secure_peer(program: Program, number: str, folder: Path, scheme: str) -> Peer:
    """A registered phone over TLS."""
    peer = Peer(number, program, "tls", tls=trusting(), scheme=scheme)
    await peer.open()
    await peer.register()
    return peer


@pytest.mark.timeout(90)
async def test_a_sips_call_goes_over_tls_or_not_at_all(tmp_path: Path) -> None:
    tls = make_tls(tmp_path / "tls")
    async with (
        running(tmp_path / "switch", PHONES, tls=tls) as program,
        peers(program, "1003") as (plain,),
    ):
        anna = await secure_peer(program, "1000", tls, "sips")
        ben = await secure_peer(program, "1001", tls, "sips")
        carl = await secure_peer(program, "1002", tls, "sip")
        # From end to end.
        ours, theirs = await talk(anna, ben)
        assert theirs.text.startswith("INVITE sips:1001@")
        for dialog in (ours, theirs):
            assert header(dialog.text, "Contact").startswith("<sips:")
        await ours.hang_up()
        # A phone without a sips contact, and one without TLS, do not ring.
        for other in (carl, plain):
            invite = await anna.invite(other.number)
            refusal = await anna.answer_to(invite)
            assert status(refusal) == 480
            assert header(refusal, "Warning") == '380 softswitch "SIPS Not Allowed"'
            assert all(text.startswith("SIP/2.0") for text in other.inbox._queue)  # type: ignore[attr-defined]
        # The other way round a sips contact is called as the caller says, over its TLS.
        ours, theirs = await talk(plain, ben)
        assert theirs.text.startswith("INVITE sip:1001@")
        assert header(theirs.text, "Contact").startswith("<sip:")
        await ours.hang_up()
        # Nobody says sips without TLS.
        plain.scheme = "sips"
        refusal = await plain.final(plain.new("INVITE", "1001", plain.sdp()))
        assert status(refusal) == 480
        assert header(refusal, "Warning") == '380 softswitch "SIPS Not Allowed"'
        for peer in (anna, ben, carl):
            peer.close()
        await program.until_metric("softswitch_registrations", 1)
