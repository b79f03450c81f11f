"""Comfort noise of senders that are silent on purpose (RFC 3389), for all rows at once.

A packet holds a level and, optionally, the shape of a spectrum. When it comes, the shape is turned
into a short filter; each frame of noise is then one product of white noise with the filters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int16]
Index = NDArray[np.integer]

OVERLOAD = 32767.0
"0 dBov: a square wave at full scale (RFC 3389 section 3)."

LOUDEST_DB = -30
"A louder level is taken as this one: it is noise, not a message."

MAX_ORDER = 12
"Reflection coefficients beyond these shape nothing that is heard."

TAPS = 48
"Length of the filter: where the impulse response of usual spectra has died away."

STEEPEST = 0.98
"Reflection coefficients are kept below this, so that the filter stays stable."

_NOISE = np.random.default_rng(3389).standard_normal(1 << 15).astype(np.float32)
"One piece of white noise for everybody; each row reads it from a place of its own."


def level_of(payload: bytes) -> float:
    """Return the root mean square, in units of a 16-bit sample, that a payload asks for."""
    decibels = -(payload[0] & 0x7F) if payload else -127
    return float(OVERLOAD * 10.0 ** (min(decibels, LOUDEST_DB) / 20.0))


def shape_of(payload: bytes) -> NDArray[np.float32]:
    """Return the filter for white noise that a payload describes: TAPS numbers of energy 1.

    Octet N stands for the reflection coefficient 258 (N - 127) / 32768; no octets mean white.
    """
    quantised = np.frombuffer(payload[1 : 1 + MAX_ORDER], dtype=np.uint8).astype(np.float64)
    reflections = np.clip(258.0 * (quantised - 127.0) / 32768.0, -STEEPEST, STEEPEST)
    predictor = np.array([1.0])
    for reflection in reflections:
        longer = np.append(predictor, 0.0)
        predictor = longer + reflection * longer[::-1]
    response = np.zeros(TAPS)
    for n in range(TAPS):
        past = response[max(0, n - len(predictor) + 1) : n][::-1]
        response[n] = (n == 0) - predictor[1 : 1 + len(past)] @ past
    return np.asarray(response / np.linalg.norm(response), dtype=np.float32)


class ComfortNoise:
    """What each row's sender last said about its background."""

    def __init__(self, capacity: int) -> None:
        self._level = np.zeros(capacity, dtype=np.float32)
        self._shape = np.zeros((capacity, TAPS), dtype=np.float32)
        self._at = np.zeros(capacity, dtype=np.intp)

    def reset(self, row: int) -> None:
        """Let a row be silent, for its next use."""
        self._level[row] = 0.0

    def hear(self, row: int, payload: bytes) -> None:
        """Take a CN packet's payload; an empty one means silence."""
        self._level[row] = level_of(payload) if payload else 0.0
        self._shape[row] = shape_of(payload)
        if self._at[row] == 0:
            self._at[row] = (row + 1) * 2477 % len(_NOISE)

    def frames(self, rows: Index, samples: int) -> Rows:
        """Return the next noise of each row, shape (n, samples)."""
        reach = np.arange(samples + TAPS - 1)
        white = _NOISE[(self._at[rows, None] + reach) % len(_NOISE)]
        self._at[rows] = (self._at[rows] + samples) % len(_NOISE)
        windows = np.lib.stride_tricks.sliding_window_view(white, TAPS, axis=1)
        # The window runs forwards in time, the response backwards.
        shaped = np.matmul(windows, self._shape[rows, ::-1, None])[..., 0]
        return np.asarray(np.clip(shaped * self._level[rows, None], -32768, 32767), dtype=np.int16)
