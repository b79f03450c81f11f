"""Overlapping windows over the sound of many legs at once, seen through a set of kernels.

Twice a tick a raised-cosine window of 20 ms is looked at. Each half of the samples of a tick is
multiplied once with one matrix that holds the falling and the rising half of every windowed
kernel, and a window is the rising half of one product and the falling half of the next: so no
samples are kept and none are multiplied twice. Windows overlap by half and add up to one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Phases = NDArray[np.complex64]
Bools = NDArray[np.bool_]
Places = NDArray[np.intp]

HOP_MS = 10.0
"Time between two windows, and half the length of one."

ROOM_HZ = 1000.0 / HOP_MS
"A whole turn of the phase in a hop is so much beside the nominal frequency."


def raised_cosine(length: int) -> Doubles:
    """The window: its two halves add up to one."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(length) + 0.5) / length)


def sine_kernels(frequencies: Sequence[float], rate: int) -> Doubles:
    """Real parts, then imaginary parts, of windowed waves of so many Hz: [2 * count, window].

    The sum of the squares of both is the power of a sine of that frequency, its angle the sine's
    phase in the middle of the window.
    """
    window = raised_cosine(rate // 50)
    n = np.arange(len(window)) - (len(window) - 1) / 2
    waves = np.exp(-2j * np.pi * np.outer(frequencies, n) / rate) * window
    waves *= np.sqrt(2) / window.sum()
    return np.concatenate((waves.real, waves.imag))


def band_kernels(low: float, high: float, rate: int) -> Doubles:
    """A basis of all that lies between two frequencies: [dimensions, window].

    The sum of the squares is the power in the band. Sounds up to 100 Hz outside count in part.
    """
    window = raised_cosine(rate // 50)
    n = np.arange(len(window)) - (len(window) - 1) / 2
    waves = np.exp(2j * np.pi * np.outer(np.arange(low, high, 2.0), n) / rate) * window
    _, size, basis = np.linalg.svd(np.concatenate((waves.real, waves.imag)))
    kept = basis[: len(size)][size > size[0] * 1e-2]
    return np.asarray(kept * window / np.sqrt(np.square(window).sum()))


def inverse_response(turn: Floats) -> Floats:
    """Power that the window takes from a sine beside its kernel's frequency, to be made good.

    `turn` is the phase in radians per hop by which it is beside; beyond 42 Hz the answer need not
    be right.
    """
    square = np.square(turn)
    # Within 0.007 of the inverse of the window's response.
    inverse = 1 + square * (0.131 + square * (0.0086 + 0.00079 * square))
    return np.asarray(inverse, np.float32)


class Window(NamedTuple):
    """One window of some rows, in which something is heard that may be a tone."""

    rows: Places
    "Its m rows."
    half: int
    "0 for the first window of the tick, 1 for the second."
    spectra: Floats
    "What all kernels see in all windows of the tick; see `Windows.analyse_samples`."
    columns: Places
    "The columns of the m rows in that."

    def at(self, tones: Places, imaginary: int) -> Phases:
        """Return phase and amplitude at some kernels for each row.

        `tones` are numbers of real parts, [m] or [any, m]; each imaginary part stands `imaginary`
        rows below its real part.
        """
        width = self.spectra.shape[1]
        places = tones * width + self.columns
        flat = self.spectra.reshape(-1)
        now = np.empty(places.shape, np.complex64)
        now.real = flat.take(places)
        now.imag = flat.take(places + imaginary * width)
        return now


class Windows:
    """The kernels, and what each row's last samples left for its next window.

    Time of a row begins with `claim` and goes on with each tick whose samples are analysed.
    """

    def __init__(self, capacity: int, kernels: Doubles, rate: int) -> None:
        """Rows 0 to `capacity` - 1; kernels are whole windows of 20 ms, [parts, window]."""
        self._hop = rate // 100
        self._parts = len(kernels)
        halves = (kernels[:, self._hop :], kernels[:, : self._hop])
        self._kernels = np.concatenate(halves).astype(np.float32)
        weights = np.square(raised_cosine(2 * self._hop))
        self._weights = (weights / weights.sum()).reshape(2, self._hop).astype(np.float32)
        self._halves = np.empty(2 * capacity * self._hop, np.float32)
        self._carry = np.zeros((self._parts + 1, capacity), np.float32)
        self._ticks = np.zeros(capacity, np.int64)

    def claim(self, row: int) -> None:
        """Forget what the row heard before."""
        self._carry[:, row] = 0
        self._ticks[row] = 0

    def analyse_samples(
        self, rows: Places, samples: NDArray[np.int16] | Floats
    ) -> tuple[Floats, Floats]:
        """Return two windows a row: what the kernels see [parts, 2n], and the power [2n].

        Samples are the next 20 ms of each row, [n, 160 or 320]. The first n columns are the windows
        that began in the last tick; their middles are its end, and those of the others 10 ms later.
        """
        count = len(rows)
        halves = self._halves[: 2 * count * self._hop].reshape(2 * count, self._hop)
        halves[:count] = samples[:, : self._hop]
        halves[count:] = samples[:, self._hop :]
        product = self._kernels @ halves.T
        spectra, rising = product[: self._parts], product[self._parts :]
        energies = self._weights @ np.square(halves, out=halves).T
        energy = energies[1]
        carry = self._carry[:, rows]
        spectra[:, :count] += carry[:-1]
        spectra[:, count:] += rising[:, :count]
        energy[:count] += carry[-1]
        energy[count:] += energies[0, :count]
        self._carry[:-1, rows] = rising[:, count:]
        self._carry[-1, rows] = energies[0, count:]
        self._ticks[rows] += 1
        return spectra, energy

    def middles_ms(self, window: Window) -> NDArray[np.int64]:
        """Return when the middle of a window of the tick analysed last was, since `claim`."""
        middles: NDArray[np.int64] = (self._ticks[window.rows] * 2 - 2 + window.half) * int(HOP_MS)
        return middles


def busy_windows(
    rows: Places, spectra: Floats, heard: Bools, tones: Doubles | Floats
) -> Iterator[Window]:
    """Yield the two windows of a tick, of those rows on which there is something to follow.

    That is where a tone is `heard` in the window, [2n], or was before: `tones` is a column with the
    number of the tone that each row of the table is following, below 0 for none. The caller may
    change it between the two windows.
    """
    count = len(rows)
    for half in (0, 1):
        first = half * count
        busy = heard[first : first + count] | (tones[rows] >= 0)
        places = busy.nonzero()[0]
        if len(places):
            yield Window(rows[places], half, spectra, places + first)
