"""Sound through the real worker process: what is played, heard, recorded and mixed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import soundfile
from numpy.typing import NDArray

from media import g711
from media.dtmf_keys import FREQUENCIES
from softswitch.calls.media_port import Codec
from tests.media.packets import rtp
from tests.media.test_worker_process import House, Phone, house, until

PCMU = Codec(name="PCMU", receive_pt=0, send_pt=0)
EVENTS = Codec(name="telephone-event", receive_pt=101, send_pt=101)

Sound = NDArray[np.int16]


@pytest_asyncio.fixture
async def one() -> AsyncIterator[House]:
    async with house() as made:
        yield made


def heard(phone: Phone) -> Sound:
    """What a µ-law phone has heard, its packets in their order."""
    packets = [packet for packet in phone.heard if packet[1] & 0x7F == 0]
    octets = np.frombuffer(b"".join(packet[12:] for packet in packets), np.uint8)
    return g711.decode_ulaw(octets)


def stretches(sound: Sound, quiet: int = 40) -> list[Sound]:
    """Cut sound where it is silent for 5 ms or more."""
    loud = np.convolve(np.abs(sound.astype(np.int32)) > quiet, np.ones(40), "same") > 0
    edges = np.flatnonzero(np.diff(np.concatenate(([0], loud.astype(np.int8), [0]))))
    return [sound[begin:end] for begin, end in zip(edges[::2], edges[1::2], strict=True)]


def hertz(sound: Sound, rate: int = 8000) -> float:
    """The strongest frequency."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 16))
    return float(spectrum.argmax() * rate / (1 << 16))


def sine(frequency: float, seconds: float, rate: int = 8000, peak: float = 8000) -> Sound:
    at = np.arange(round(seconds * rate)) / rate
    return (peak * np.sin(2 * np.pi * frequency * at)).astype(np.int16)


def file_of(directory: Path, name: str, frequency: float, seconds: float, rate: int) -> str:
    path = directory / name
    soundfile.write(path, sine(frequency, seconds, rate), rate)
    return str(path)


async def test_two_files_are_heard_one_after_the_other_without_a_gap(
    one: House, tmp_path: Path
) -> None:
    phone, port = await one.party()
    first = port.play_file(file_of(tmp_path, "a.wav", 500, 0.4, 16_000))
    second = port.play_file(file_of(tmp_path, "b.flac", 1200, 0.3, 44_100))
    played = await asyncio.gather(first.done, second.done)
    assert [(each.why, each.error) for each in played] == [("finished", "")] * 2
    assert [each.milliseconds for each in played] == [400, 300]
    await asyncio.sleep(0.05)
    (sound,) = stretches(heard(phone))
    assert abs(len(sound) - 0.7 * 8000) < 60
    assert hertz(sound[200:3000]) == pytest.approx(500, abs=2)
    assert hertz(sound[3400:5400]) == pytest.approx(1200, abs=2)
    numbers = [int.from_bytes(packet[2:4]) for packet in phone.heard]
    assert numbers == [(numbers[0] + step) & 0xFFFF for step in range(len(numbers))]


async def test_keys_are_told_once_whatever_ways_tell_of_them(one: House) -> None:
    """A leg that hears nobody: the key comes as sound and as events, and by INFO behind them."""
    phone, port = await one.party(PCMU, EVENTS)
    keys: list[str] = []
    port.hear_keys(keys.append)
    await port.statistics()
    sound = g711.encode_ulaw(dtmf_sound("5", 0.1))
    quiet = g711.encode_ulaw(np.zeros(160, np.int16))
    sequence = 0

    def say(payload: bytes, payload_type: int = 0, at: int | None = None) -> None:
        nonlocal sequence
        phone.say(port, rtp(sequence, at, payload_type=payload_type, payload=payload))
        sequence += 1

    for frame in range(30):
        if 10 <= frame < 15:
            begin = (frame - 10) * 160
            say(sound[begin : begin + 160].tobytes())
            say(bytes((5, 10)) + ((frame - 9) * 160).to_bytes(2, "big"), 101, 1600)
        else:
            say(quiet.tobytes(), at=frame * 160)
        await asyncio.sleep(0.02)
    port.key_by_info("5")
    port.key_by_info("#")
    await port.statistics()
    assert keys == ["5", "#"]
    port.hear_keys(None)
    port.key_by_info("7")
    await port.statistics()
    assert keys == ["5", "#"]


def dtmf_sound(key: str, seconds: float) -> Sound:
    low, high = FREQUENCIES[key]
    return sine(low, seconds, peak=5000) + sine(high, seconds, peak=6000)


def event(key: int, duration: int, end: bool = False) -> bytes:
    return bytes((key, end << 7 | 10)) + duration.to_bytes(2, "big")


async def test_keys_of_a_relayed_call_are_told_and_passed_on_unchanged(one: House) -> None:
    first, port, second, _ = await one.call(PCMU, EVENTS)
    keys: list[str] = []
    port.hear_keys(keys.append)
    payloads = [event(9, 160), event(9, 320), *[event(9, 480, True)] * 3]
    for sequence, payload in enumerate(payloads):
        first.say(port, rtp(sequence, 1000, payload_type=101, payload=payload))
    await until(lambda: len(second.heard) == 5)
    await port.statistics()
    assert keys == ["9"]
    assert [packet[12:] for packet in second.heard] == payloads


async def test_keys_of_a_call_in_the_tick_are_made_anew_for_the_other(one: House) -> None:
    first, port, second, other = await one.call(PCMU, EVENTS)
    music = other.play_tone("dial")
    await asyncio.sleep(0.05)
    for number in range(5):
        duration = (number + 1) * 160
        first.say(port, rtp(number, 0, payload_type=101, payload=event(11, duration)))
        await asyncio.sleep(0.02)
    for number in range(5, 8):
        first.say(port, rtp(number, 0, payload_type=101, payload=event(11, 800, True)))
    await asyncio.sleep(0.15)
    music.stop()
    assert (await music.done).why == "stopped"
    events = [packet for packet in second.heard if packet[1] & 0x7F == 101]
    assert {packet[12] for packet in events} == {11}
    assert len({packet[4:8] for packet in events}) == 1, "one timestamp"
    assert [packet[13] >> 7 for packet in events[-3:]] == [1, 1, 1]
    assert 480 <= int.from_bytes(events[-1][14:16]) <= 1120


@pytest.mark.parametrize("way", ["auto", "inband"])
async def test_keys_are_sent_as_events_or_as_sound(one: House, way: str) -> None:
    phone, port = await one.party(PCMU, EVENTS)
    other_phone, other = await one.party(PCMU, EVENTS)
    keys: list[str] = []
    other.hear_keys(keys.append)
    phone.pass_on = lambda packet: other_phone.say(other, packet)
    played = await port.send_keys("12,#", tone_ms=80, gap_ms=80, way=way).done
    assert played.why == "finished"
    assert 1480 <= played.milliseconds <= 1620
    await until(lambda: len(keys) == 3)
    assert keys == ["1", "2", "#"]
    kinds = {packet[1] & 0x7F for packet in phone.heard}
    assert kinds == ({0, 101} if way == "auto" else {0})


async def test_what_cannot_be_played_says_why(one: House, tmp_path: Path) -> None:
    _, port = await one.party()
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF" + b"\xff" * 100)
    asked = [
        port.play_file(str(tmp_path / "none.wav")),
        port.play_file(str(broken)),
        port.play_file("/dev/zero"),
        port.play_file(str(tmp_path)),
        port.beep(frequency=50_000),
        port.beep(milliseconds=-1),
        port.play_tone("wail"),
        port.send_keys("12x"),
        port.send_keys("1", way="event"),
        port.send_keys("1", way="pigeon"),
        port.speak(""),
        port.speak("x" * 200_000),
        port.speak("hello", voice="nobody:there"),
    ]
    played = [await playing.done for playing in asked]
    assert [each.why for each in played] == ["error"] * len(asked)
    assert all(each.error for each in played)
    beep = await port.beep(milliseconds=40).done
    assert (beep.why, beep.milliseconds) == ("finished", 40)


async def test_stopping_ends_everything_at_once_and_says_how_much_was_sent(
    one: House, tmp_path: Path
) -> None:
    phone, port = await one.party()
    path = file_of(tmp_path, "a.wav", 700, 0.3, 8000)
    first, second = port.play_file(path, repeat=True), port.beep()
    await until(lambda: len(phone.heard) >= 30)
    port.stop_sound()
    played, never = await first.done, await second.done
    sent = len(phone.heard)
    assert played.why == never.why == "stopped"
    assert abs(played.milliseconds - 20 * len(phone.heard)) <= 80
    assert never.milliseconds == 0
    await asyncio.sleep(0.1)
    assert len(phone.heard) <= sent + 1
    again = await port.play_file(path, repeat=True, longest=0.5).done
    assert (again.why, again.milliseconds) == ("time", 500)
    tone = await port.play_tone("stutter", longest=0.3).done
    assert (tone.why, tone.milliseconds) == ("time", 300)


async def test_playing_ends_with_its_port(one: House) -> None:
    _, port = await one.party()
    playing = port.play_tone("dial")
    await port.close()
    assert (await playing.done).why == "stopped"
    assert (await port.beep().done).why == "stopped"
    _, port = await one.party()
    playing = port.play_tone("dial")
    (worker,) = one.workers.workers
    worker.kill()
    assert (await playing.done).why == "stopped"
