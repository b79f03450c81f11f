"""Single steady tones between 300 and 2400 Hz in the sound of many legs at once.

Handshakes and kissoffs of alarm receivers, fax machines, beeps of answering machines and special
information tones are such. A tone is a sine that holds nearly all the power of its windows and
turns its phase by the same angle from each to the next; that angle is its frequency.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from media.listen.heard import ToneEnded, ToneStarted
from media.listen.windows import HOP_MS, ROOM_HZ, Windows, inverse_response, sine_kernels
from media.signals.levels import power_of

Floats = NDArray[np.float32]
Phases = NDArray[np.complex64]
Bools = NDArray[np.bool_]
Places = NDArray[np.intp]

BINS = np.arange(300.0, 2401.0, 60.0)
"Frequencies of the kernels in Hz: no tone is farther than 30 Hz from one."

NOMINAL_TURN = np.exp(-2j * np.pi * BINS * HOP_MS / 1000).astype(np.complex64)
"Turns the phase of each back by what it advances from window to window."

LOWEST_LEVEL = power_of(-43.0)

SCREEN = 0.5
"Share of the power that one kernel sees when there is a tone, even one between two kernels."

PURE = 0.75
"Share of the power that the sine must have."

STEADY_HZ = 12.0
"So much the frequency of one window may be beside the mean."

PRESENT = 0.5
"Share of its amplitude at which a tone counts as being there."

ENDS_AFTER = 2.2
"Length of silence that ends a tone, in hops."

# Rows of the state: one column a leg.
BIN, REPORTED, OFF, RUN, AMPLITUDE, LENGTH, HERTZ, STARTED = range(8)
STATE_ROWS = 8

IDLE = -1


class _ToneFrame(NamedTuple):
    """What the kernels see in one window of each of m rows."""

    spectra: Floats
    "Of all windows of the tick: real parts, then imaginary parts of all bins."
    columns: Places
    "The m windows' columns in that."
    loudest: Places
    "The bin that stands out, or IDLE."
    energy: Floats
    "The power."

    def at(self, bins: Places) -> Phases:
        """Phase and amplitude at one bin a row."""
        places = bins * self.spectra.shape[1] + self.columns
        flat = self.spectra.reshape(-1)
        now = np.empty(len(bins), np.complex64)
        now.real = flat.take(places)
        now.imag = flat.take(places + len(BINS) * self.spectra.shape[1])
        return now


class ToneListener:
    """Listens for tones on any of a number of rows.

    Time of a row begins with its `claim` and goes on with each `feed` that it takes part in.
    """

    def __init__(self, capacity: int, rate: int = 8000, least_ms: float = 60.0) -> None:
        """Rows 0 to `capacity` - 1; shorter tones than `least_ms` are not told of."""
        self.listening = np.zeros(capacity, np.bool_)
        "Which rows are claimed: a column."
        self._least = least_ms / HOP_MS - 0.5
        self._windows = Windows(capacity, sine_kernels(BINS.tolist(), rate), rate)
        self._state = np.zeros((STATE_ROWS, capacity))
        self._state[BIN] = IDLE
        self._last = np.zeros(capacity, np.complex64)
        self._ticks = np.zeros(capacity, np.int64)

    def claim(self, row: int) -> None:
        """Begin to listen to a leg; whatever the row heard before is forgotten."""
        self._windows.claim(row)
        self._state[:, row] = 0
        self._state[BIN, row] = IDLE
        self._ticks[row] = 0
        self.listening[row] = True

    def free(self, row: int) -> None:
        """Stop listening to a leg; the end of a tone is not told of any more."""
        self.listening[row] = False

    def feed_samples(
        self, rows: Places, samples: NDArray[np.int16] | Floats
    ) -> list[ToneStarted | ToneEnded]:
        """Hear the next 20 ms of each row: int16 or float32 in 16-bit units [n, 160 or 320]."""
        count = len(rows)
        spectra, energy = self._windows.analyse_samples(rows, samples)
        squares = np.square(spectra)
        powers = squares[: len(BINS)]
        powers += squares[len(BINS) :]
        peak = powers.max(axis=0)
        heard = (peak > SCREEN * energy) & (peak > LOWEST_LEVEL / 2)
        events: list[ToneStarted | ToneEnded] = []
        for half in (0, 1):
            first = half * count
            busy = heard[first : first + count] | (self._state[BIN, rows] >= 0)
            places = busy.nonzero()[0]
            if len(places):
                columns = places + first
                loudest = np.where(heard[columns], powers[:, columns].argmax(axis=0), IDLE)
                seen = _ToneFrame(spectra, columns, loudest, energy[columns])
                self._advance(rows[places], half, seen, events)
        self._ticks[rows] += 1
        return events

    def _advance(
        self, rows: Places, half: int, seen: _ToneFrame, events: list[ToneStarted | ToneEnded]
    ) -> None:
        """Take one window of the rows on which something like a tone is heard or was."""
        state = self._state.take(rows, axis=1)
        last = self._last.take(rows)
        idle = state[BIN] < 0
        bins = np.where(idle, seen.loudest, state[BIN]).astype(np.intp)
        now, hertz, there = _compare(state, last, bins, seen)
        # What is not told of yet begins anew where it is not steady.
        begins = (seen.loudest >= 0) & (idle | (~there & (state[REPORTED] == 0)))
        if begins.any():
            bins = np.where(begins, seen.loudest, bins)
            state[:, begins] = 0
            now = seen.at(bins)
        state[BIN] = bins
        _add(state, np.abs(now), hertz, there & ~begins, begins)
        self._last[rows] = now
        middle = self._ticks[rows] * (2 * HOP_MS) + half * HOP_MS
        tell = (state[REPORTED] == 0) & (state[RUN] >= 3)
        tell &= state[LENGTH] >= self._least * state[AMPLITUDE]
        for place in tell.nonzero()[0]:
            length = state[LENGTH, place] / state[AMPLITUDE, place]
            started = float(middle[place] - (length - 0.5) * HOP_MS)
            state[REPORTED, place], state[STARTED, place] = 1, started
            events.append(ToneStarted(int(rows[place]), float(state[HERTZ, place]), started))
        over = state[OFF] >= ENDS_AFTER
        for place in (over & (state[REPORTED] > 0)).nonzero()[0]:
            started = float(state[STARTED, place])
            ended = float(middle[place] - (state[OFF, place] - 1.0) * HOP_MS)
            hertz_of = float(state[HERTZ, place])
            events.append(ToneEnded(int(rows[place]), hertz_of, started, ended - started))
        state[BIN, over] = IDLE
        self._state[:, rows] = state


def _compare(
    state: NDArray[np.float64], last: Phases, bins: Places, seen: _ToneFrame
) -> tuple[Phases, NDArray[np.float64], Bools]:
    """The tone of this window: phase and amplitude, frequency, and whether it goes on."""
    now = seen.at(bins)
    turned = now * last.conj() * NOMINAL_TURN.take(bins)
    turn = np.arctan2(turned.imag, turned.real)
    hertz = BINS.take(bins) + turn * (ROOM_HZ / (2 * np.pi))
    amplitude = np.abs(now)
    there: Bools = np.square(amplitude) * inverse_response(turn) > PURE * seen.energy
    there &= (state[RUN] < 2) | (np.abs(hertz - state[HERTZ]) < STEADY_HZ)
    there &= amplitude > PRESENT * state[AMPLITUDE]
    return now, hertz, there


def _add(
    state: NDArray[np.float64],
    amplitude: Floats,
    hertz: NDArray[np.float64],
    there: Bools,
    begins: Bools,
) -> None:
    """Add one window to what is known of the tone of each row."""
    state[LENGTH] += amplitude * (there | begins)
    state[AMPLITUDE] = np.where(
        there | begins, np.maximum(amplitude, 0.9 * state[AMPLITUDE]), state[AMPLITUDE]
    )
    state[RUN] += there | begins
    weight = np.where(there, 1 / np.maximum(state[RUN] - 1, 1), 0)
    state[HERTZ] += weight * (hertz - state[HERTZ])
    present = np.minimum(amplitude / np.maximum(state[AMPLITUDE], 1e-9), 1)
    state[OFF] = np.where(there | begins, 0, state[OFF] + 1 - present * (present < PRESENT))
