"""Tones for many legs at once: rendered once, then read by position (levels: ITU-T G.711).

A tone becomes a wave, 16-bit samples whose part that repeats closes exactly upon itself, so that
playing it is copying 160 samples from a place that every leg keeps for itself. All waves
lie in one array, and the tick is one indexing of its sliding windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from media.signals.levels import peak_of
from media.signals.tone_table import Burst, Tone

RAMP_MS = 1.0
"Length of the ramps at both ends of a burst; without them its edges click."

POOL_LIMIT = 1 << 23
"Samples of all waves together (16 MB); beyond it those that no row plays are dropped."

SHORTEST_LOOP = 800
"Shorter loops are repeated to this length, so that a frame never wraps twice."

FOREVER = np.iinfo(np.int64).max // 2
"Samples left of a tone without end."


class Wave(NamedTuple):
    """A tone as samples; from `loop` on they repeat, unless `loop` is the length."""

    samples: NDArray[np.int16]
    loop: int


class ToneEnd(NamedTuple):
    """A tone came to its end."""

    row: int
    "The leg's row; it is free for another tone."
    sample: int
    "Place in the frame just made behind the last sample of the tone, 0 to 160 (320 at 16 kHz)."


def samples_of(milliseconds: float, rate: int) -> int:
    """Whole samples of a time."""
    return round(milliseconds * rate / 1000.0)


def render(tone: Tone, rate: int = 8000) -> Wave:
    """Turn a tone into samples; every burst begins and ends on its own sample, in phase 0.

    Raises ValueError when a burst without end is not the last, or when the part that repeats has
    no length.
    """
    pieces: list[NDArray[np.int16]] = []
    loop: int | None = None
    length = 0
    for place, burst in enumerate(tone.bursts):
        if place == tone.again_from:
            loop = length
        if burst.milliseconds is None:
            if place != len(tone.bursts) - 1:
                raise ValueError("a burst without end must be the last one")
            loop = length
            pieces.append(_endless(burst, rate))
        else:
            pieces.append(_limited(burst, samples_of(burst.milliseconds, rate), rate))
        length += len(pieces[-1])
    if loop == length:
        raise ValueError("the part of a tone that repeats has no length")
    return Wave(_lengthen(np.concatenate(pieces), loop), length if loop is None else loop)


def _lengthen(samples: NDArray[np.int16], loop: int | None) -> NDArray[np.int16]:
    """Repeat a short loop until it is longer than a frame."""
    if loop is None or len(samples) - loop >= SHORTEST_LOOP:
        return samples
    times = -(-SHORTEST_LOOP // (len(samples) - loop))
    return np.concatenate((samples[:loop], np.tile(samples[loop:], times)))


def _limited(burst: Burst, length: int, rate: int) -> NDArray[np.int16]:
    """A burst of so many samples, ramps included."""
    sound = _sound(burst, np.arange(length), rate)
    ramp = min(samples_of(RAMP_MS, rate), length // 2)
    if ramp and burst.partials:
        rise = ramp_up(ramp)
        sound[:ramp] *= rise
        sound[length - ramp :] *= rise[::-1]
    return _to_int16(sound)


def _endless(burst: Burst, rate: int) -> NDArray[np.int16]:
    """The shortest piece of a burst that can be repeated without a seam, without ramps."""
    frequencies = [frequency for frequency, _ in burst.partials] + [burst.modulation]
    cycles = [Fraction(round(frequency * 10), 10 * rate) for frequency in frequencies]
    period = lcm(*(cycle.denominator for cycle in cycles))
    return _to_int16(_sound(burst, np.arange(period), rate))


def _sound(burst: Burst, n: NDArray[np.int64], rate: int) -> NDArray[np.float64]:
    """Sum of the sines at the samples `n`; modulation is full and keeps the level."""
    total = np.zeros(len(n))
    for frequency, level in burst.partials:
        cycles = np.round(frequency, 1) * n / rate
        total += peak_of(level) * np.sin(2 * np.pi * cycles)
    if burst.modulation:
        cycles = np.round(burst.modulation, 1) * n / rate
        # 1 - cos has a mean square of 1.5.
        total *= (1 - np.cos(2 * np.pi * cycles)) / np.sqrt(1.5)
    return total


def ramp_up(length: int) -> NDArray[np.float64]:
    """Half a raised cosine from 0 towards 1."""
    return 0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)


def _to_int16(sound: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


@dataclass(slots=True)
class _Placed:
    """Where a wave lies in the pool."""

    begin: int
    end: int
    loop: int


class ToneSource:
    """One tone a row, for as many rows as there are legs.

    A wave lies in the pool between a frame of silence and a frame of what follows it, its loop or
    silence: so any window that begins less than a frame before it or before its end is right.
    """

    def __init__(self, capacity: int, rate: int = 8000) -> None:
        """Rows 0 to `capacity` - 1, none playing; `rate` is 8000 or 16000 samples a second."""
        self.rate = rate
        self.frame = rate // 50
        self.playing = np.zeros(capacity, np.bool_)
        self._ramp = ramp_up(samples_of(RAMP_MS, rate))[::-1]
        self._position = np.zeros(capacity, np.int64)
        self._end = np.zeros(capacity, np.int64)
        self._loop = np.zeros(capacity, np.int64)
        self._left = np.zeros(capacity, np.int64)
        self._tones: dict[int, Tone] = {}
        self._placed: dict[Tone, _Placed] = {}
        self._used = 0
        self._pool = np.zeros(self.frame, np.int16)
        self._windows = np.lib.stride_tricks.sliding_window_view(self._pool, self.frame)

    def start(self, row: int, tone: Tone, *, delay: int = 0, length: int | None = None) -> None:
        """Play a tone from sample `delay` (0 to a frame) of the next frame on.

        `length` in samples ends it early, with a ramp; a tone that the row plays is replaced.
        """
        if not 0 <= delay <= self.frame:
            raise ValueError(f"a tone starts within the next frame, not {delay} samples later")
        placed = self._placed.get(tone) or self._place(tone)
        self._tones[row] = tone
        self._position[row] = placed.begin - delay
        self._end[row] = placed.end
        self._loop[row] = placed.end - placed.loop
        whole = FOREVER if placed.loop < placed.end else placed.end - placed.begin
        self._left[row] = delay + min(whole, FOREVER if length is None else length)
        self.playing[row] = True

    def stop(self, row: int, *, delay: int = 0) -> None:
        """End the row's tone at sample `delay` of the next frame, with a ramp behind it."""
        if self.playing[row]:
            ramp = len(self._ramp)
            self._left[row] = min(int(self._left[row]), delay + ramp)

    def free(self, row: int) -> None:
        """Forget the row's tone at once."""
        self.playing[row] = False
        self._tones.pop(row, None)

    def take_frames(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.int16], list[ToneEnd]]:
        """Next frame of each of the rows, all of them playing: int16[n, 160] (320 at 16 kHz).

        Tones that end within it are reported and their rows freed.
        """
        position = self._position[rows]
        samples = self._windows[position]
        position += self.frame
        position -= np.where(position >= self._end[rows], self._loop[rows], 0)
        self._position[rows] = position
        left = self._left[rows] - self.frame
        self._left[rows] = left
        ended: list[ToneEnd] = []
        for place in np.flatnonzero(left < len(self._ramp)):
            row = int(rows[place])
            last = int(left[place]) + self.frame
            self._cut(row, samples[place], last)
            if last <= self.frame:
                ended.append(ToneEnd(row, last))
                self.free(row)
        return samples, ended

    def _cut(self, row: int, samples: NDArray[np.int16], last: int) -> None:
        """End a frame at sample `last`: silence behind it and, where sound is cut off, a ramp.

        The ramp may reach into the next frame; then `last` is larger than the frame.
        """
        samples[last:] = 0
        if self._loop[row] or self._end[row] > self._position[row] - self.frame + last:
            begin = last - len(self._ramp)
            tail = samples[max(begin, 0) : last]
            skipped = max(-begin, 0)
            tail[:] = np.rint(tail * self._ramp[skipped : skipped + len(tail)])

    def _place(self, tone: Tone) -> _Placed:
        """Render a tone into the pool."""
        wave = render(tone, self.rate)
        if self._used + len(wave.samples) > POOL_LIMIT:
            self._drop_unused()
        return self._append(tone, wave)

    def _append(self, tone: Tone, wave: Wave) -> _Placed:
        """Lay a wave behind the last one, with the frames around it."""
        length = len(wave.samples)
        begin = self._used + self.frame
        needed = begin + length + self.frame
        if needed > len(self._pool):
            self._resize(max(needed, 2 * len(self._pool)))
        end = begin + length
        self._pool[begin:end] = wave.samples
        follows = wave.samples[wave.loop :][: self.frame]
        self._pool[end : end + self.frame] = 0
        self._pool[end : end + len(follows)] = follows
        self._used = needed
        placed = self._placed[tone] = _Placed(begin, end, begin + wave.loop)
        return placed

    def _resize(self, length: int) -> None:
        pool = np.zeros(length, np.int16)
        pool[: self._used] = self._pool[: self._used]
        self._pool = pool
        self._windows = np.lib.stride_tricks.sliding_window_view(pool, self.frame)

    def _drop_unused(self) -> None:
        """Begin a new pool with the waves that rows are playing, and move those rows to it."""
        old_pool, old = self._pool, self._placed
        rows_of: dict[Tone, list[int]] = {}
        for row, tone in self._tones.items():
            rows_of.setdefault(tone, []).append(row)
        self._placed, self._used = {}, 0
        self._pool = np.zeros(self.frame, np.int16)
        for tone, rows in rows_of.items():
            was = old[tone]
            wave = Wave(old_pool[was.begin : was.end], was.loop - was.begin)
            moved = self._append(tone, wave).begin - was.begin
            self._position[rows] += moved
            self._end[rows] += moved
