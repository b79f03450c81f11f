"""Record on real calls: where the file lies, who is told of it, and by which URL."""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from softswitch.sip.events import Answered, Ended, Ringing
from tests.calls.scene import connected, expect
from tests.ozml.scene import script_scene, story

DONE = "http://app.example/done"
URL = r"http://192\.0\.2\.1:9509/recordings/day/[0-9]{8}-[0-9]{6}-\w+(-2)?\.wav\?ticket=[0-9a-f-]+"


@story
async def test_a_recording_lasts_until_the_call_ends_and_is_told_of() -> None:
    with TemporaryDirectory() as folder:
        async with script_scene(files=Path(folder)) as scene:
            a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
            (call,) = scene.calls
            fields = {"CallId": call.id, "Format": "wav", "FinishedUrl": DONE}
            await scene.command("Record", RecordPath="day", **fields)
            refused = await scene.refused("Record", RecordPath="../elsewhere", **fields)
            assert (refused.code, "RecordPath" in refused.message) == (302, True)
            a.hangup()
            await expect(b, Ended)
            await asyncio.sleep(1)
            told = scene.web.last("RecordCompleted")
            assert re.fullmatch(URL, told["RecordURL"]), told["RecordURL"]
            assert (told["CallId"], told["Duration"]) == (call.id, "1.000")
            path = scene.links.file_of(told["RecordURL"])
            assert path is not None
            assert path.parent == Path(folder) / "day"
            assert path.stem.endswith(call.id)
            gone = await scene.refused("Record", **fields)
            assert gone.code == 601


@story
async def test_a_script_that_records_when_its_caller_leaves_tells_of_it_too() -> None:
    with TemporaryDirectory() as folder:
        async with script_scene(files=Path(folder)) as scene:
            scene.web.answers["http://app.example/incoming"] = (
                "<Response><Record Format='wav' FinishedUrl='/done' RecordPath='day'/></Response>"
            )
            leg = scene.phone("1000").dial("9000")
            await expect(leg, Ringing)
            await expect(leg, Answered)
            leg.acknowledge()
            await asyncio.sleep(3)
            leg.hangup()
            await asyncio.sleep(1)
            assert re.fullmatch(URL, scene.web.last("RecordCompleted")["RecordURL"])


@story
async def test_nobody_is_recorded_before_the_answer() -> None:
    async with script_scene() as scene:
        anna, bob = scene.phone("1000"), scene.phone("1001")
        a = anna.dial("1001")
        await bob.rings()
        await asyncio.sleep(1)
        (call,) = scene.calls
        assert (await scene.refused("Record", CallId=call.id)).code == 303
        a.hangup()


@story
async def test_a_path_or_a_name_that_cannot_be_says_which_parameter_is_wrong() -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "taken").touch()
        async with script_scene(files=Path(folder)) as scene:
            a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
            (call,) = scene.calls
            below_a_file = await scene.refused("Record", CallId=call.id, RecordPath="taken/day")
            assert (below_a_file.code, "not a directory" in below_a_file.message) == (302, True)
            for name in ("../up", "a/b"):
                refused = await scene.refused("Record", CallId=call.id, FileName=name)
                assert (refused.code, "FileName" in refused.message) == (302, True), name
            a.hangup()
            await expect(b, Ended)


@story
async def test_stop_record_ends_a_recording_of_a_call_that_goes_on() -> None:
    with TemporaryDirectory() as folder:
        async with script_scene(files=Path(folder)) as scene:
            a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
            (call,) = scene.calls
            await scene.command("Record", CallId=call.id, Format="wav", FinishedUrl=DONE)
            await asyncio.sleep(1)
            assert scene.web.names(DONE) == []
            await scene.command("StopRecord", CallId=call.id)
            await asyncio.sleep(1)
            assert scene.web.names(DONE) == ["RecordCompleted"]
            a.hangup()
            await expect(b, Ended)
            await asyncio.sleep(1)
            assert scene.web.names(DONE) == ["RecordCompleted"]


@story
async def test_the_disk_is_asked_beside_the_event_loop() -> None:
    threads: list[threading.Thread] = []
    mkdir = Path.mkdir

    def noted(*args: Any, **more: Any) -> None:
        threads.append(threading.current_thread())
        mkdir(*args, **more)

    with TemporaryDirectory() as folder:
        async with script_scene(files=Path(folder)) as scene:
            a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
            (call,) = scene.calls
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Path, "mkdir", noted)
                await scene.command("Record", CallId=call.id, Format="wav", RecordPath="day")
            assert threads
            assert threading.main_thread() not in threads
            a.hangup()
