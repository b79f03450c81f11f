"""G.722: sound survives at both sample rates, rows do not disturb each other."""

from __future__ import annotations

import numpy as np
import pytest

from media.codecs.g722 import G722Codec


def tone(hertz: float, rate: int, seconds: float = 0.4, level: int = 8000) -> np.ndarray:
    return np.rint(
        level * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)
    ).astype(np.int16)


def through(codec: G722Codec, row: int, samples: np.ndarray, frame: int) -> np.ndarray:
    rows, out = np.array([row]), []
    for part in samples.reshape(-1, frame):
        payloads, lengths = codec.encode(rows, part[None])
        out.append(codec.decode(rows, payloads, lengths, frame)[0])
    return np.concatenate(out).astype(float)


def noise_below_tone(heard: np.ndarray, hertz: float, rate: int) -> float:
    part = heard[800:]
    at = 2 * np.pi * hertz * np.arange(len(part)) / rate
    basis = np.stack([np.sin(at), np.cos(at)], axis=1)
    fit = basis @ np.linalg.lstsq(basis, part, rcond=None)[0]
    return float(10 * np.log10(np.mean(fit**2) / np.mean((part - fit) ** 2)))


@pytest.mark.parametrize(("rate", "hertz"), [(16_000, 1000), (16_000, 5500), (8000, 1000)])
def test_speech_band_survives(rate: int, hertz: int) -> None:
    codec = G722Codec(rate)
    codec.open_row(4)
    heard = through(codec, 4, tone(hertz, rate), rate // 50)
    assert noise_below_tone(heard, hertz, rate) > 20


def test_an_octet_is_a_tick_of_the_rtp_clock() -> None:
    codec = G722Codec(16_000)
    codec.open_row(0)
    payloads, lengths = codec.encode(np.array([0]), np.zeros((1, 320), np.int16))
    assert payloads.shape == (1, 160)
    assert lengths.tolist() == [160]
    assert codec.samples(payloads, lengths).tolist() == [320]


def test_rows_have_memories_of_their_own() -> None:
    together, alone = G722Codec(16_000), G722Codec(16_000)
    signals = [tone(700, 16_000), tone(2100, 16_000)]
    for row in (0, 1):
        together.open_row(row)
        alone.open_row(row)
    rows, mixed = np.array([0, 1]), []
    for start in range(0, 6400, 320):
        frames = np.stack([signal[start : start + 320] for signal in signals])
        mixed.append(together.decode(rows, *together.encode(rows, frames), 320))
    for row in (0, 1):
        assert np.array_equal(
            np.concatenate(mixed, axis=1)[row], through(alone, row, signals[row], 320)
        )


def test_reopening_begins_anew() -> None:
    codec = G722Codec(16_000)
    codec.open_row(0)
    first = through(codec, 0, tone(900, 16_000), 320)
    assert not np.array_equal(through(codec, 0, tone(900, 16_000), 320), first)
    codec.open_row(0)
    assert np.array_equal(through(codec, 0, tone(900, 16_000), 320), first)


def test_any_octets_decode_to_something() -> None:
    codec = G722Codec(16_000)
    codec.open_row(0)
    junk = np.random.default_rng(1).integers(0, 256, (1, 480), dtype=np.uint8)
    assert codec.decode(np.array([0]), junk, np.array([480]), 960).shape == (1, 960)


def test_other_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="not to 44100"):
        G722Codec(44_100)
