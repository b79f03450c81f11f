"""Between rows of 8 kHz and rows of 16 kHz: a half-band filter over all rows at once.

A stage of the tick for rooms in which narrow-band and wide-band legs meet. Every second coefficient
of a half-band filter is zero, so half of the samples are only delayed, and the other half are one
matrix product with a banded matrix. Flat to 3.5 kHz, 60 dB down from 4.5 kHz, delay 1 ms.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int16]
Index = NDArray[np.integer]

TAPS = 32
"Non-zero coefficients beside the middle one."

DELAY = TAPS // 2
"Delay of the filter in samples of 8 kHz, less the half sample that is the filter's purpose."

BLOCK = 40
"Outputs of one product: a banded matrix over a whole frame would be mostly zeros."

KAISER_BETA = 5.65
"Kaiser window for 60 dB."


def _half_band() -> NDArray[np.float32]:
    """Return the coefficients that interpolate half-way between samples, shape (TAPS,), sum 1."""
    at = np.arange(TAPS) - (TAPS - 1) / 2
    taps = np.sinc(at) * np.i0(KAISER_BETA * np.sqrt(1 - (at / (TAPS / 2)) ** 2))
    return np.asarray(taps / taps.sum(), dtype=np.float32)


def _banded() -> NDArray[np.float32]:
    """Return the matrix that filters BLOCK + TAPS - 1 samples into BLOCK, by columns."""
    band = np.zeros((BLOCK + TAPS - 1, BLOCK), dtype=np.float32)
    for column in range(BLOCK):
        band[column : column + TAPS, column] = _half_band()
    return band


_BAND = _banded()


def _filter(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Filter each row; (n, frame + TAPS - 1) becomes (n, frame)."""
    frame = samples.shape[1] - (TAPS - 1)
    beyond = -frame % BLOCK
    if beyond:
        samples = np.pad(samples, ((0, 0), (0, beyond)))
    blocks = np.lib.stride_tricks.sliding_window_view(samples, BLOCK + TAPS - 1, axis=1)
    product: NDArray[np.float32] = blocks[:, ::BLOCK] @ _BAND
    return product.reshape(len(samples), -1)[:, :frame]


def _int16(samples: NDArray[np.float32]) -> Rows:
    return np.rint(np.clip(samples, -32768, 32767)).astype(np.int16)


class Converter(Protocol):
    """From one rate of rows to the other."""

    def reset(self, rows: int | Index) -> None:
        """Forget a row, or some."""

    def convert(self, rows: Index, frames: Rows) -> Rows:
        """Return the next frames of rows at the other rate."""


class Doubler:
    """8 kHz rows to 16 kHz rows; it remembers the end of each row's last frame."""

    def __init__(self, capacity: int) -> None:
        self._past = np.zeros((capacity, TAPS - 1), dtype=np.int16)

    def reset(self, rows: int | Index) -> None:
        """Forget a row, or some, for their next use."""
        self._past[rows] = 0

    def convert(self, rows: Index, frames: Rows) -> Rows:
        """Return (n, 2 * samples) for (n, samples)."""
        joined = np.concatenate((self._past[rows], frames), axis=1)
        self._past[rows] = joined[:, -(TAPS - 1) :]
        out = np.empty((len(frames), 2 * frames.shape[1]), dtype=np.int16)
        out[:, 0::2] = joined[:, DELAY - 1 : DELAY - 1 + frames.shape[1]]
        out[:, 1::2] = _int16(_filter(joined.astype(np.float32)))
        return out


class Halver:
    """16 kHz rows to 8 kHz rows; it remembers the end of each row's last frame."""

    def __init__(self, capacity: int) -> None:
        self._past = np.zeros((capacity, 2 * (TAPS - 1)), dtype=np.int16)

    def reset(self, rows: int | Index) -> None:
        """Forget a row, or some, for their next use."""
        self._past[rows] = 0

    def convert(self, rows: Index, frames: Rows) -> Rows:
        """Return (n, samples / 2) for (n, samples); an odd last sample is left out."""
        frames = frames[:, : frames.shape[1] & ~1]
        joined = np.concatenate((self._past[rows], frames), axis=1)
        self._past[rows] = joined[:, -2 * (TAPS - 1) :]
        even, odd = joined[:, 0::2].astype(np.float32), joined[:, 1::2].astype(np.float32)
        middle = even[:, DELAY : DELAY + frames.shape[1] // 2]
        return _int16(0.5 * (middle + _filter(odd)))


def converter(capacity: int, source: int, target: int) -> Converter:
    """Return what turns rows of one rate, Hz, into rows of the other."""
    return Doubler(capacity) if source < target else Halver(capacity)


class Crossing:
    """Frames that some rows send over to the other rate; which rows may change in every tick."""

    def __init__(self, capacity: int, source: int, target: int) -> None:
        """Turn rows of `source` Hz into rows of `target` Hz."""
        self._converter = converter(capacity, source, target)
        self._crossed = np.full(capacity, -1, np.int64)
        "The number of the tick in which each row crossed last."

    def cross(self, rows: Index, frames: Rows, tick: int) -> Rows:
        """Convert a frame of each row, in the tick of this number.

        A row that was not resampled in the tick before begins without a past.
        """
        fresh = rows[self._crossed[rows] != tick - 1]
        if len(fresh):
            self._converter.reset(fresh)
        self._crossed[rows] = tick
        return self._converter.convert(rows, frames)
