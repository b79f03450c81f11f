"""An operator sees and ends calls of real phones from the terminal, without a password."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.system.peer import peers, status
from tests.system.program import Program, running, until
from tests.system.voices import Voice

PHONES = "\n".join(
    f'[[extensions]]\nnumber = "100{n}"\ntype = "phone"\npassword = "pw100{n}"' for n in range(3)
)
SETTINGS = f"""
{PHONES}
[[trunks]]
name = "carrier"
host = "127.0.0.1:{free_port()}"
"""


@pytest.mark.timeout(90)
async def test_a_second_signal_leaves_no_folder_and_no_key_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    echo = '\n[[extensions]]\nnumber = "600"\ntype = "echo"\n'
    program = Program(tmp_path, PHONES + echo, overrides={"SHUTDOWN__GRACE_TIME": "60"})
    await program.start()
    assert program.process is not None
    try:
        async with peers(program, "1000") as (alice,):
            voice = Voice()
            await voice.open()
            invite = await alice.invite("600", voice.describe())
            answer = await alice.answer_to(invite)
            alice.established(invite, answer)
            assert list(temporary.glob("softswitch-*"))
            program.process.send_signal(signal.SIGINT)
            await until(lambda: "draining" in program.log())
            await asyncio.sleep(0.3)  # longer than two signals that are one
            program.process.send_signal(signal.SIGINT)
            assert await program.process.wait() == 143
            await voice.close()
    finally:
        await program.stop()
    assert not list(temporary.glob("softswitch-*"))
    assert not (tmp_path / "data/terminal.key").exists()


@pytest.mark.timeout(120)
async def test_calls_are_seen_transferred_and_ended_from_the_terminal(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program:
        async with peers(program, "1000", "1001", "1002") as (alice, bob, carl):
            voices = [Voice() for _ in range(3)]
            for voice in voices:
                await voice.open()
            invite = await alice.invite("1001", voices[0].describe())
            offer = await bob.request("INVITE")
            bob.respond(offer, 200, voices[1].describe(offer))
            answer = await alice.answer_to(invite)
            assert status(answer) == 200
            alice.established(invite, answer)
            await bob.request("ACK")

            code, table = await program.terminal("calls")
            assert (code, "1000" in table, "1001" in table, "InCall" in table) == (0, *[True] * 3)
            code, told = await program.terminal("calls", "--json")
            (call,) = json.loads(told)
            assert call["caller"]["number"] == "1000"
            code, told = await program.terminal("registrations", "--number", "1001")
            assert (code, "1001" in told, "1000 " in told) == (0, True, False)
            code, told = await program.terminal("status")
            assert "calls          1 of at most 2000" in told
            assert "registrations  3" in told
            code, told = await program.terminal("trunks", "state")
            assert (code, "carrier" in told) == (0, True)
            assert await program.terminal("recordings") == (0, "there are no recordings\n")
            assert await program.terminal("alarms") == (0, "there are no alarms\n")

            start = call["id"][:6]
            moving = asyncio.create_task(program.terminal("transfer", start, "1002"))
            offer = await carl.request("INVITE")
            carl.respond(offer, 200, voices[2].describe(offer))
            await carl.request("ACK")
            code, told = await moving
            assert (code, "1000" in told, "talks to 1002" in told) == (0, True, True), told
            code, told = await program.terminal("calls", "--json")
            (call,) = json.loads(told)
            code, told = await program.terminal("hangup", call["id"])
            assert (code, told) == (0, f"{call['id']} has ended\n")
            await carl.request("BYE")
            assert await program.terminal("calls") == (0, "there are no calls\n")
            code, told = await program.terminal("hangup", call["id"])
            assert (code, "no call" in told) == (1, True)
            for voice in voices:
                await voice.close()
        await until(lambda: len(program.calls()) >= 1)
        code, told = await program.terminal("--user", "nobody", "calls")
        assert code == 2
        code, told = await program.terminal("calls", "--user", "nobody")
        assert (code, "nobody" in told) == (1, True)
