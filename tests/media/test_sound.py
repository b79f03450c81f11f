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
from softswitch.calls.media_port import Codec, MediaPort
from tests.media.packets import rtp
from tests.media.test_worker_process import House, Phone, house

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
