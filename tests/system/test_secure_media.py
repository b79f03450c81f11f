"""Calls between phones whose sound is secured in every way: each hears the tone of the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.debian_baresip import debian_baresip
from tests.system.peer import Dialog, peers, status
from tests.system.program import Program, until
from tests.system.secure_talk import LOW, Talk, secure_switch
from tests.system.voices import CM_80, GCM, DtlsVoice, SdesVoice, Voice

WAYS: dict[str, tuple[str, Callable[[str], Voice]]] = {
    "plain": ("100", Voice),
    "SDES-GCM": ("101", lambda name: SdesVoice(GCM, name)),
    "SDES-CM": ("101", lambda name: SdesVoice(CM_80, name)),
    "DTLS": ("102", DtlsVoice),
}
"The ways of securing a leg: the extensions whose settings want it, and its voice."

CODECS = {"relay": ("PCMU", "PCMU"), "converted": ("L16", "PCMU")}
"How packets pass: the codecs of caller and callee."


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One switch for all calls of this file."""
    with secure_switch(tmp_path_factory.mktemp("switch")) as program:
        yield program


@pytest.mark.parametrize("passing", CODECS)
@pytest.mark.parametrize("callee", WAYS)
@pytest.mark.parametrize("caller", WAYS)
async def test_every_pair_hears_each_other(
    program: Program, caller: str, callee: str, passing: str
) -> None:
    first, make = WAYS[caller]
    second, make_other = WAYS[callee]
    spoken, heard = CODECS[passing]
    before = len(program.calls())
    async with peers(program, f"{first}1", f"{second}2") as (alice, bob):
        talk = Talk(alice, bob, make(spoken), make_other(heard))
        try:
            await talk.begin()
            await talk.speak()
            talk.check()
            await talk.dialog.hang_up()
        finally:
            await talk.close()
    await until(lambda: [call["outcome"] for call in program.calls()[before:]] == ["answered"])
    media = json.loads(program.calls()[-1]["media"])
    sides = (("caller", talk.ours), ("callee", talk.theirs))
    for side, voice in sides:
        assert media[side]["srtp"] == voice.suite
        assert media[side]["lost"] == 0
        assert media[side]["packets_in"] >= 70


SOFTPHONE = """
module srtp.so
module dtls_srtp.so
"""


@pytest.mark.parametrize(
    ("number", "encryption", "profile"),
    [
        ("1035", "srtp", "RTP/AVP"),
        ("1015", "srtp", "RTP/AVP"),
        ("1015", "srtp-mand", "RTP/SAVP"),
        ("1015", "srtp-mandf", "RTP/SAVPF"),
        ("1025", "dtls_srtp", "UDP/TLS/RTP/SAVPF"),
    ],
)
async def test_a_softphone_of_the_distribution_calls_and_is_called(
    program: Program, tmp_path: Path, number: str, encryption: str, profile: str
) -> None:
    before = len(program.calls())
    server = f"127.0.0.1:{program.sip_port}"
    account = f"<sip:{number}@{server}>;auth_pass=pw{number};answermode=auto;mediaenc={encryption}"
    async with (
        debian_baresip(tmp_path / "debian", account, SOFTPHONE) as debian,
        peers(program, "1001") as (alice,),
    ):
        await debian.registered()

        async def hears_itself(voice: Voice, dialog: Dialog) -> None:
            await debian.event("CALL_ESTABLISHED")
            await asyncio.sleep(1.5 if encryption == "dtls_srtp" else 0.2)
            await voice.play(LOW, 1.5)
            assert voice.share(LOW) > 0.95, debian.log()
            assert voice.lost == 0
            await dialog.hang_up()
            await debian.event("CALL_CLOSED")
            await voice.close()

        ours = Voice()
        await ours.open()
        debian.command("dial", f"sip:1001@{server}")
        offer = await alice.request("INVITE")
        dialog = alice.respond(offer, 200, ours.describe(offer))
        await ours.agree(offer)
        await alice.request("ACK")
        await hears_itself(ours, dialog)

        ours = Voice()
        await ours.open()
        invite = await alice.invite(number, ours.describe())
        answer = await alice.answer_to(invite)
        if encryption == "srtp-mandf":
            assert status(answer) == 488, "it takes nothing but RTP/SAVPF, which is not offered"
            await ours.close()
        else:
            await ours.agree(answer)
            await hears_itself(ours, alice.established(invite, answer))
    await until(lambda: len(program.calls()) == before + 2)
    await until(lambda: all(call["outcome"] for call in program.calls()))
    calling, called = (json.loads(call["media"]) for call in program.calls()[before:])
    dtls = encryption == "dtls_srtp"
    assert calling["caller"]["srtp"] == (GCM if dtls else CM_80), "the first that it offers"
    assert called["callee"]["srtp"] == ("" if encryption == "srtp-mandf" else GCM)
    assert f" {profile} " in program.log()
