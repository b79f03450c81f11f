"""Concealment: what fills a lost packet, how it fades, how it goes over into what follows."""

from __future__ import annotations

import numpy as np
import pytest

from media.codecs.concealment import Concealment

ROWS = np.array([1, 2])


def voice(pitch: float, rate: int, seconds: float = 1.0) -> np.ndarray:
    at = 2 * np.pi * pitch * np.arange(int(rate * seconds)) / rate
    return np.rint(sum(5000 / k * np.sin(k * at + k) for k in range(1, 8))).astype(np.int16)


def with_holes(signal: np.ndarray, rate: int, holes: set[int]) -> np.ndarray:
    stage, frame = Concealment(3, rate), rate // 50
    out = []
    for number, part in enumerate(signal.reshape(-1, frame)):
        missing = np.array([number in holes, False])
        given = np.stack([np.full(frame, 9999, np.int16) if number in holes else part, part])
        out.append(stage.repair(ROWS, given, missing))
    both = np.stack(out, axis=1).reshape(2, -1)
    assert np.array_equal(both[1], signal)
    return both[0]


def signal_to_error(heard: np.ndarray, truth: np.ndarray) -> float:
    error = heard.astype(float) - truth
    return float(10 * np.log10(np.mean(truth.astype(float) ** 2) / (np.mean(error**2) + 1e-9)))


@pytest.mark.parametrize("rate", [8000, 16_000])
@pytest.mark.parametrize("pitch", [80, 125, 190, 250])
def test_a_voice_goes_on_through_a_hole(rate: int, pitch: float) -> None:
    signal, frame = voice(pitch, rate), rate // 50
    heard = with_holes(signal, rate, {20})
    hole = slice(20 * frame, 21 * frame)
    assert signal_to_error(heard[hole], signal[hole]) > 5
    assert np.array_equal(heard[: 20 * frame], signal[: 20 * frame])
    assert np.array_equal(heard[22 * frame :], signal[22 * frame :])


def test_no_step_is_heard_at_the_edges() -> None:
    signal = voice(117.3, 8000)
    heard = with_holes(signal, 8000, {20}).astype(int)
    usual = np.abs(np.diff(signal.astype(int))).max()
    assert np.abs(np.diff(heard)).max() <= 1.3 * usual


def test_a_long_loss_fades_to_silence() -> None:
    heard = with_holes(voice(100, 8000), 8000, set(range(20, 30)))
    peaks = np.abs(heard.reshape(-1, 160)).max(axis=1)
    assert peaks[20] > 0.8 * peaks[19]
    assert peaks[22] < 0.5 * peaks[20]
    assert np.all(peaks[23:30] == 0)
    assert peaks[31] == peaks[19]


def test_after_the_hole_real_audio_is_blended_in() -> None:
    signal = voice(100, 8000)
    heard = with_holes(signal, 8000, set(range(20, 30)))
    after = heard[30 * 160 : 31 * 160].astype(int)
    assert abs(after[0]) < 200
    assert np.array_equal(after[80:], signal[30 * 160 + 80 : 31 * 160])


def test_silence_stays_silence() -> None:
    assert not np.any(with_holes(np.zeros(8000, np.int16), 8000, {0, 5, 6}))


def test_concealed_speech_is_better_than_holes() -> None:
    generator = np.random.default_rng(2)
    signal = voice(140, 8000, 4.0)
    holes = {int(n) for n in generator.choice(200, 20, replace=False)}
    bare = signal.copy().reshape(-1, 160)
    bare[sorted(holes)] = 0
    heard = with_holes(signal, 8000, holes)
    assert signal_to_error(heard, signal) > signal_to_error(bare.ravel(), signal) + 6


def test_frames_of_other_lengths() -> None:
    stage, row = Concealment(2, 8000), np.array([0])
    signal = voice(100, 8000)
    for part in signal[:4800].reshape(-1, 480):
        stage.repair(row, part[None], np.array([False]))
    made_up = stage.repair(row, np.zeros((1, 240), np.int16), np.array([True]))
    assert made_up.shape == (1, 240)
    assert np.abs(made_up).max() > 3000


def test_a_frame_without_samples_changes_nothing() -> None:
    sound = voice(120, 8000, 0.2)
    with_it, without = Concealment(3, 8000), Concealment(3, 8000)
    rows, present, gone = np.array([1]), np.array([False]), np.array([True])
    for frame in sound.reshape(-1, 1, 160):
        with_it.repair(rows, frame, present)
        without.repair(rows, frame, present)
    with_it.repair(rows, np.zeros((1, 0), np.int16), present)
    hole = np.zeros((1, 160), np.int16)
    assert np.array_equal(with_it.repair(rows, hole, gone), without.repair(rows, hole, gone))


def test_a_row_is_forgotten() -> None:
    stage, row = Concealment(2, 8000), np.array([0])
    stage.repair(row, voice(100, 8000)[None, :160], np.array([False]))
    stage.reset(0)
    assert not np.any(stage.repair(row, np.ones((1, 160), np.int16), np.array([True])))
