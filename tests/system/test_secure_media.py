"""Calls between phones whose sound is secured in every way: each hears the tone of the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator

import pytest

from tests.system.peer import Dialog, Peer, peers, status
from tests.system.program import Program, until
from tests.system.voices import CM_80, GCM, DtlsVoice, SdesVoice, Voice

SETTINGS = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
srtp = "off"

[[extensions]]
range = "1010-1019"
type = "phone"
password = "pw{number}"
srtp = "required"

[[extensions]]
range = "1020-1029"
type = "phone"
password = "pw{number}"
srtp = "required"
srtp_keys = "dtls"

[[extensions]]
range = "1030-1039"
type = "phone"
password = "pw{number}"
srtp = "optional"
"""

WAYS: dict[str, tuple[str, Callable[[str], Voice]]] = {
    "plain": ("100", Voice),
    "SDES-GCM": ("101", lambda name: SdesVoice(GCM, name)),
    "SDES-CM": ("101", lambda name: SdesVoice(CM_80, name)),
    "DTLS": ("102", DtlsVoice),
}
"The ways of securing a leg: the extensions whose settings want it, and its voice."

CODECS = {"relay": ("PCMU", "PCMU"), "converted": ("L16", "PCMU")}
"How packets pass: the codecs of caller and callee."

HIGH, LOW = 1000.0, 600.0


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One switch for all calls of this file."""
    directory = tmp_path_factory.mktemp("switch")
    overrides = {"MEDIA__SDES_WITHOUT_TLS": "true", "LOGGING__MESSAGES": "whole"}
    program = Program(directory, SETTINGS, overrides=overrides)
    with asyncio.Runner() as runner:
        runner.run(program.start())
        yield program
        code = runner.run(program.stop())
    assert code == 0, program.log()[-3000:]
    assert "Traceback" not in program.log(), program.log()[-6000:]


class Talk:
    """A call between two voices."""

    def __init__(self, caller: Peer, callee: Peer, ours: Voice, theirs: Voice) -> None:
        self.caller, self.callee = caller, callee
        self.ours, self.theirs = ours, theirs
        self.dialog: Dialog
        self.incoming: Dialog
        self.offer = self.answer = ""
        "What the switch has said to the callee, and to the caller."

    async def begin(self) -> None:
        for voice in (self.ours, self.theirs):
            await voice.open()
        invite = await self.caller.invite(self.callee.number, self.ours.describe())
        self.offer = await self.callee.request("INVITE")
        self.callee.respond(self.offer, 180)
        body = self.theirs.describe(self.offer)
        self.incoming = self.callee.respond(self.offer, 200, body)
        await self.theirs.agree(self.offer)
        self.answer = await self.caller.answer_to(invite)
        assert status(self.answer) == 200, self.answer
        await self.ours.agree(self.answer)
        self.dialog = self.caller.established(invite, self.answer)
        await self.callee.request("ACK")
        for voice in (self.ours, self.theirs):
            await voice.ready()

    async def speak(self, seconds: float = 1.5) -> None:
        """Let both speak, at one time."""
        await asyncio.gather(self.ours.play(LOW, seconds), self.theirs.play(HIGH, seconds))
        await asyncio.sleep(0.1)

    def check(self, seconds: float = 1.5) -> None:
        """Each has heard the other, every packet, and nothing but that."""
        for voice, frequency in ((self.ours, HIGH), (self.theirs, LOW)):
            assert voice.share(frequency) > 0.95
            assert voice.lost == 0
            assert voice.spoilt == 0
            assert len(voice.packets) >= seconds * 50 - 5

    async def close(self) -> None:
        for voice in (self.ours, self.theirs):
            await voice.close()


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
