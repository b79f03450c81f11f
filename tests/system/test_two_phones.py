"""Two real phones register, call and hear each other through our media worker."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from baresip import CallBusy, CallFailed

from tests.system.phones import Ear, gone, hold, phones, resume
from tests.system.program import running, until
from tests.system.signals import share, strongest

G722, OPUS = "g722/16000/1", "opus/48000/2"
"As baresip names them."
RATES = {G722: (16_000, 1), OPUS: (48_000, 2)}
"Samples a second and channels; of all others 8000 and 1."

EXTENSIONS = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "600"
type = "echo"
"""


@pytest.mark.timeout(60)
async def test_each_hears_the_others_tone(tmp_path: Path) -> None:
    async with running(tmp_path, EXTENSIONS) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001", transport="tcp")
        outgoing = await anna.dial("1001")
        incoming = await ben.rings()
        await incoming.answer()
        await outgoing.wait_established(timeout=10)
        async with Ear(outgoing, 440) as anna_ear, Ear(incoming, 1_000) as ben_ear:
            await anna_ear.hears(1_000, 0.98, span=1)
            await ben_ear.hears(440, 0.98, span=1)
            heard_by_anna, heard_by_ben = anna_ear.since(1), ben_ear.since(1)
        assert strongest(heard_by_anna) == pytest.approx(1_000, abs=5)
        assert strongest(heard_by_ben) == pytest.approx(440, abs=5)
        await incoming.hangup()
        await gone(outgoing)
        await until(lambda: [call["outcome"] for call in program.calls()] == ["answered"])


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("anna_speaks", "ben_speaks", "tones"),
    [
        ("pcmu", "pcma", (500, 1_200)),
        (G722, "pcmu", (500, 1_200)),
        ("pcma", OPUS, (500, 1_200)),
        (OPUS, G722, (5_000, 6_200)),
    ],
)
async def test_codecs_are_converted_with_all_that_both_can_carry(
    tmp_path: Path, anna_speaks: str, ben_speaks: str, tones: tuple[int, int]
) -> None:
    annas, bens = tones
    async with running(tmp_path, EXTENSIONS) as program, phones() as makers:
        anna = await makers.register(program, "1000", audio_codecs=(anna_speaks,))
        ben = await makers.register(program, "1001", audio_codecs=(ben_speaks,))
        outgoing = await anna.dial("1001")
        incoming = await ben.rings()
        await incoming.answer()
        await outgoing.wait_established(timeout=10)
        rate, channels = RATES.get(anna_speaks, (8_000, 1))
        bens_rate, bens_channels = RATES.get(ben_speaks, (8_000, 1))
        async with (
            Ear(outgoing, annas, rate, channels) as anna_ear,
            Ear(incoming, bens, bens_rate, bens_channels) as ben_ear,
        ):
            await anna_ear.hears(bens, 0.97, span=0.8)
            await ben_ear.hears(annas, 0.97, span=0.8)
        await outgoing.hangup()
        await gone(incoming)


@pytest.mark.timeout(60)
async def test_the_echo_extension_plays_back(tmp_path: Path) -> None:
    async with running(tmp_path, EXTENSIONS) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        call = await anna.dial("600")
        await call.wait_established(timeout=10)
        async with Ear(call, 700) as ear:
            await ear.hears(700, 0.98, span=0.8)
        await call.hangup()


@pytest.mark.timeout(60)
async def test_hold_silences_and_resume_brings_back(tmp_path: Path) -> None:
    async with running(tmp_path, EXTENSIONS) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        outgoing = await anna.dial("1001")
        incoming = await ben.rings()
        await incoming.answer()
        await outgoing.wait_established(timeout=10)
        async with Ear(outgoing, 440), Ear(incoming, 1_000) as ben_ear:
            await ben_ear.hears(440)
            await hold(outgoing, incoming)
            await asyncio.sleep(0.3)
            ben_ear.heard.clear()
            await asyncio.sleep(0.6)
            assert share(ben_ear.since(0.6), 440) < 0.5
            await resume(outgoing, incoming)
            await ben_ear.hears(440, 0.97)
        await incoming.hangup()
        await gone(outgoing)


@pytest.mark.timeout(60)
async def test_all_contacts_ring_and_the_first_answer_wins(tmp_path: Path) -> None:
    async with running(tmp_path, EXTENSIONS) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        desk = await makers.register(program, "1001")
        mobile = await makers.register(program, "1001", transport="tcp")
        outgoing = await anna.dial("1001")
        at_desk, at_mobile = await desk.rings(), await mobile.rings()
        await at_mobile.answer()
        await outgoing.wait_established(timeout=10)
        await gone(at_desk)
        await outgoing.hangup()
        await gone(at_mobile)


@pytest.mark.timeout(60)
async def test_rejected_and_unknown(tmp_path: Path) -> None:
    async with running(tmp_path, EXTENSIONS) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        rejected = await anna.dial("1001")
        await (await ben.rings()).reject()
        with pytest.raises((CallBusy, CallFailed)):
            await rejected.wait_established(timeout=10)
        for number in ("1009", "4711"):
            unknown = await anna.dial(number)
            with pytest.raises(CallFailed):
                await unknown.wait_established(timeout=10)
