"""Real phones that park calls and retrieve them, told by tones."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import aiohttp
import numpy as np
import pytest

from tests.system.phones import Ear, gone, phones
from tests.system.program import Program, running
from tests.system.signals import tone
from tests.system.test_transfer_button import calls, hear_each_other

SETTINGS = """
[[extensions]]
range = "1000-1003"
type = "phone"
password = "pw{number}"
[[extensions]]
range = "770-779"
type = "parking"
return_after = {seconds}
music = "{music}"
"""
MUSIC = 620.0


def settings(tmp_path: Path, seconds: float = 60) -> str:
    """Parking with a tone for music."""
    music = tmp_path / "music.wav"
    with wave.open(str(music), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(tone(MUSIC, 10))
    return SETTINGS.replace("{seconds}", str(seconds)).replace("{music}", str(music))


async def parked_at(program: Program) -> list[dict[str, str]]:
    """What `/v1/parking` shows."""
    url = f"http://127.0.0.1:{program.http_port}/v1/parking"
    login = {"Authorization": aiohttp.encode_basic_auth("admin", "pw-admin")}
    async with aiohttp.ClientSession(headers=login) as session, session.get(url) as answer:
        return list((await answer.json())["parked"])


@pytest.mark.timeout(90)
async def test_a_call_is_parked_hears_music_and_is_retrieved(tmp_path: Path) -> None:
    overrides = {"MEDIA__WORKERS": "2"}
    async with (
        running(tmp_path, settings(tmp_path), overrides=overrides) as program,
        phones() as makers,
    ):
        anna, ben, carl = [await makers.register(program, f"100{n}") for n in range(3)]
        outgoing, at_ben = await calls(anna, ben)
        async with Ear(at_ben, None) as told:
            pressed = asyncio.create_task(at_ben.transfer(f"sip:770@{ben.domain}"))
            await gone(at_ben, 15)
            await pressed
            said = np.frombuffer(bytes(told.heard), "<i2").astype(float)
            assert (np.abs(said) > 1_000).sum() > 1_500, "the lot was not said"
        async with Ear(outgoing, None) as ear:
            await ear.hears(MUSIC, 0.8)
        (parked,) = await parked_at(program)
        assert (parked["lot"], parked["number"], parked["parked_by"]) == ("771", "1000", "1001")
        at_carl = await carl.dial("771")
        await at_carl.wait_established(timeout=10)
        await hear_each_other(outgoing, at_carl)
        assert await parked_at(program) == []
        await at_carl.hangup()
        await gone(outgoing)
        await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(90)
async def test_a_parked_call_goes_back_to_who_has_parked_it(tmp_path: Path) -> None:
    async with (
        running(tmp_path, settings(tmp_path, 2)) as program,
        phones() as makers,
    ):
        anna, ben = [await makers.register(program, f"100{n}") for n in range(2)]
        outgoing, at_ben = await calls(anna, ben)
        pressed = asyncio.create_task(at_ben.transfer(f"sip:775@{ben.domain}"))
        await gone(at_ben, 15)
        await pressed
        back = await ben.rings(10)
        await back.answer()
        await hear_each_other(outgoing, back)
        await outgoing.hangup()
        await gone(back)
        await program.until_metric("softswitch_media_ports", 0)
