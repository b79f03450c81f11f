"""Single steady tones between 300 and 2400 Hz in the sound of many legs at once.

Handshakes and kissoffs of alarm receivers, fax machines, beeps of answering machines and special
information tones are such. A tone is a sine that holds nearly all the power of its windows and
turns its phase by the same angle from each to the next; that angle is its frequency.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from media.listen.heard import ToneEnded, ToneStarted
from media.listen.windows import (
    HOP_MS,
    ROOM_HZ,
    Bools,
    Floats,
    Phases,
    Places,
    Window,
    Windows,
    busy_windows,
    inverse_response,
    sine_kernels,
)
from media.signals.levels import power_of

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


class ToneListener:
    """Listens for tones on any of a number of rows.

    Time of a row begins with its `claim`, and goes on with each `feed_samples` of the row.
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

    def claim(self, row: int) -> None:
        """Begin to listen to a leg; whatever the row heard before is forgotten."""
        self._windows.claim(row)
        self._state[:, row] = 0
        self._state[BIN, row] = IDLE
        self.listening[row] = True

    def free(self, row: int) -> None:
        """Stop listening to a leg; the end of a tone is not told of any more."""
        self.listening[row] = False

    def feed_samples(
        self, rows: Places, samples: NDArray[np.int16] | Floats
    ) -> list[ToneStarted | ToneEnded]:
        """Hear the next 20 ms of each row: int16 or float32 in 16-bit units [n, 160 or 320]."""
        spectra, energy = self._windows.analyse_samples(rows, samples)
        squares = np.square(spectra)
        powers = squares[: len(BINS)]
        powers += squares[len(BINS) :]
        peak = powers.max(axis=0)
        heard = (peak > SCREEN * energy) & (peak > LOWEST_LEVEL / 2)
        events: list[ToneStarted | ToneEnded] = []
        for window in busy_windows(rows, spectra, heard, self._state[BIN]):
            columns = window.columns
            loudest = np.where(heard[columns], powers[:, columns].argmax(axis=0), IDLE)
            self._advance(window, loudest, energy[columns], events)
        return events

    def _advance(
        self,
        window: Window,
        loudest: Places,
        energy: Floats,
        events: list[ToneStarted | ToneEnded],
    ) -> None:
        """Follow the tones of a window; `loudest` is the bin that stands out, or IDLE."""
        rows = window.rows
        state = self._state.take(rows, axis=1)
        last = self._last.take(rows)
        idle = state[BIN] < 0
        bins = np.where(idle, loudest, state[BIN]).astype(np.intp)
        now = window.at(bins, len(BINS))
        hertz, there = _compare(state, last, bins, now, energy)
        # A tone that is not told of yet begins anew where it is not steady.
        begins = (loudest >= 0) & (idle | (~there & (state[REPORTED] == 0)))
        if begins.any():
            bins = np.where(begins, loudest, bins)
            state[:, begins] = 0
            now = window.at(bins, len(BINS))
        state[BIN] = bins
        _add(state, np.abs(now), hertz, there & ~begins, begins)
        self._last[rows] = now
        middle = self._windows.middles_ms(window)
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
    state: NDArray[np.float64], last: Phases, bins: Places, now: Phases, energy: Floats
) -> tuple[NDArray[np.float64], Bools]:
    """Return the frequency of the tone of this window, and whether the tone goes on.

    `now` is its phase and amplitude, `last` what they were one window before.
    """
    turned = now * last.conj() * NOMINAL_TURN.take(bins)
    turn = np.arctan2(turned.imag, turned.real)
    hertz = BINS.take(bins) + turn * (ROOM_HZ / (2 * np.pi))
    amplitude = np.abs(now)
    there: Bools = np.square(amplitude) * inverse_response(turn) > PURE * energy
    there &= (state[RUN] < 2) | (np.abs(hertz - state[HERTZ]) < STEADY_HZ)
    there &= amplitude > PRESENT * state[AMPLITUDE]
    return hertz, there


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
