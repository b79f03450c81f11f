"""Silence: told once, after the time asked for, and its end."""

from __future__ import annotations

import numpy as np
import pytest

from media.listen.heard import SilenceHeard, SoundHeard
from media.listen.silence import SilenceListener
from tests.media.signals import hear, rows_of, silence, sine


def test_silence_between_sounds() -> None:
    sound = np.concatenate((sine(300.0, 1000.0), silence(2500.0), sine(300.0, 500.0)))
    (events,) = hear(SilenceListener, rows_of([sound]))
    assert events == [SilenceHeard(0, 1000.0), SoundHeard(0, 3500.0)]


def test_a_leg_that_never_says_anything_is_told_of_once() -> None:
    (events,) = hear(SilenceListener, rows_of([silence(9000.0)]))
    assert events == [SilenceHeard(0, 0.0)]


def test_short_silences_and_clicks_do_not_count() -> None:
    words = np.concatenate(
        [part for _ in range(8) for part in (sine(300.0, 60.0), silence(1900.0))]
    )
    clicks = np.concatenate(
        [part for _ in range(3) for part in (silence(1500.0), sine(300.0, 10.0))]
    )
    events = hear(SilenceListener, rows_of([words, clicks], tail_ms=0.0))
    assert events[0] == []
    assert [type(event) for event in events[1]] == [SilenceHeard]


def test_level_and_length_are_those_of_the_claim() -> None:
    listener = SilenceListener(3)
    listener.claim(0, least_ms=100.0)
    listener.claim(1, least_ms=100.0, level=-20.0)
    listener.claim(2, least_ms=200.0, level=-20.0)
    rows = np.arange(3)
    hum = sine(300.0, 20.0, -30.0).astype(np.int16)[np.newaxis].repeat(3, axis=0)
    told = [(tick, e.row) for tick in range(12) for e in listener.feed_samples(rows, hum)]
    assert told == [(4, 1), (9, 2)]


def test_float_and_16_khz_frames() -> None:
    listener = SilenceListener(1)
    listener.claim(0, least_ms=40.0)
    frame = np.zeros((1, 320), np.float32)
    assert listener.feed_samples(np.array([0]), frame) == []
    assert listener.feed_samples(np.array([0]), frame) == [SilenceHeard(0, 0.0)]
    listener.free(0)
    assert not listener.listening[0]


@pytest.mark.parametrize("level", [-41.0, -43.0])
def test_the_usual_level(level: float) -> None:
    (events,) = hear(SilenceListener, rows_of([sine(300.0, 3000.0, level)], tail_ms=0.0))
    assert bool(events) == (level < -42.0)
