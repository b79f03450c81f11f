"""Speech through our codecs, judged by PESQ (ITU-T P.862) beside the same path through FFmpeg.

Needs the extra `quality`. The speech is that of the English voice.
"""

from __future__ import annotations

import queue
from collections.abc import Callable

import numpy as np
import pytest

from media.codecs import opus
from media.codecs.codec import Codecs, decode_by_length, find
from media.codecs.concealment import Concealment
from media.speech.engine import SpeechError
from media.speech.service import Speech
from media.speech.speaker import Spoken

av = pytest.importorskip("av")
pesq = pytest.importorskip("pesq")

ROW = np.array([0])
TEXT = "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background."


@pytest.fixture(scope="module")
def spoken() -> dict[int, np.ndarray]:
    """The same sentences at 8 and 16 kHz."""
    speech, rates = Speech(), {}
    for rate in (8000, 16_000):
        heard: queue.Queue[Spoken | SpeechError | None] = queue.Queue()
        speech.speak(TEXT, heard.put, rate=rate)
        parts = []
        while isinstance(one := heard.get(timeout=30), Spoken):
            parts.append(one.samples)
        samples = np.concatenate(parts)
        rates[rate] = samples[: len(samples) // (rate // 50) * (rate // 50)]
    speech.close()
    return rates


def ours(name: str, clock: int, rate: int, samples: np.ndarray) -> np.ndarray:
    kind = find(name, clock)
    assert kind is not None
    codec = Codecs(1).get(kind, rate)
    codec.open_row(0)
    out = []
    for frame in samples.reshape(-1, rate // 50):
        payloads, lengths = codec.encode(ROW, frame[None])
        out += [frames[0] for _, frames in decode_by_length(codec, ROW, payloads, lengths)]
    return np.concatenate(out)


def ffmpeg(name: str, rate: int, samples: np.ndarray) -> np.ndarray:
    encoder = av.CodecContext.create(name, "w")
    encoder.sample_rate, encoder.layout, encoder.format = rate, "mono", "s16"
    if name == "libopus":
        encoder.bit_rate = opus.BITRATE
    encoder.open()
    decoder = av.CodecContext.create("opus" if name == "libopus" else name, "r")
    decoder.sample_rate, decoder.layout = rate, "mono"
    packets, out = [], []
    for number, part in enumerate(samples.reshape(-1, rate // 50)):
        frame = av.AudioFrame.from_ndarray(part[None], "s16", "mono")
        frame.sample_rate, frame.pts = rate, number * len(part)
        packets += encoder.encode(frame)
    for packet in [*packets, *encoder.encode(None)]:
        out += [np.asarray(frame.to_ndarray())[0] for frame in decoder.decode(packet)]
    sound = np.concatenate(out)
    if sound.dtype.kind == "f":
        sound = np.rint(sound * 32767).astype(np.int16)
    return sound


def score(rate: int, spoken: np.ndarray, heard: np.ndarray) -> float:
    count = min(len(spoken), len(heard))
    mode = "nb" if rate == 8000 else "wb"
    return float(pesq.pesq(rate, spoken[:count], heard[:count], mode))


@pytest.mark.parametrize(
    ("name", "clock", "rate", "theirs", "least"),
    [
        ("PCMA", 8000, 8000, "pcm_alaw", 4.2),
        ("PCMU", 8000, 8000, "pcm_mulaw", 4.2),
        ("G722", 8000, 16_000, "g722", 3.9),
    ],
)
def test_as_good_as_ffmpeg(  # noqa: PLR0917 - the columns of the table
    spoken: dict[int, np.ndarray], name: str, clock: int, rate: int, theirs: str, least: float
) -> None:
    mine = score(rate, spoken[rate], ours(name, clock, rate, spoken[rate]))
    other = score(rate, spoken[rate], ffmpeg(theirs, rate, spoken[rate]))
    print(f"{name} {mine:.2f}, FFmpeg {other:.2f}")  # noqa: T201
    assert mine >= least
    assert mine >= other - 0.05


@pytest.mark.skipif(opus.why_absent() is not None, reason=str(opus.why_absent()))
@pytest.mark.parametrize(("rate", "least"), [(8000, 3.7), (16_000, 3.5)])
def test_opus(spoken: dict[int, np.ndarray], rate: int, least: float) -> None:
    mine = score(rate, spoken[rate], ours("OPUS", 48_000, rate, spoken[rate]))
    print(f"Opus at {rate} Hz {mine:.2f}")  # noqa: T201
    assert mine >= least


@pytest.mark.parametrize("name", ["PCMA", "G722"])
def test_through_a_second_codec(spoken: dict[int, np.ndarray], name: str) -> None:
    once = ours(name, 8000, 8000, spoken[8000])
    twice = ours("G722" if name == "PCMA" else "PCMU", 8000, 8000, once)
    assert score(8000, spoken[8000], twice) > 3.6


def lossy(
    samples: np.ndarray, percent: int, repair: Callable[..., np.ndarray] | None
) -> np.ndarray:
    generator = np.random.default_rng(5)
    frames = samples.reshape(-1, 160).copy()
    lost = generator.random(len(frames)) < percent / 100
    frames[lost] = 0
    if repair is None:
        return frames.ravel()
    return np.concatenate(
        [
            repair(ROW, frame[None], np.array([missing]))[0]
            for frame, missing in zip(frames, lost, strict=True)
        ]
    )


@pytest.mark.parametrize("percent", [5, 10])
def test_concealment_is_worth_it(spoken: dict[int, np.ndarray], percent: int) -> None:
    bare = score(8000, spoken[8000], lossy(spoken[8000], percent, None))
    with_it = score(8000, spoken[8000], lossy(spoken[8000], percent, Concealment(1, 8000).repair))
    print(f"{percent} % lost: {bare:.2f} bare, {with_it:.2f} concealed")  # noqa: T201
    assert with_it > bare + 0.3
