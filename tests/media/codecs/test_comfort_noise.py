"""Comfort noise: its level and spectrum are those of the packet (RFC 3389)."""

from __future__ import annotations

import numpy as np
import pytest

from media.codecs.comfort_noise import LOUDEST_DB, ComfortNoise, level_of, shape_of

ROWS = np.array([0, 2])


def long_noise(payload: bytes, frames: int = 200) -> np.ndarray:
    stage = ComfortNoise(3)
    stage.hear(2, payload)
    return np.concatenate([stage.frames(ROWS, 160)[1] for _ in range(frames)]).astype(float)


@pytest.mark.parametrize("decibels", [40, 55, 70])
def test_the_level_is_what_the_packet_says(decibels: int) -> None:
    rms = np.sqrt(np.mean(long_noise(bytes([decibels])) ** 2))
    assert 20 * np.log10(rms / 32767) == pytest.approx(-decibels, abs=0.8)


def test_the_reserved_bit_is_ignored_and_loudness_bounded() -> None:
    assert level_of(bytes([0x80 | 60])) == level_of(bytes([60]))
    assert level_of(b"\x00") == pytest.approx(32767 * 10 ** (LOUDEST_DB / 20))


def test_rows_that_said_nothing_are_silent() -> None:
    stage = ComfortNoise(3)
    stage.hear(2, bytes([50]))
    frames = stage.frames(ROWS, 160)
    assert not np.any(frames[0])
    assert np.any(frames[1])
    stage.hear(2, b"")
    assert not np.any(stage.frames(ROWS, 160))


def test_reflection_coefficients_shape_the_spectrum() -> None:
    # k1 = -0.7: 1 / (1 - 0.7 z^-1), more of the low frequencies.
    low = np.abs(np.fft.rfft(long_noise(bytes([45, round(127 - 0.7 * 32768 / 258)])))) ** 2
    half = len(low) // 2
    assert low[:half].sum() > 5 * low[half:].sum()
    white = np.abs(np.fft.rfft(long_noise(bytes([45])))) ** 2
    assert white[:half].sum() == pytest.approx(white[half:].sum(), rel=0.1)


def test_the_filter_follows_from_the_lattice() -> None:
    # One coefficient: h[n] = (-k)^n before it is scaled.
    k = 258 * (200 - 127) / 32768
    shape = shape_of(bytes([40, 200]))
    assert shape[1] / shape[0] == pytest.approx(-k, rel=1e-4)
    assert shape[3] / shape[0] == pytest.approx((-k) ** 3, rel=1e-4)


def test_any_packet_gives_finite_noise() -> None:
    generator = np.random.default_rng(1)
    stage = ComfortNoise(3)
    for _ in range(50):
        stage.hear(2, generator.bytes(int(generator.integers(0, 40))))
        assert np.abs(stage.frames(ROWS, 160).astype(int)).max() < 8000


def test_frames_go_on_where_the_last_ended() -> None:
    one, two = ComfortNoise(1), ComfortNoise(1)
    for stage in (one, two):
        stage.hear(0, bytes([45, 100, 140]))
    row = np.array([0])
    parts = np.concatenate([one.frames(row, 160) for _ in range(2)], axis=1)
    assert np.array_equal(parts, two.frames(row, 320))
