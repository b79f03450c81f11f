"""What is played waits while a call is on hold and goes on; nothing waits for an endless sound."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import soundfile

from tests.system.application import application
from tests.system.phones import Ear, gone, phones
from tests.system.program import Program, running, until
from tests.system.signals import share
from tests.system.test_commands import PHONES, ivr, sound_file, talking, with_application


async def only_call(program: Program) -> str:
    (row,) = (await program.command("ListActiveCalls"))["ActiveCalls"]  # type: ignore[misc]
    return str(row["CallId"])


def with_music(directory: Path, settings: str) -> dict[str, object]:
    sound_file(directory, "music.wav", 700, 1.0)
    music = str(directory / "static" / "music.wav")
    return {"settings": settings, "overrides": {"MEDIA__HOLD_MUSIC": music}}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("way", ["command", "phone"])
async def test_a_script_on_hold_goes_on_where_it_was(tmp_path: Path, way: str) -> None:
    for name, frequency, seconds in (("one.wav", 500, 3.0), ("two.wav", 1_100, 1.0)):
        sound_file(tmp_path, name, frequency, seconds)
    script = "<Response><Play>one.wav</Play><Play>two.wav</Play><Delay>30</Delay></Response>"
    more = with_music(tmp_path, ivr(tmp_path, script))
    async with running(tmp_path, **more) as program, phones() as makers:  # type: ignore[arg-type]
        anna = await makers.register(program, "1000")
        call = await anna.dial("600")
        await call.wait_established(timeout=10)
        call_id = await only_call(program)
        async with Ear(call, None) as ear:
            await ear.hears(500, 0.8, span=0.3)
            if way == "command":
                assert (await program.command("Hold", CallId=call_id))["Code"] == 200
                await asyncio.sleep(3)
                await ear.hears(700, 0.8)  # the music on hold
                await program.command("SendDTMF", CallId=call_id, Keys="1", Party="caller")
                sound_file(tmp_path, "news.wav", 1_900, 2.0)
                answer = await program.command("Play", CallId=call_id, AudioFile="news.wav")
                assert answer["Code"] == 200
                await ear.hears(1_900, 0.5)  # a command that comes meanwhile
                await asyncio.sleep(2)
                assert (await program.command("Unhold", CallId=call_id))["Code"] == 200
            else:
                await call.hold()
                await asyncio.sleep(3)
                ear.heard.clear()
                await call.resume()
            await ear.hears(500, 0.8, span=0.4)  # the rest of what was played
            await ear.hears(1_100, 0.8)  # and the command behind it
        await call.hangup()


@pytest.mark.timeout(60)
async def test_a_menu_and_a_recording_wait_for_the_end_of_a_hold(tmp_path: Path) -> None:
    async with application() as app:
        app.answers["/incoming"] = (
            "<Response><UserInput Timeout='2'><InitialCommands/><Inputs/></UserInput>"
            "<Record Format='wav' Inactivity='2' FinishDigits='#' FinishedUrl='rec'/></Response>"
        )
        async with running(tmp_path, with_application(app)) as program, phones() as makers:
            anna = await makers.register(program, "1000")
            call = await anna.dial("9000")
            await call.wait_established(timeout=10)
            call_id = await only_call(program)
            await asyncio.sleep(0.5)
            await program.command("Hold", CallId=call_id)
            await asyncio.sleep(3)
            assert not list((tmp_path / "recordings").rglob("*.wav")), "the menu has given up"
            await program.command("Unhold", CallId=call_id)
            async with Ear(call, 440):
                await until(lambda: bool(list((tmp_path / "recordings").rglob("*.wav"))))
                await asyncio.sleep(1.5)
                await program.command("Hold", CallId=call_id)
                await asyncio.sleep(4)
                await program.command("Unhold", CallId=call_id)
                await asyncio.sleep(1.5)
                await program.command("StopRecord", CallId=call_id)
            form = await app.heard("RecordCompleted")
            assert float(form["Duration"]) == pytest.approx(3, abs=0.9)
            await gone(call)
            (path,) = (tmp_path / "recordings").rglob("*.wav")
            assert soundfile.info(path).duration == pytest.approx(3, abs=0.9)


@pytest.mark.timeout(60)
async def test_what_is_said_before_a_hold_is_heard(tmp_path: Path) -> None:
    sound_file(tmp_path, "moment.wav", 1_300, 2.0)
    async with application() as app:
        app.once["/changed"] = [
            "",
            "",
            "<Response><Play Party='all'>moment.wav</Play><Hold/></Response>",
        ]
        more = with_music(tmp_path, with_application(app))
        async with running(tmp_path, **more) as program, phones() as makers:  # type: ignore[arg-type]
            anna = await makers.register(program, "1000")
            ben = await makers.register(program, "1001")
            call = await anna.dial("1001")
            at_ben = await ben.rings()
            await at_ben.answer()
            await call.wait_established(timeout=10)
            async with Ear(call, None) as ear, Ear(at_ben, None) as ben_ear:
                for each in (ear, ben_ear):
                    await each.hears(700, 0.8)
                    assert share(bytes(each.heard), 1_300) > 0.3
            (row,) = (await program.command("ListActiveCalls"))["ActiveCalls"]  # type: ignore[misc]
            assert row["CallState"] == "Hold"
            await call.hangup()


@pytest.mark.timeout(60)
async def test_an_endless_sound_gives_way(tmp_path: Path) -> None:
    for name, frequency in (("loop.wav", 500), ("news.wav", 1_900)):
        sound_file(tmp_path, name, frequency, 1.0)
    async with running(tmp_path, PHONES) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        call = await anna.dial("1001")
        await talking(program, call, await ben.rings())
        call_id = await only_call(program)

        async def play(file: str, **more: str) -> None:
            fields = {"CallId": call_id, "Party": "caller", "AudioFile": file, **more}
            assert (await program.command("Play", **fields))["Code"] == 200

        async with Ear(call, None) as ear:
            await play("loop.wav", Repeat="true")
            await ear.hears(500, 0.8)
            await play("news.wav")
            await ear.hears(1_900, 0.8, span=0.4)  # what comes later is heard
            await asyncio.sleep(1)
            await play("loop.wav", Repeat="true")
            await asyncio.sleep(1)
            ear.heard.clear()
            answer = await program.command("SendDTMF", CallId=call_id, Party="caller", Keys="5")
            assert answer["Code"] == 200
            await asyncio.sleep(1)
            await ear.hears(500, 0.8, span=0.4)  # keys only interrupt
            answer = await program.command("StopPlay", CallId=call_id, Party="caller")
            assert answer["Code"] == 200
            await until(lambda: share(ear.since(0.3), 500) < 0.1)
        await call.hangup()
