"""Callers of the running switch hear announcements and tones, and are refused with the cause."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from media.codecs.g711 import decode_ulaw
from tests.system.peer import Rtp, header, media_address, peers, status
from tests.system.program import running, until
from tests.system.signals import clearest, tone

SETTINGS = """
[announcements]
wrong_number = "{file}"
rejected = "You may not call this number."

[[routes]]
number = "0*"
to = "refuse:403"
reason = "Not from here"

[[extensions]]
type = "phone"
range = "1000-1001"
password = "pw{{number}}"
"""


def heard(rtp: Rtp) -> bytes:
    """What came, as samples."""
    codes = b"".join(packet[12:] for packet in rtp.packets if packet[1] & 0x7F == 0)
    return decode_ulaw(np.frombuffer(codes, np.uint8)).astype("<i2").tobytes()


def tone_file(directory: Path, seconds: float) -> Path:
    """A file of 1000 Hz."""
    file = directory / "tone.wav"
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
        sound.writeframes(tone(1000, seconds))
    return file


@pytest.mark.timeout(60)
async def test_a_caller_hears_it_early_and_then_the_right_response(tmp_path: Path) -> None:
    file = tone_file(tmp_path, 1.0)
    async with (
        running(tmp_path, SETTINGS.format(file=file)) as program,
        peers(program, "1000") as (anna,),
    ):
        invite = await anna.invite("4711")
        early = await anna.answer_to(invite, 183)
        assert status(early) == 183
        assert "m=audio" in early
        refused = await anna.answer_to(invite, seconds=10)
        assert status(refused) == 404
        assert header(refused, "Reason").startswith("Q.850;cause=1;")
        assert clearest(heard(anna.rtp), 1000) > 0.9
        anna.rtp.packets.clear()
        invite = await anna.invite("0900")
        refused = await anna.answer_to(invite, seconds=30)
        assert status(refused) == 403
        assert header(refused, "Reason") == 'Q.850;cause=21;text="Not from here"'
        spoken = np.frombuffer(heard(anna.rtp), "<i2").astype(float)
        assert (np.abs(spoken) > 1000).sum() > 1500, "nothing was said"
        await program.until_metric("softswitch_media_ports", 0)
        outcomes = ["wrong number", "rejected"]
        await until(lambda: [call["outcome"] for call in program.calls()] == outcomes)
        assert program.calls()[0]["answer_time"] is None


@pytest.mark.timeout(60)
async def test_a_caller_who_gives_up_leaves_nothing_behind(tmp_path: Path) -> None:
    settings = SETTINGS.format(file=tone_file(tmp_path, 8.0))
    async with running(tmp_path, settings) as program, peers(program, "1000") as (anna,):
        invite = await anna.invite("4711")
        await anna.answer_to(invite, 183)
        anna.cancel(invite)
        refused = await anna.answer_to(invite)
        assert status(refused) == 487
        await program.until_metric("softswitch_media_ports", 0)
        await program.until_metric("softswitch_calls", 0)


@pytest.mark.timeout(60)
async def test_a_caller_hears_a_file_while_it_rings_and_then_the_callee(tmp_path: Path) -> None:
    settings = """
[[extensions]]
type = "phone"
number = "1000"
password = "pw1000"
[[extensions]]
type = "phone"
number = "1001"
password = "pw1001"
ringback = "{file}"
"""
    file = tone_file(tmp_path, 0.5)
    async with (
        running(tmp_path, settings.format(file=file)) as program,
        peers(program, "1000", "1001") as (anna, ben),
    ):
        invite = await anna.invite("1001")
        rings = await ben.request("INVITE")
        ben.respond(rings, 180)
        early = await anna.answer_to(invite, 183)
        # again and again
        await until(lambda: clearest(heard(anna.rtp)[8_000:], 1000, seconds=1.5) > 0.9)
        ben.respond(rings, 200, ben.sdp("0"))
        answer = await anna.answer_to(invite)
        assert status(answer) == 200
        assert answer.partition("\r\n\r\n")[2] == early.partition("\r\n\r\n")[2]
        call = anna.established(invite, answer)
        anna.rtp.packets.clear()
        await anna.rtp.send(media_address(answer), 5)
        speech = np.frombuffer(tone(440, 1.0), "<i2")
        await ben.rtp.play(media_address(rings), speech)
        assert clearest(heard(anna.rtp), 440) > 0.9
        assert clearest(heard(anna.rtp)[8_000:], 1000) < 0.1
        goodbye = asyncio.create_task(ben.request("BYE"))
        await call.hang_up()
        ben.respond(await goodbye, 200)
        await program.until_metric("softswitch_media_ports", 0)
