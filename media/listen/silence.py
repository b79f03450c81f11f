"""Silence and sound on many legs at once, by the power of each 20 ms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from media.listen.heard import SilenceHeard, SoundHeard
from media.signals.levels import mean_square, power_of

FRAME_MS = 20.0

LEVEL = -42.0
"dBm0 below which a frame is silent where the claim says nothing else."

LEAST_MS = 2000.0
"Silence that is told of where the claim says nothing else."

SOUND_MS = 40.0
"Shorter sounds are clicks, and end no silence."


class SilenceListener:
    """Listens for silence on any of a number of rows.

    Time of a row begins with its `claim`, and goes on with each `feed_samples` of the row. A row
    counts as silent at first: a leg that never says anything is told of too.
    """

    def __init__(self, capacity: int) -> None:
        """Rows 0 to `capacity` - 1, at any sample rate."""
        self.listening = np.zeros(capacity, np.bool_)
        "Which rows are claimed: a column."
        self._threshold = np.zeros(capacity)
        self._least = np.zeros(capacity)
        self._now = np.zeros(capacity)
        self._silent = np.zeros(capacity)
        "When the silence began that lasts."
        self._loud = np.zeros(capacity)
        "Length of the sound that lasts, in ms."
        self._told = np.zeros(capacity, np.bool_)
        "Whether the silence was told of."

    def claim(self, row: int, least_ms: float = LEAST_MS, level: float = LEVEL) -> None:
        """Begin to listen to a leg for silences of so many ms below so many dBm0."""
        self._threshold[row] = power_of(level)
        self._least[row] = least_ms
        self._now[row] = self._silent[row] = self._loud[row] = 0
        self._told[row] = False
        self.listening[row] = True

    def free(self, row: int) -> None:
        """Stop listening to a leg."""
        self.listening[row] = False

    def feed_samples(
        self, rows: NDArray[np.intp], samples: NDArray[np.int16] | NDArray[np.float32]
    ) -> list[SilenceHeard | SoundHeard]:
        """Hear the next 20 ms of each row: int16 or float32 in 16-bit units [n, any]."""
        loud = mean_square(samples) > self._threshold[rows]
        now = self._now[rows] + FRAME_MS
        length = np.where(loud, self._loud[rows] + FRAME_MS, 0)
        sound = length >= SOUND_MS
        since = np.where(sound, now, self._silent[rows])
        told = self._told[rows]
        ends, begins = sound & told, ~told & (now - since >= self._least[rows])
        self._now[rows], self._loud[rows], self._silent[rows] = now, length, since
        self._told[rows] = (told | begins) & ~ends
        events: list[SilenceHeard | SoundHeard] = [
            SilenceHeard(int(rows[place]), float(since[place])) for place in begins.nonzero()[0]
        ]
        for place in ends.nonzero()[0]:
            events.append(SoundHeard(int(rows[place]), float(now[place] - length[place])))
        return events
