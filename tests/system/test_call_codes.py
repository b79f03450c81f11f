"""Real phones that press codes while they talk, and what the others hear."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import soundfile

from tests.system.phones import Ear, gone, phones
from tests.system.program import running
from tests.system.signals import share
from tests.system.test_transfer_button import calls, hear_each_other

SETTINGS = """
[[extensions]]
range = "1000-1003"
type = "phone"
password = "pw{number}"
call_codes = ["record", "transfer", "park"]
[[extensions]]
range = "770-779"
type = "parking"
"""
DTMF = (697.0, 770.0, 852.0, 941.0, 1_209.0, 1_336.0, 1_477.0)


def recorded(tmp_path: Path) -> list[Path]:
    """The recordings of the switch."""
    return list(tmp_path.rglob("*.wav"))


@pytest.mark.timeout(90)
async def test_a_call_is_recorded_then_transferred_by_keys(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, phones() as makers:
        anna, ben, carl = [await makers.register(program, f"100{n}") for n in range(3)]
        outgoing, at_ben = await calls(anna, ben)
        async with Ear(outgoing, 440) as first, Ear(at_ben, 1_000) as second:
            await at_ben.send_dtmf("*1")
            await asyncio.sleep(2.5)
            await first.hears(1_000)
            await second.hears(440)
            for hertz in DTMF:
                assert share(bytes(first.heard), hertz) < 0.05, "a key was heard"
            await at_ben.send_dtmf("*1")
            await asyncio.sleep(0.5)
        (file,) = recorded(tmp_path)
        sound, rate = soundfile.read(file, dtype="int16")
        assert sound.shape[1] == 2
        middle = sound[rate : 2 * rate]
        assert share(middle[:, 0].tobytes(), 440) > 0.9
        assert share(middle[:, 1].tobytes(), 1_000) > 0.9
        await at_ben.send_dtmf("##1002#")
        at_carl = await carl.rings(10)
        await at_carl.answer()
        await gone(at_ben)
        await hear_each_other(outgoing, at_carl)
        await outgoing.hangup()
        await gone(at_carl)
        await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(90)
async def test_a_call_is_parked_by_keys(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, phones() as makers:
        anna, ben, carl = [await makers.register(program, f"100{n}") for n in range(3)]
        outgoing, at_ben = await calls(anna, ben)
        await asyncio.sleep(1)
        await at_ben.send_dtmf("*2")
        await gone(at_ben, 15)
        at_carl = await carl.dial("771")
        await at_carl.wait_established(timeout=10)
        await hear_each_other(outgoing, at_carl)
        await outgoing.hangup()
        await gone(at_carl)
        await program.until_metric("softswitch_media_ports", 0)
