"""Sound that the phones of tests send, and what of it is in the packets that they get."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from media.codecs import g711
from media.codecs.codec import find
from media.signals.dtmf_keys import FREQUENCIES
from softswitch.calls.ports.media_port import LegCodec
from tests.system.media.workers import Phone

Sound = NDArray[np.int16]


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


def dtmf_sound(key: str, seconds: float) -> Sound:
    low, high = FREQUENCIES[key]
    return sine(low, seconds, peak=5000) + sine(high, seconds, peak=6000)


def coded(spoken: LegCodec, sound: Sound, rate: int = 8000) -> list[bytes]:
    """Sound of this sample rate as the payloads of 20 ms."""
    kind = find(spoken.name, spoken.clock)
    assert kind is not None
    codec = kind.make(rate)
    codec.open_row(0)
    rows = np.zeros(1, np.intp)
    payloads = []
    for begin in range(0, len(sound), rate // 50):
        octets, lengths = codec.encode(rows, sound[None, begin : begin + rate // 50])
        payloads.append(octets[0, : lengths[0]].tobytes())
    return payloads


def decoded(spoken: LegCodec, packets: list[bytes], rate: int = 8000) -> Sound:
    """What a phone hears of its packets, at this sample rate."""
    kind = find(spoken.name, spoken.clock)
    assert kind is not None
    codec = kind.make(rate)
    codec.open_row(0)
    frames = []
    for packet in packets:
        octets = np.frombuffer(packet[12:], np.uint8)[None]
        length = np.array([octets.shape[1]])
        count = int(codec.samples(octets, length)[0])
        frames.append(codec.decode(np.zeros(1, np.intp), octets, length, count)[0])
    return np.concatenate(frames)
