"""Sample rates doubled and halved: what passes, what is kept out, frames without a seam."""

from __future__ import annotations

import numpy as np
import pytest

from media.codecs.resample import DELAY, Crossing, Doubler, Halver


def tone(hertz: float, rate: int, level: int = 8000) -> np.ndarray:
    return np.rint(level * np.sin(2 * np.pi * hertz * np.arange(rate) / rate)).astype(np.int16)


def framed(stage, samples: np.ndarray, frame: int) -> np.ndarray:  # type: ignore[no-untyped-def]
    rows = np.array([2])
    return np.concatenate(
        [stage(rows, part[None])[0] for part in samples.reshape(-1, frame)]
    ).astype(float)


def level(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples[1000:] ** 2)) + 1e-9))


def part_at(samples: np.ndarray, hertz: float, rate: int) -> float:
    """Amplitude of one frequency."""
    turn = np.exp(-2j * np.pi * hertz * np.arange(len(samples)) / rate)
    return float(2 * np.abs(np.mean(samples * turn)))


@pytest.mark.parametrize("hertz", [200, 1000, 3000, 3400])
def test_doubling_keeps_the_tone_and_adds_no_image(hertz: int) -> None:
    out = framed(Doubler(3).convert, tone(hertz, 8000), 160)
    assert part_at(out, hertz, 16000) == pytest.approx(8000, rel=0.01)
    assert part_at(out, 8000 - hertz, 16000) < 20


@pytest.mark.parametrize("hertz", [200, 1000, 3400])
def test_halving_keeps_the_telephone_band(hertz: int) -> None:
    out = framed(Halver(3).convert, tone(hertz, 16000), 320)
    assert part_at(out, hertz, 8000) == pytest.approx(8000, rel=0.01)


@pytest.mark.parametrize("hertz", [4700, 6000, 7800])
def test_halving_removes_what_would_fold_back(hertz: int) -> None:
    out = framed(Halver(3).convert, tone(hertz, 16000), 320)
    assert level(out) < level(tone(hertz, 16000).astype(float)) - 50


def test_there_and_back_is_the_same_speech() -> None:
    noise = np.random.default_rng(3).normal(0, 3000, 8000)
    spectrum = np.fft.rfft(noise)
    spectrum[3300:] = 0
    band = np.rint(np.fft.irfft(spectrum)).astype(np.int16)
    up = framed(Doubler(3).convert, band, 160).astype(np.int16)
    back = framed(Halver(3).convert, up, 320)
    lag = int(np.argmax(np.correlate(back, band.astype(float), "full"))) - len(band) + 1
    assert 0 < lag < 40
    error = back[lag:] - band[: len(band) - lag]
    assert level(error) < level(band.astype(float)) - 40


def test_full_scale_does_not_wrap() -> None:
    square = np.where(np.arange(8000) % 16 < 8, 32767, -32768).astype(np.int16)
    up = framed(Doubler(3).convert, square, 160)
    assert up.max() == 32767
    assert np.array_equal(up[0::2][DELAY:], square[:-DELAY])
    before, between, after = up[200:-2:2], up[201:-1:2], up[202::2]
    inside = np.sign(before) == np.sign(after)
    assert np.array_equal(np.sign(between[inside]), np.sign(before[inside]))


def test_rows_do_not_mix() -> None:
    doubler = Doubler(3)
    frames = np.stack([tone(500, 8000)[:160], np.zeros(160, np.int16)])
    for _ in range(3):
        out = doubler.convert(np.array([2, 0]), frames)
    assert np.any(out[0])
    assert not np.any(out[1])
    doubler.reset(2)
    assert not np.any(doubler.convert(np.array([2]), frames[1:]))


@pytest.mark.parametrize("length", [1, 7, 40, 79, 161])
def test_frames_of_any_length_join_without_a_seam(length: int) -> None:
    whole = tone(700, 8000)[: 4 * 161]
    rows = np.array([1])
    for stage, factor in ((Doubler, 1), (Halver, 2)):
        samples, step = np.repeat(whole, factor), factor * length
        parts = [samples[at : at + step] for at in range(0, len(samples), step)]
        pieces = stage(2)
        joined = np.concatenate([pieces.convert(rows, part[None])[0] for part in parts])
        assert np.array_equal(joined, stage(2).convert(rows, samples[None])[0])


def test_who_was_not_there_in_the_last_tick_crosses_without_a_past() -> None:
    crossing = Crossing(3, 8000, 16_000)
    loud, still = np.full((1, 160), 9000, np.int16), np.zeros((1, 160), np.int16)
    one, two = np.array([1]), np.array([2])
    crossing.cross(one, loud, 1)
    assert crossing.cross(one, still, 2).any(), "what went before is heard to its end"
    crossing.cross(one, loud, 3)
    crossing.cross(two, still, 4)
    assert not crossing.cross(one, still, 5).any()
