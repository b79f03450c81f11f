"""Packet-loss concealment for all rows at once, after the model of ITU-T G.711 appendix I.

A stage of the tick. A missing frame is made of the last pitch period, repeated; from 10 ms on it
fades, after 60 ms there is silence. When real audio comes again, it is blended in. The pitch is the
lag of the best normalised correlation of the last 20 ms with what was before them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int16]
Index = NDArray[np.integer]

HISTORY_MS = 50
MATCH_MS = 20
"How much of the past is compared with what was a lag before it."

SHORTEST_PITCH_MS, LONGEST_PITCH_MS = 5, 15
"66 to 200 Hz; a higher voice is found at a multiple of its period."

STEADY_MS = 10
"Full level this long."

SILENT_MS = 60
"Silence from here on; the fade is a straight line."

BLEND_MS = 5
"Overlap with real audio after one missing frame; twice that after more."


class Concealment:
    """The recent past of all rows at one sample rate, and what is being made up from it."""

    def __init__(self, capacity: int, rate: int) -> None:
        self._per_ms = rate // 1000
        self._history = np.zeros((capacity, HISTORY_MS * self._per_ms), dtype=np.int16)
        self._missing = np.zeros(capacity, dtype=np.int64)
        self._period = np.zeros((capacity, LONGEST_PITCH_MS * self._per_ms), dtype=np.float32)
        self._lag = np.ones(capacity, dtype=np.intp)

    def reset(self, row: int) -> None:
        """Forget a row, for its next use."""
        self._history[row] = 0
        self._missing[row] = 0

    def repair(self, rows: Index, frames: Rows, missing: NDArray[np.bool_]) -> Rows:
        """Return frames without holes, shape (n, samples).

        `missing`, shape (n,), says which frames are holes; what stands in those does not matter.
        It must see every frame of a row, at most 60 ms long, because it learns from them.
        """
        back = ~missing & (self._missing[rows] > 0)
        if missing.any() or back.any():
            frames = frames.copy()
        if missing.any():
            frames[missing] = self._make_up(rows[missing], frames.shape[1])
        if back.any():
            frames[back] = self._blend(rows[back], frames[back])
        self._remember(rows, frames)
        return frames

    def _remember(self, rows: Index, frames: Rows) -> None:
        size, length = self._history.shape[1], frames.shape[1]
        if length >= size:
            self._history[rows] = frames[:, -size:]
        else:
            self._history[rows, : size - length] = self._history[rows, length:]
            self._history[rows, size - length :] = frames

    def _make_up(self, rows: Index, samples: int) -> Rows:
        fresh = rows[self._missing[rows] == 0]
        if len(fresh):
            self._find_periods(fresh)
        made_up = self._continue(rows, samples)
        self._missing[rows] += samples
        return made_up

    def _continue(self, rows: Index, samples: int) -> Rows:
        """Return how the made-up sound goes on, without moving on."""
        at = self._missing[rows, None] + np.arange(samples)
        sound = self._period[rows[:, None], at % self._lag[rows, None]]
        steady, silent = STEADY_MS * self._per_ms, SILENT_MS * self._per_ms
        gain = np.clip((silent - at) / (silent - steady), 0.0, 1.0)
        return np.asarray(sound * gain, dtype=np.int16)

    def _blend(self, rows: Index, frames: Rows) -> Rows:
        longer = self._missing[rows] > frames.shape[1]
        length = min(2 * BLEND_MS * self._per_ms, frames.shape[1])
        tail = self._continue(rows, length)
        span = np.where(longer, length, length // 2)[:, None]
        weight = np.minimum(np.arange(1, length + 1) / span, 1.0)
        frames[:, :length] = frames[:, :length] * weight + tail * (1.0 - weight)
        self._missing[rows] = 0
        return frames

    def _find_periods(self, rows: Index) -> None:
        """Find the pitch of rows and cut out their last period, ready to be repeated."""
        past = self._history[rows].astype(np.float32)
        lag = self._best_lag(past)
        self._lag[rows] = lag
        size, longest = past.shape[1], self._period.shape[1]
        at = np.arange(longest)
        start = size - lag[:, None]
        period = np.take_along_axis(past, np.minimum(start + at, size - 1), axis=1)
        # The last quarter turns into what stood before the first sample: a smooth seam.
        before = np.take_along_axis(past, np.minimum(start - lag[:, None] + at, size - 1), axis=1)
        quarter = np.maximum(lag // 4, 1)[:, None]
        weight = np.clip((at - (lag[:, None] - quarter) + 1) / (quarter + 1), 0.0, 1.0)
        self._period[rows] = period * (1.0 - weight) + before * weight

    def _best_lag(self, past: NDArray[np.float32]) -> NDArray[np.intp]:
        shortest, longest = SHORTEST_PITCH_MS * self._per_ms, LONGEST_PITCH_MS * self._per_ms
        match = MATCH_MS * self._per_ms
        latest = past[:, -match:]
        # Window k begins `longest - k` samples before the latest stretch.
        windows = np.lib.stride_tricks.sliding_window_view(
            past[:, -match - longest : past.shape[1] - shortest], match, axis=1
        )
        product = np.einsum("rkm,rm->rk", windows, latest)
        energy = np.einsum("rkm,rkm->rk", windows, windows)
        likeness = product / np.sqrt(energy + 1.0)
        return np.asarray(longest - np.argmax(likeness, axis=1))
