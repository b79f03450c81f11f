"""Single tones: frequency, begin and end, through noise and G.711; and what is none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from media.listen.heard import ToneEnded, ToneStarted
from media.listen.tone_listener import ToneListener
from media.signals.levels import power_of
from tests.media.signals import (
    Sound,
    a_law,
    as_they_are,
    hear,
    press,
    rows_of,
    silence,
    sine,
    u_law,
    with_echo,
)

CODINGS = pytest.mark.parametrize("coding", [as_they_are, a_law, u_law])

ROWS = 8


def shifted(make: Callable[[float], Sound]) -> Sound:
    """The same sound at places that cover a tick, in other phases."""
    chance = np.random.default_rng(1)
    return rows_of(
        [
            np.concatenate((silence(50.0 + 20 * row / ROWS), make(6.28 * chance.random())))
            for row in range(ROWS)
        ]
    )


@CODINGS
@pytest.mark.parametrize("hertz", [330.0, 425.0, 1100.0, 1138.0, 1330.0, 1470.0, 2100.0, 2300.0])
@pytest.mark.parametrize("length", [100.0, 900.0])
def test_tones_are_told_with_frequency_and_times(
    hertz: float, length: float, coding: Callable[[NDArray[np.int16]], NDArray[np.int16]]
) -> None:
    sounds = shifted(lambda phase: sine(hertz, length, -24.0, phase))
    for row, events in enumerate(hear(ToneListener, sounds, coding)):
        begin, end = events
        assert isinstance(begin, ToneStarted)
        assert isinstance(end, ToneEnded)
        assert begin.hertz == pytest.approx(hertz, abs=2.0)
        assert begin.started_ms == pytest.approx(50.0 + 20 * row / ROWS, abs=6.0)
        assert end.started_ms == begin.started_ms
        assert end.duration_ms == pytest.approx(length, abs=9.0)


@CODINGS
@pytest.mark.parametrize("level", [-10.0, -35.0])
def test_noise_15_db_down(
    level: float, coding: Callable[[NDArray[np.int16]], NDArray[np.int16]]
) -> None:
    sounds = shifted(lambda phase: sine(1400.0, 900.0, level, phase))
    noise = np.sqrt(power_of(level) * 10**-1.5)
    sounds += np.random.default_rng(2).normal(size=sounds.shape) * noise
    for events in hear(ToneListener, sounds, coding):
        begin, end = events
        assert begin.hertz == pytest.approx(1400.0, abs=6.0)
        assert end.duration_ms == pytest.approx(900.0, abs=15.0)


def test_echo_does_not_split_a_tone() -> None:
    sounds = shifted(lambda phase: with_echo(sine(1400.0, 900.0, -10.0, phase)))
    assert [len(events) for events in hear(ToneListener, sounds)] == [2] * ROWS


def test_a_change_of_frequency_is_another_tone() -> None:
    sounds = shifted(
        lambda phase: np.concatenate(
            (sine(1400.0, 100.0, -10.0, phase), silence(100.0), sine(2300.0, 100.0))
        )
    )
    for events in hear(ToneListener, sounds):
        assert [round(event.hertz, -1) for event in events] == [1400, 1400, 2300, 2300]
    rising = shifted(
        lambda phase: np.concatenate([sine(f, 330.0, -13.0, phase) for f in (950, 1400, 1800)])
    )
    for events in hear(ToneListener, rising):
        ends = [event for event in events if isinstance(event, ToneEnded)]
        assert [event.hertz for event in ends] == pytest.approx([950, 1400, 1800], abs=5)
        assert [event.duration_ms for event in ends] == pytest.approx([330] * 3, abs=25)


@pytest.mark.parametrize(
    "sound",
    [
        sine(1400.0, 40.0),
        sine(1400.0, 300.0, -50.0),
        press("5", 300.0),
        sine(350.0, 400.0) + sine(440.0, 400.0),
        np.random.default_rng(3).normal(size=8000) * 2000,
        30000 * np.sin(2 * np.pi * np.cumsum(np.linspace(300, 2400, 4000)) / 8000),
    ],
    ids=["short", "faint", "a key", "a dial tone", "noise", "a glide"],
)
def test_what_is_no_tone(sound: Sound) -> None:
    assert hear(ToneListener, rows_of([sound])) == [[]]


def test_claiming_forgets_and_freeing_stops() -> None:
    listener = ToneListener(2)
    listener.claim(1)
    rows = np.array([1])
    sound = sine(1400.0, 200.0).astype(np.float32)[np.newaxis]
    told = [
        e for k in range(0, 1600, 160) for e in listener.feed_samples(rows, sound[:, k : k + 160])
    ]
    assert len(told) == 1
    assert listener.listening.tolist() == [False, True]
    listener.claim(1)
    assert listener.feed_samples(rows, np.zeros((1, 160), np.int16)) == []
    listener.free(1)
    assert not listener.listening.any()
