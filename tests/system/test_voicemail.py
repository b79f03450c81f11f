"""Voicemail with real phones: a tone is left as a message, and heard again by keys."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import pytest
from baresip.call import Call

from tests.postgresql import mappings
from tests.system.peer import Peer, peers, status
from tests.system.phones import Ear, Phone, gone, phones
from tests.system.program import Program, running, until
from tests.system.signals import clearest

SETTINGS = """
[[extensions]]
number = "1000"
password = "pw1000"
type = "phone"
[[extensions]]
number = "1001"
password = "pw1001"
type = "phone"
name = "Ben"
ring_time = 1
mailbox = true
[[extensions]]
number = "1002"
password = "pw1002"
type = "phone"
mailbox = true
mailbox_pin = "2468"
[[extensions]]
number = "8000"
type = "voicemail"
[voicemail]
folder = "{folder}"
silence = 3
"""
TONE = 650.0


def settings(directory: Path) -> str:
    return SETTINGS.replace("{folder}", str(directory / "voicemails"))


def messages(program: Program) -> list[dict[str, object]]:
    """The messages that are on disk, oldest first."""
    return mappings(program.database_url, "SELECT * FROM voicemails ORDER BY arrived_at")


def files(program: Program, mailbox: str, folder: str) -> list[Path]:
    return sorted((program.directory / "voicemails" / mailbox / folder).glob("*.wav"))


async def hears_beep(ear: Ear, seconds: float = 20.0) -> None:
    """Wait until the tone that asks to speak has been heard."""
    await until(lambda: clearest(ear.since(1.0), 1_000, 0.2) > 0.8, seconds)
    await until(lambda: clearest(ear.since(0.3), 1_000, 0.2) < 0.5, 3)


async def leave(caller: Phone, number: str, seconds: float = 2.5) -> None:
    """Leave a tone as a message, by hanging up."""
    call = await caller.dial(number)
    await call.wait_established(timeout=10)
    async with Ear(call, TONE) as ear:
        await call.send_dtmf("#")
        await hears_beep(ear)
        await asyncio.sleep(seconds)
    await call.hangup()


async def press(call: Call, keys: str, pause: float = 0.3) -> None:
    for key in keys:
        await call.send_dtmf(key)
        await asyncio.sleep(pause)


async def hears(ear: Ear, frequency: float = TONE, seconds: float = 30.0) -> None:
    await until(lambda: clearest(ear.since(1.0), frequency, 0.4) > 0.8, seconds)


@pytest.mark.timeout(90)
async def test_a_tone_is_left_and_heard_by_keys(tmp_path: Path) -> None:
    async with running(tmp_path, settings(tmp_path)) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001", dtmf_mode="rtpevent")
        await leave(anna, "1001")
        await until(lambda: len(messages(program)) == 1)
        (message,) = messages(program)
        assert (message["mailbox"], message["caller"], message["folder"]) == ("1001", "1000", "new")
        assert 2.0 < float(str(message["seconds"])) < 5.0
        assert [path.stem for path in files(program, "1001", "new")] == [message["id"]]
        async with AsyncExitStack() as stack:
            call = await ben.dial("8000")
            await call.wait_established(timeout=10)
            ear = await stack.enter_async_context(Ear(call, None))
            await press(call, "1")
            await hears(ear)
            await press(call, "9")
            await until(lambda: messages(program)[0]["folder"] == "old")
            assert not files(program, "1001", "new")
            assert len(files(program, "1001", "old")) == 1
            ear.heard.clear()
            await press(call, "2")
            await hears(ear)
            await press(call, "7")
            await until(lambda: not messages(program))
            assert not files(program, "1001", "old")
            await press(call, "#", 1.0)
            await gone(call, 15)
        await program.until_metric("softswitch_media_ports", 0)
        steps = program.calls()[0]["steps"]
        assert "voicemail" in str(steps)


@pytest.mark.timeout(120)
async def test_an_owner_records_a_greeting_by_keys_and_callers_hear_it(tmp_path: Path) -> None:
    async with running(tmp_path, settings(tmp_path)) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001", dtmf_mode="rtpevent")
        call = await ben.dial("*97")
        await call.wait_established(timeout=10)
        async with Ear(call, None) as ear:
            await press(call, "01")
            await hears_beep(ear)
        async with Ear(call, TONE):
            await asyncio.sleep(2.5)
            await press(call, "#")
        async with Ear(call, None) as ear:
            await hears(ear)  # it is played to its owner, who has not pressed anything yet
            await press(call, "1")
            await until(lambda: any((tmp_path / "voicemails/1001").glob("greeting-*.wav")))
        await call.hangup()
        await gone(call)
        call = await anna.dial("*99*1001%23")
        await call.wait_established(timeout=10)
        async with Ear(call, None) as ear:
            await hears(ear)
            await press(call, "#")
            await hears_beep(ear)
        async with Ear(call, TONE):
            await asyncio.sleep(2.5)
            await press(call, "#")
        async with Ear(call, None) as ear:
            await gone(call, 20)
        spoken = np.abs(np.frombuffer(bytes(ear.heard), "<i2").astype(float)) > 1_000
        assert spoken.sum() > 1_500, "nothing said that the message is left"
        await until(lambda: len(messages(program)) == 1)
        await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(90)
async def test_a_crash_leaves_no_half_message_and_loses_no_whole_one(tmp_path: Path) -> None:
    program = Program(tmp_path, settings(tmp_path))
    await program.start()
    try:
        async with phones() as makers:
            anna = await makers.register(program, "1000")
            await leave(anna, "1001")
            await until(lambda: len(messages(program)) == 1)
            (kept,) = messages(program)
            call = await anna.dial("1001")
            await call.wait_established(timeout=10)
            async with Ear(call, TONE) as ear:
                await call.send_dtmf("#")
                await hears_beep(ear)
                await until(lambda: any((tmp_path / "voicemails/.recording").iterdir()))
                await asyncio.sleep(1)
                await program.kill()
            assert any((tmp_path / "voicemails/.recording").iterdir())
            await program.start()
            assert [row["id"] for row in messages(program)] == [kept["id"]]
            assert [path.stem for path in files(program, "1001", "new")] == [kept["id"]]
            assert not any((tmp_path / "voicemails/.recording").iterdir())
    finally:
        await program.kill()


SCRIPT = """
<Response>
    <Beep/>
    <ForEach Source="voicemails">
        <MoveFile SourceFile="$item.message" TargetDirectory="$oldmessagepath"/>
    </ForEach>
    <Delay>0.5</Delay>
</Response>
"""


async def lamp_says(peer: Peer, counts: str) -> None:
    """Wait for the NOTIFY with these counts, answering all that come."""
    async with asyncio.timeout(10):
        while True:
            notify = await peer.request("NOTIFY", 10)
            peer.respond(notify, 200)
            if f"Voice-Message: {counts} " in notify:
                return


@pytest.mark.timeout(90)
async def test_the_lamp_follows_and_a_script_moves_messages(tmp_path: Path) -> None:
    (tmp_path / "box.xml").write_text(SCRIPT)
    ivr = f'[[extensions]]\nnumber = "600"\ntype = "ivr"\nscript = "{tmp_path}/box.xml"\n'
    async with (
        running(tmp_path, ivr + settings(tmp_path)) as program,
        phones() as makers,
        peers(program, "1001") as (ben,),
    ):
        await lamp_says(ben, "0/0")
        await leave(await makers.register(program, "1000"), "1001")
        await lamp_says(ben, "1/0")
        invite = await ben.invite("600")
        answer = await ben.answer_to(invite)
        assert status(answer) == 200
        ben.established(invite, answer)
        await lamp_says(ben, "0/1")
        assert [row["folder"] for row in messages(program)] == ["old"]
        assert len(files(program, "1001", "old")) == 1


@pytest.mark.timeout(90)
async def test_the_terminal_tells_of_a_mailbox_that_is_left_and_puts_it_back(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, settings(tmp_path)) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        add = ("phones", "add", "1005", "password=pw1005", "mailbox=true", "ring_time=1")
        assert (await program.terminal(*add))[0] == 0
        assert await program.terminal("voicemail", "removed") == (0, "there are none\n")
        await leave(anna, "1005")
        await until(lambda: len(messages(program)) == 1)
        code, said = await program.terminal("phones", "remove", "1005")
        removed, kept, command = said.splitlines()
        assert (code, removed) == (0, "1005 is removed")
        assert kept.startswith("  the mailbox of 1005, 1 message, is kept until 20")
        code, listed = await program.terminal("voicemail", "removed", "--json")
        (mailbox,) = json.loads(listed)
        assert (mailbox["number"], mailbox["messages"]) == ("1005", 1)
        assert mailbox["id"] in command
        assert mailbox["id"] in (await program.terminal("voicemail", "removed"))[1]
        code, said = await program.terminal("voicemail", "restore", "1005")
        assert (code, said) == (1, "1005 has no mailbox now\n")
        code, said = await program.terminal("voicemail", "restore", "1006")
        assert (code, "no removed mailbox '1006'" in said) == (1, True)
        assert (await program.terminal(*add))[0] == 0
        assert not messages(program)
        code, said = await program.terminal("voicemail", "restore", "1005")
        assert (code, said) == (0, "the mailbox of 1005 is there again, 1 message\n")
        assert len(messages(program)) == len(files(program, "1005", "new")) == 1
        assert (await program.terminal("phones", "remove", "1005"))[0] == 0
        assert (await program.terminal(*add))[0] == 0
        code, said = await program.terminal("phones", "remove", "1005")
        assert (code, said) == (0, "1005 is removed\n")  # it had no message
        assert (await program.terminal(*add))[0] == 0
        await leave(anna, "1005")
        await until(lambda: len(messages(program)) == 1)
        assert (await program.terminal("phones", "remove", "1005"))[0] == 0
        code, said = await program.terminal("voicemail", "restore", "1005")
        assert (code, "1005 has left 2 mailboxes, expected one of 1005-" in said) == (1, True)
        assert (await program.terminal(*add))[0] == 0
        assert (await program.terminal("voicemail", "restore", mailbox["id"]))[0] == 1
        kept = json.loads((await program.terminal("voicemail", "removed", "--json"))[1])
        assert (await program.terminal("voicemail", "restore", kept[1]["id"]))[0] == 0
        assert len(messages(program)) == 1
