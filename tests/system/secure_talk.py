"""A switch whose extensions want every way of securing sound, and calls between two voices."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.system.peer import Dialog, Peer, status
from tests.system.program import Program, until
from tests.system.voices import Voice

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

[[extensions]]
number = "600"
type = "echo"

[[extensions]]
range = "3000-3009"
type = "conference"
"""

HIGH, LOW = 1000.0, 600.0


@contextmanager
def secure_switch(directory: Path) -> Iterator[Program]:
    """One switch for all calls of a file; two workers, and every message in its log."""
    overrides = {
        "MEDIA__SDES_WITHOUT_TLS": "true",
        "MEDIA__WORKERS": "2",
        "LOGGING__MESSAGES": "whole",
    }
    program = Program(directory, SETTINGS, overrides=overrides)
    with asyncio.Runner() as runner:
        runner.run(program.start())
        yield program
        code = runner.run(program.stop())
    log = program.log()
    assert code == 0, log[-3000:]
    assert "Traceback" not in log, log[-6000:]
    assert "refused" not in log, log[-6000:]


async def end_calls(program: Program) -> None:
    """Hang up what a failed test has left, which the next one would take for its own call.

    Returns when no call has a port any more: a new one is then on the worker that is expected.
    """
    active = (await program.command("ListActiveCalls"))["ActiveCalls"]
    for row in active:  # type: ignore[attr-defined]
        await program.command("Hangup", CallId=row["CallId"])
    await program.until_metric("softswitch_calls", 0, 10)


async def check_heard(voice: Voice, frequency: float, seconds: float = 1.5) -> None:
    """A voice has heard this tone, every packet of it, and nothing else."""
    least = seconds * 50 - 5
    with suppress(TimeoutError):  # the last ones may be on their way
        await until(lambda: len(voice.packets) >= least, 3)
    assert len(voice.packets) >= least
    assert voice.share(frequency) > 0.95
    assert voice.lost == 0
    assert voice.spoilt == 0


def keys_in(text: str) -> set[str]:
    """The keys of a description, as they are written."""
    return set(re.findall(r"inline:([A-Za-z0-9+/=]+)", text))


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

    async def check(self, seconds: float = 1.5) -> None:
        """Each has heard the other, every packet, and nothing but that."""
        await check_heard(self.ours, HIGH, seconds)
        await check_heard(self.theirs, LOW, seconds)

    def forget(self) -> None:
        """Begin to hear anew."""
        for voice in (self.ours, self.theirs):
            voice.packets.clear()
            voice.spoilt = 0

    async def close(self) -> None:
        for voice in (self.ours, self.theirs):
            await voice.close()
