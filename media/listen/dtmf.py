"""Keys in the sound of many legs at once (ITU-T Q.23, Q.24; limits as in AT&T's column).

The kernels are the eight frequencies and a basis of everything between 345 and 455 Hz, where dial
tones are, so that these count for nothing. As windows add up to one, the sum of a tone's amplitudes
over the windows is its length, whatever its place, and what is missing from the sum the length of a
break: this is how 40 ms are told from 23, and a pause from an interruption. The phase between one
window and the next is the frequency, to a Hertz; what the window then holds besides two sines of
that frequency and amplitude must be little.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from media.listen.heard import KeyPressed, KeyReleased
from media.listen.windows import (
    HOP_MS,
    Bools,
    Floats,
    Phases,
    Places,
    Window,
    Windows,
    band_kernels,
    busy_windows,
    inverse_response,
    sine_kernels,
)
from media.signals import dtmf_limits as limits
from media.signals.dtmf_keys import COLUMNS, KEYPAD, ROWS

# Rows of the state: one column a leg. The pairs hold the low and the high tone.
KEY, PRESSED, OFF, PURES = range(4)
AMPLITUDE, LENGTH, STEADY = slice(4, 6), slice(6, 8), slice(8, 10)
STATE_ROWS = 10

# Rows of the state that are complex, pairs too.
LAST, TURN = slice(0, 2), slice(2, 4)
PHASE_ROWS = 4

NO_KEY = -1

TONES_OF_KEY = np.array([[key // 4 for key in range(16)], [4 + key % 4 for key in range(16)]])
"Places of a key's two tones among the eight frequencies."

RADIANS = np.array([*ROWS, *COLUMNS]) * 2 * np.pi * HOP_MS / 1000
"What the phase of each frequency advances from window to window."

NOMINAL_TURN = np.exp(-1j * RADIANS).astype(np.complex64)
"Turns the phase back by that."

WIDEST_TURN = RADIANS * limits.FREQUENCY_TOLERANCE
"How much beside that the phase of a key's tone may be."


class _Heard(NamedTuple):
    """The levels of the kernels in one window of each of m rows."""

    window: Window
    loudest: Places
    "The key whose pair stands out, or NO_KEY."
    rest: Floats
    "The power without dial tones."

    def tones(self, key: Places) -> tuple[Places, Phases]:
        """Return numbers and amplitudes of the two tones of a key a row: [2, m]."""
        tones = TONES_OF_KEY.take(key, axis=1)
        return tones, self.window.at(tones, len(RADIANS))


class DtmfListener:
    """Listens for keys on any of a number of rows.

    Time of a row begins with its `claim`, and goes on with each `feed_samples` of the row.
    """

    def __init__(self, capacity: int, rate: int = 8000) -> None:
        """Rows 0 to `capacity` - 1; `rate` is 8000 or 16000 samples a second."""
        self.listening = np.zeros(capacity, np.bool_)
        "Which rows are claimed: a column."
        kernels = (
            sine_kernels((*ROWS, *COLUMNS), rate),
            band_kernels(*limits.DIAL_TONES, rate),
        )
        self._windows = Windows(capacity, np.concatenate(kernels), rate)
        self._state = np.zeros((STATE_ROWS, capacity), np.float32)
        self._state[KEY] = NO_KEY
        self._phases = np.zeros((PHASE_ROWS, capacity), np.complex64)
        self._dialling = np.zeros((2, capacity), np.float32)
        self._started = np.zeros(capacity)

    def claim(self, row: int) -> None:
        """Begin to listen to a leg; whatever the row heard before is forgotten."""
        self._windows.claim(row)
        self._state[:, row] = 0
        self._state[KEY, row] = NO_KEY
        self._dialling[:, row] = 0
        self.listening[row] = True

    def free(self, row: int) -> None:
        """Stop listening to a leg; a key that is down is not reported to go up."""
        self.listening[row] = False
        self._state[PRESSED, row] = 0

    def held(self, rows: Places) -> Bools:
        """Whether a key is down now: bool[n]; what the others hear is muted by this."""
        down: Bools = self._state[PRESSED, rows] > 0
        return down

    def feed_samples(
        self, rows: Places, samples: NDArray[np.int16] | Floats
    ) -> list[KeyPressed | KeyReleased]:
        """Hear the next 20 ms of each row: int16 or float32 in 16-bit units [n, 160 or 320]."""
        spectra, energy = self._windows.analyse_samples(rows, samples)
        squares = np.square(spectra)
        powers = squares[:8]
        powers += squares[8:16]
        rest = energy - self._dial_tone(rows, squares[16:].sum(axis=0))
        low, high = powers[:4].max(axis=0), powers[4:].max(axis=0)
        heard = low + high > limits.SCREEN * rest
        heard &= np.minimum(low, high) > limits.LOWEST_LEVEL / 2
        events: list[KeyPressed | KeyReleased] = []
        for window in busy_windows(rows, spectra, heard, self._state[KEY]):
            columns = window.columns
            loudest = powers[:4, columns].argmax(axis=0) * 4 + powers[4:, columns].argmax(axis=0)
            loudest = np.where(heard[columns], loudest, NO_KEY)
            self._advance(_Heard(window, loudest, rest[columns]), events)
        return events

    def _dial_tone(self, rows: Places, power: Floats) -> Floats:
        """How much of the power in the band of dial tones is one: what was there before.

        Speech has power there too, but not as much for so long.
        """
        last, level = self._dialling[:, rows]
        now = power.reshape(2, len(rows)).sum(axis=0)
        # Over two ticks the beats of all dial tones are even.
        mean = (last + now) / 4
        pace = np.where(mean > level, limits.DIAL_TONE_RISE, limits.DIAL_TONE_FALL)
        pace[self._state[KEY, rows] >= 0] = 0
        self._dialling[0, rows] = now
        self._dialling[1, rows] = level + pace * (mean - level)
        least: Floats = np.minimum(power, np.tile(limits.DIAL_TONE_SWING * level, 2))
        return least

    def _advance(self, seen: _Heard, events: list[KeyPressed | KeyReleased]) -> None:
        """Take one window of the rows on which something like a key is heard or was."""
        rows = seen.window.rows
        state = self._state.take(rows, axis=1)
        phases = self._phases.take(rows, axis=1)
        _begin(state, phases, seen.loudest)
        there = _add(state, phases, seen)
        middle = self._windows.middles_ms(seen.window)
        down = _keys_down(state, phases, there)
        if len(down):
            started = middle[down] - (_hops(state[:, down]) - 0.5) * HOP_MS
            state[PRESSED, down] = 1
            self._started[rows[down]] = started
            for row, key, at in _listed(rows[down], state[KEY, down], started):
                events.append(KeyPressed(row, KEYPAD[int(key)], at))
        over = state[OFF] >= limits.LONGEST_BREAK
        if over.any():
            up = (over & (state[PRESSED] > 0)).nonzero()[0]
            started = self._started[rows[up]]
            lengths = middle[up] - (state[OFF, up] - 0.5) * HOP_MS - started
            for row, key, at, length in _listed(rows[up], state[KEY, up], started, lengths):
                events.append(KeyReleased(row, KEYPAD[int(key)], at, length))
            state[KEY, over] = NO_KEY
            state[PRESSED, over] = 0
        self._state[:, rows] = state
        self._phases[:, rows] = phases


def _begin(state: Floats, phases: Phases, loudest: Places) -> None:
    """Start anew where a pair is heard that is not the one of the row, unless a key is down."""
    key = state[KEY]
    begins = (loudest >= 0) & (state[PRESSED] == 0) & (key != loudest)
    if begins.any():
        state *= ~begins
        phases *= ~begins
        state[KEY] = np.where(begins, loudest, key)


def _add(state: Floats, phases: Phases, seen: _Heard) -> Bools:
    """Add one window to what is known of the key of each row; answer where it is heard."""
    pressed = state[PRESSED] > 0
    key = state[KEY].astype(np.intp)
    tones, now = seen.tones(key)
    amplitude = np.abs(now)
    same = key == seen.loudest
    loudness = np.maximum(state[AMPLITUDE], amplitude * (same & ~pressed))
    present = (amplitude / np.maximum(loudness, 1e-9)).min(axis=0)
    there: Bools = np.where(pressed, present >= limits.PRESENT, same)
    faded = np.maximum(amplitude, limits.FADING * loudness)
    state[AMPLITUDE] = np.where(pressed & there, faded, loudness)
    state[LENGTH] += amplitude * (there & (present > limits.ECHO))
    state[OFF] = np.where(there, 0, state[OFF] + 1 - present * pressed)

    # How far the phase turned since the last window, against a tone of the nominal frequency.
    # Where a break reaches into a window, its phase means nothing.
    now *= there & (present >= limits.PRESENT)
    turned = now * phases[LAST].conj() * NOMINAL_TURN.take(tones)
    phases[TURN] += turned
    phases[LAST] = now
    state[STEADY] += np.abs(turned)
    whole = np.square(amplitude) * inverse_response(_angle(phases[TURN]))
    pair = whole[0] + whole[1]
    pure: Bools = there & (pair > limits.PURE * seen.rest)
    pure &= seen.rest - pair < limits.REST * np.minimum(whole[0], whole[1])
    state[PURES] += pure
    return there


def _keys_down(state: Floats, phases: Phases, there: Bools) -> Places:
    """Places where what was heard so far is a key, and was not one before."""
    likely = there & (state[PRESSED] == 0) & (state[PURES] >= limits.PURE_WINDOWS)
    likely &= (state[LENGTH] >= limits.SHORTEST * state[AMPLITUDE]).all(axis=0)
    places: Places = likely.nonzero()[0]
    if len(places):
        places = places[_are_keys(state[:, places], phases[:, places])]
    return places


def _are_keys(state: Floats, phases: Phases) -> Bools:
    """Whether frequencies, steadiness, levels and twist are those of a key."""
    turn = _angle(phases[TURN])
    tones = TONES_OF_KEY.take(state[KEY].astype(np.intp), axis=1)
    sure = (np.abs(turn) < WIDEST_TURN.take(tones)).all(axis=0)
    sure &= (np.abs(phases[TURN]) > limits.COHERENT * state[STEADY]).all(axis=0)
    low, high = np.square(state[AMPLITUDE]) * inverse_response(turn)
    sure &= np.minimum(low, high) > limits.LOWEST_LEVEL
    sure &= (low < limits.LOW_STRONGER * high) & (high < limits.HIGH_STRONGER * low)
    answer: Bools = sure
    return answer


def _listed(*columns: NDArray[Any]) -> Iterator[tuple[Any, ...]]:
    """The columns as rows of Python numbers."""
    return zip(*(column.tolist() for column in columns), strict=True)


def _hops(state: Floats) -> Floats:
    """How many hops the tones have lasted, the window at hand being the last."""
    hops: Floats = (state[LENGTH] / state[AMPLITUDE]).mean(axis=0)
    return hops


def _angle(phases: Phases) -> Floats:
    angle: Floats = np.arctan2(phases.imag, phases.real)
    return angle
