"""Recordings of calls that are transferred, or that go wrong."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.system.application import application
from tests.system.phones import Ear, gone, phones
from tests.system.program import running
from tests.system.signals import share
from tests.system.test_commands import talking, with_application


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
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        carl = await makers.register(program, "1002")
        outgoing = await anna.dial("1001")
        incoming = await ben.rings()
        call_id = await talking(program, outgoing, incoming)
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
        assert share(right[2_000:6_000].tobytes(), 1_000) > 0.9
        assert share(right[-12_000:-4_000].tobytes(), 1_800) > 0.9
