"""Recordings of calls that are transferred, or that go wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import wave
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from baresip.call import Call

from tests.ports import free_port
from tests.system.application import application
from tests.system.phones import Ear, gone, phones
from tests.system.program import Program, running, until
from tests.system.signals import clearest, share
from tests.system.test_commands import PHONES, two_talking, with_application
from tests.system.test_media_worker import workers_of


def channels(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels()) == (8_000, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return samples[::2], samples[1::2]


@pytest.mark.timeout(60)
async def test_a_recording_goes_on_after_a_transfer(tmp_path: Path) -> None:
    async with (
        application() as app,
        running(tmp_path, with_application(app)) as program,
        phones() as makers,
    ):
        outgoing, incoming, call_id = await two_talking(program, makers)
        carl = await makers.register(program, "1002")
        async with Ear(outgoing, 440):
            answer = await program.command(
                "Record", CallId=call_id, Format="wav", FinishedUrl=app.url("/recorded")
            )
            assert answer["Code"] == 200
            async with Ear(incoming, 1_000):
                await asyncio.sleep(1)
                moving = asyncio.create_task(
                    program.command(
                        "BlindTransfer", CallId=call_id, TransferorParty="callee", Target="1002"
                    )
                )
                at_carl = await carl.rings()
                await at_carl.answer()
                assert (await moving)["Code"] == 200
            async with Ear(at_carl, 1_800):
                await asyncio.sleep(2)
        await outgoing.hangup()
        await gone(at_carl)
        form = await app.heard("RecordCompleted")
        assert form["CallId"] == call_id
        assert float(form["Duration"]) > 3
        [path] = (tmp_path / "recordings").rglob("*.wav")
        left, right = channels(path)
        assert len(left) == round(float(form["Duration"]) * 8_000)
        assert share(left[-8_000:].tobytes(), 440) > 0.9
        middle = len(right) // 2
        assert clearest(right[:middle].tobytes(), 1_000) > 0.9
        assert clearest(right[middle:].tobytes(), 1_800) > 0.9


@pytest.mark.timeout(60)
async def test_a_recording_is_played_and_fetched_by_its_url(tmp_path: Path) -> None:
    async with application() as app:
        app.answers["/incoming"] = (
            "<Response><Record Format='wav' FinishDigits='#' FinishedUrl='rec'/>"
            "<Beep Frequency='900'/><Play>$RecordURL</Play></Response>"
        )
        app.answers["/rec"] = "<Response><Play>{RecordURL}</Play></Response>"
        port = free_port()
        on_all = {"http_port": port, "overrides": {"HTTP__LISTEN": f"0.0.0.0:{port}"}}
        async with (
            running(tmp_path, with_application(app), **on_all) as program,
            phones() as makers,
        ):
            anna = await makers.register(program, "1000")
            call = await anna.dial("9000")
            await call.wait_established(timeout=10)
            async with Ear(call, 440) as ear:
                await asyncio.sleep(2)
                ear.heard.clear()
                await call.send_dtmf("#")
                form = await app.heard("RecordCompleted")
                await gone(call, 20)
            assert len(ear.heard) / 16_000 > 3.5
            assert share(bytes(ear.heard), 440) > 0.7
            url = form["RecordURL"]
            assert url.startswith(f"http://127.0.0.1:{program.http_port}/recordings/")
            async with aiohttp.ClientSession() as session:
                async with session.get(url) as response:
                    assert response.status == 200
                    assert (await response.read())[:4] == b"RIFF"
                async with session.get(url[:-1] + ("0" if url[-1] != "0" else "1")) as response:
                    assert response.status == 401


@pytest.mark.timeout(60)
async def test_a_recording_whose_media_worker_dies_is_told_of(tmp_path: Path) -> None:
    async with (
        application() as app,
        running(tmp_path, with_application(app)) as program,
        phones() as makers,
    ):
        outgoing, incoming, call_id = await two_talking(program, makers)
        async with Ear(outgoing, 440), Ear(incoming, 1_000):
            await program.command(
                "Record", CallId=call_id, Format="wav", FinishedUrl=app.url("/recorded")
            )
            await asyncio.sleep(2)
            (worker,) = workers_of(program)
            os.kill(worker, signal.SIGKILL)
        forms = [await app.posted_to("/recorded")]
        forms.append(await app.heard("Error"))
        assert [form["CallId"] for form in forms] == [call_id] * 2
        assert forms[0]["NotificationName"] == "RecordCompleted"
        assert forms[0]["Error"] == "media worker died"
        assert float(forms[0]["Duration"]) == pytest.approx(2, abs=0.7)
        assert "media worker died" in forms[1]["Message"]
        assert "RecordPath" not in forms[1]["Message"]
        [path] = (tmp_path / "recordings").rglob("*.wav")
        assert f"/{path.name}?ticket=" in forms[0]["RecordURL"]
        left, _ = channels(path)
        assert share(left[-4_000:].tobytes(), 440) > 0.9


def loudness(sound: bytes) -> float:
    """The highest root mean square of a fifth of a second, of samples up to 32767."""
    samples = np.frombuffer(sound, np.int16).astype(np.float64)
    blocks = samples[: len(samples) // 1_600 * 1_600].reshape(-1, 1_600)
    return float(np.sqrt((blocks**2).mean(axis=1)).max()) if len(blocks) else 0.0


async def speaks_to(call: Call, program: Program, call_id: str) -> None:
    """Wait until a voice is heard, which may have to be loaded, and stop it."""
    async with Ear(call, None) as ear:
        await until(lambda: loudness(bytes(ear.heard)) > 300, 30)
    await program.command("StopPlay", CallId=call_id, Party="caller")
    await asyncio.sleep(0.5)


@pytest.mark.timeout(150)
async def test_another_voice_speaks_for_one_that_is_not_there(tmp_path: Path) -> None:
    async with (
        application() as app,
        running(tmp_path, with_application(app)) as program,
        phones() as makers,
    ):
        outgoing, _, call_id = await two_talking(program, makers)
        told: list[tuple[str, str, str]] = []
        text = "One, two, three, four."
        for wrong in ({"Voice": "nobody"}, {"Voice": "no:such"}, {"Language": "xx-yy"}):
            answer = await program.command(
                "Speak", CallId=call_id, Text=text, Party="caller", Warnings="true", **wrong
            )
            assert answer["Code"] == 200
            [warning] = answer["Warnings"]
            assert warning.endswith("another one speaks")
            form = await app.heard("Error")
            assert form["Severity"] == "warning"
            told.append((form["CallId"], form["Code"], form["Message"].partition(".")[0]))
            await speaks_to(outgoing, program, call_id)
        for known in ("Microsoft Anna", "Microsoft David Desktop", "Microsoft Hedda Desktop"):
            answer = await program.command(
                "Speak", CallId=call_id, Text=text, Party="caller", Warnings="true", Voice=known
            )
            assert (answer["Code"], answer.get("Warnings")) == (200, None)
            await speaks_to(outgoing, program, call_id)
        assert [
            (call_id, "302", f"Missing or invalid parameter '{name}' for command 'Speak'")
            for name in ("Voice", "Voice", "Language")
        ] == told
        while not app.posted.empty():
            assert app.posted.get_nowait()["NotificationName"] != "Error"
        await outgoing.hangup()


@pytest.mark.timeout(60)
async def test_a_record_path_that_cannot_be_a_directory_is_named(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, phones() as makers:
        outgoing, _, call_id = await two_talking(program, makers)
        (tmp_path / "recordings").mkdir(exist_ok=True)
        (tmp_path / "recordings" / "file").write_text("")
        answer = await program.command("Record", CallId=call_id, RecordPath="file")
        assert answer["Code"] == 302
        assert "'RecordPath' for command 'Record'" in str(answer["Message"])
        await outgoing.hangup()
