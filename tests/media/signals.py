"""Signals for tests of listeners: pairs of sines, echo, G.711, and listeners fed with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from media.codecs import g711
from media.signals.dtmf_keys import FREQUENCIES
from media.signals.levels import peak_of

Sound = NDArray[np.float64]


def silence(milliseconds: float, rate: int = 8000) -> Sound:
    """Nothing for some time."""
    return np.zeros(round(milliseconds * rate / 1000))


def sine(
    hertz: float, milliseconds: float, dbm0: float = -10.0, phase: float = 0.0, rate: int = 8000
) -> Sound:
    """One frequency, without ramps."""
    n = np.arange(round(milliseconds * rate / 1000))
    return np.asarray(peak_of(dbm0) * np.sin(2 * np.pi * hertz * n / rate + phase))


def press(  # noqa: PLR0917
    key: str,
    milliseconds: float,
    low: float = -9.0,
    high: float = -9.0,
    off: tuple[float, float] = (0.0, 0.0),
    phases: tuple[float, float] = (0.0, 0.0),
    rate: int = 8000,
) -> Sound:
    """A key: levels in dBm0, deviations of the two frequencies as shares of them."""
    row, column = FREQUENCIES[key]
    return sine(row * (1 + off[0]), milliseconds, low, phases[0], rate) + sine(
        column * (1 + off[1]), milliseconds, high, phases[1], rate
    )


def with_echo(sound: Sound, late: int = 160, down: float = 10.0) -> Sound:
    """The sound and its echo, so many samples late and so many dB down."""
    echoed = np.concatenate((sound, np.zeros(late)))
    echoed[late:] += sound * 10 ** (-down / 20)
    return echoed


def rows_of(sounds: Sequence[Sound], tail_ms: float = 100.0, rate: int = 8000) -> Sound:
    """All sounds as rows of whole frames, with silence behind them."""
    frame = rate // 50
    length = max(len(sound) for sound in sounds) + round(tail_ms * rate / 1000)
    matrix = np.zeros((len(sounds), length + -length % frame))
    for row, sound in enumerate(sounds):
        matrix[row, : len(sound)] = sound
    return matrix


def to_int16(sounds: Sound) -> NDArray[np.int16]:
    """Samples as they stand in a frame; what is too loud is clipped."""
    return np.clip(np.rint(sounds), -32768, 32767).astype(np.int16)


def as_they_are(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """No coding."""
    return samples


def a_law(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """Coded and decoded."""
    return g711.decode_alaw(g711.encode_alaw(samples))


def u_law(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """Coded and decoded."""
    return g711.decode_ulaw(g711.encode_ulaw(samples))


class Listener(Protocol):
    """A listener of the tick."""

    def claim(self, row: int) -> None: ...

    def feed_samples(self, rows: NDArray[np.intp], samples: NDArray[np.int16]) -> Sequence[Any]: ...


def hear(
    make: Callable[[int], Listener],
    sounds: Sound,
    coding: Callable[[NDArray[np.int16]], NDArray[np.int16]] = as_they_are,
    frame: int = 160,
) -> list[list[Any]]:
    """Feed each row to a listener of that many rows; the events of each row."""
    samples = coding(to_int16(sounds))
    count, length = samples.shape
    listener = make(count)
    for row in range(count):
        listener.claim(row)
    events: list[list[Any]] = [[] for _ in range(count)]
    rows = np.arange(count)
    for begin in range(0, length, frame):
        for event in listener.feed_samples(rows, samples[:, begin : begin + frame]):
            events[event.row].append(event)
    return events
