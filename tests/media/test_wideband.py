"""Wide-band legs in the real worker process, alone and beside narrow-band ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import soundfile

from media.codecs import g711
from softswitch.calls.ports.media_port import LegCodec, MediaPort
from tests.media.packets import rtp
from tests.media.test_sound import (
    PCMU,
    Sound,
    coded,
    decoded,
    dtmf_sound,
    file_of,
    heard,
    sine,
)
from tests.media.test_worker_process import House, Phone, house

WIDE = {
    "G722": LegCodec(name="G722", receive_pt=9, send_pt=9),
    "OPUS": LegCodec(name="opus", clock=48000, channels=2, receive_pt=111, send_pt=111),
    "L16": LegCodec(name="L16", clock=16_000, receive_pt=96, send_pt=97),
}
HIGH = 5000.0
"Hz that no telephone of 8 kHz carries."


@pytest_asyncio.fixture
async def one() -> AsyncIterator[House]:
    async with house() as made:
        yield made


def share(sound: Sound, low: float, high: float, rate: int = 16_000) -> float:
    """The share of a sound's power that lies between two frequencies."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1 / rate)
    return float(spectrum[(hertz > low) & (hertz < high)].sum() / spectrum.sum())


def packets_of(codec: LegCodec, sound: Sound) -> list[bytes]:
    """Sound as packets of a phone, 20 ms each; µ-law at 8 kHz, all others at 16 kHz."""
    if codec is PCMU:
        law = g711.encode_ulaw(sound)
        payloads = [law[at : at + 160].tobytes() for at in range(0, len(law), 160)]
    else:
        payloads = coded(codec, sound, 16_000)
    return [
        rtp(number, number * codec.clock // 50, payload_type=codec.receive_pt, payload=payload)
        for number, payload in enumerate(payloads)
    ]


async def say(said: dict[Phone, tuple[MediaPort, list[bytes]]]) -> None:
    """Let phones send their packets, at the pace of 20 ms."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for number in range(max(len(packets) for _, packets in said.values())):
        for phone, (port, packets) in said.items():
            phone.say(port, packets[number])
        await asyncio.sleep(max(0.0, begin + (number + 1) * 0.02 - loop.time()))


@pytest.mark.parametrize("name", list(WIDE))
async def test_a_file_is_played_and_a_voice_recorded_in_full(
    one: House, tmp_path: Path, name: str
) -> None:
    codec = WIDE[name]
    phone, port = await one.party(codec)
    port.play_file(file_of(tmp_path, "high.wav", HIGH, 2.0, 48_000))
    recording = port.record(str(tmp_path / "said.wav"), longest=0.8)
    await say({phone: (port, packets_of(codec, sine(HIGH + 1000, 1.2, 16_000)))})
    assert share(decoded(codec, phone.heard, 16_000)[6000:], HIGH - 100, HIGH + 100) > 0.9
    recorded = await recording.done
    assert (recorded.why, recorded.seconds) == ("longest duration", 0.8)
    samples, rate = soundfile.read(recorded.path, dtype="int16")
    assert (rate, len(samples)) == (16_000, 12_800)
    assert share(samples[6000:], HIGH + 900, HIGH + 1100) > 0.9


async def test_wide_formats_are_converted_into_each_other_in_full(one: House) -> None:
    opus, g722 = WIDE["OPUS"], WIDE["G722"]
    first, port = await one.party(opus)
    second, other = await one.party(g722)
    port.join(other)
    await port.statistics()
    await say(
        {
            first: (port, packets_of(opus, sine(HIGH, 1.0, 16_000))),
            second: (other, packets_of(g722, sine(HIGH + 1000, 1.0, 16_000))),
        }
    )
    assert share(decoded(opus, first.heard, 16_000)[6000:], HIGH + 900, HIGH + 1100) > 0.9
    assert share(decoded(g722, second.heard, 16_000)[6000:], HIGH - 100, HIGH + 100) > 0.9


async def test_wide_and_narrow_talk_and_part_and_the_wide_one_is_wide_again(
    one: House, tmp_path: Path
) -> None:
    g722 = WIDE["G722"]
    first, port = await one.party(g722)
    second, other = await one.party(PCMU)
    port.join(other)
    await port.statistics()
    voices = sine(900, 0.8, 16_000) + sine(6000, 0.8, 16_000)
    said = {
        first: (port, packets_of(g722, voices)),
        second: (other, packets_of(PCMU, sine(500, 0.8))),
    }
    await say(said)
    assert share(heard(second)[3000:], 850, 950, 8000) > 0.95
    assert share(decoded(g722, first.heard, 16_000)[6000:], 450, 550) > 0.9
    port.leave()
    before = len(first.heard)
    port.play_file(file_of(tmp_path, "high.wav", HIGH, 0.6, 16_000))
    await asyncio.sleep(0.6)
    assert share(decoded(g722, first.heard[before:], 16_000)[5000:8000], 4900, 5100) > 0.9


async def test_a_room_of_three_formats(one: House, tmp_path: Path) -> None:
    formats = (WIDE["OPUS"], WIDE["G722"], PCMU)
    parties = [await one.party(codec) for codec in formats]
    for _, port in parties:
        port.join_room("conference")
    (opus, port), (g722, other), (narrow, third) = parties
    recording = port.record(str(tmp_path / "two.wav"), other=third, longest=0.8)
    await say(
        {
            opus: (port, packets_of(formats[0], sine(HIGH, 1.2, 16_000))),
            g722: (other, packets_of(formats[1], sine(1100, 1.2, 16_000))),
            narrow: (third, packets_of(PCMU, sine(500, 1.2))),
        }
    )
    by_g722 = decoded(formats[1], g722.heard, 16_000)[-8000:]
    assert share(by_g722, 4900, 5100) == pytest.approx(0.5, abs=0.15)
    assert share(by_g722, 450, 550) == pytest.approx(0.5, abs=0.15)
    assert share(heard(narrow)[-4000:], 1050, 1150, 8000) > 0.95
    samples, rate = soundfile.read((await recording.done).path, dtype="int16")
    assert rate == 16_000
    assert share(samples[-6000:, 0], 4900, 5100) > 0.9
    assert share(samples[-6000:, 1], 450, 550) > 0.95


async def test_sibilants_are_spoken_above_the_telephone_band(one: House) -> None:
    phone, port = await one.party(WIDE["L16"])
    spoken = await asyncio.wait_for(port.speak("She sells six sea shells.").done, 20)
    assert spoken.why == "finished"
    sound = decoded(WIDE["L16"], phone.heard, 16_000)
    frames = [frame for frame in sound.reshape(-1, 320) if np.abs(frame).max() > 300]
    hissing = [frame for frame in frames if share(frame, 4000, 8000) > 0.5]
    assert len(hissing) > 0.05 * len(frames)


async def test_keys_are_heard_in_wide_sound(one: House) -> None:
    codec = WIDE["G722"]
    phone, port = await one.party(codec)
    keys: list[str] = []
    port.hear_keys(keys.append)
    gap = np.zeros(1600, np.int16)
    pressed = np.concatenate([np.concatenate([dtmf(key), gap]) for key in "159D"])
    await say({phone: (port, packets_of(codec, np.concatenate([gap, pressed, gap, gap])))})
    await port.statistics()
    assert keys == list("159D")


def dtmf(key: str) -> Sound:
    """A key of 100 ms at 16 kHz."""
    narrow = dtmf_sound(key, 0.1)
    return np.interp(np.arange(1600) / 2, np.arange(800), narrow).astype(np.int16)


async def test_a_held_key_is_kept_from_the_others_where_that_is_asked_for(
    one: House, tmp_path: Path
) -> None:
    (first, port), (second, other) = [await one.party() for _ in range(2)]
    port.join(other)
    keys: list[str] = []
    port.hear_keys(keys.append)
    port.mute_keys(True)
    recording = port.record(str(tmp_path / "said.wav"), other=other)
    voice, key = sine(300, 0.4), dtmf_sound("8", 0.5)
    said = np.concatenate([voice, key, sine(300, 0.5)])
    await say({first: (port, packets_of(PCMU, said))})
    await asyncio.sleep(0.1)
    recording.stop()
    samples, _ = soundfile.read((await recording.done).path, dtype="int16")
    for sound in (heard(second), samples[:, 0]):
        assert milliseconds_at(sound, 300.0) > 600
        assert milliseconds_at(sound, 1336.0) == 0
    assert keys == ["8"]
    port.mute_keys(False)
    before = len(second.heard)
    await say({first: (port, packets_of(PCMU, key))})
    await asyncio.sleep(0.1)
    late = np.frombuffer(b"".join(each[12:] for each in second.heard[before:]), np.uint8)
    assert milliseconds_at(g711.decode_ulaw(late), 1336.0) > 350


def milliseconds_at(sound: Sound, hertz: float) -> int:
    """For how long a frequency is heard."""
    frames = sound[: len(sound) // 80 * 80].reshape(-1, 80).astype(float)
    turn = np.exp(-2j * np.pi * hertz * np.arange(80) / 8000)
    return int(10 * np.count_nonzero(2 * np.abs(frames @ turn) / 80 > 1500))
