"""Between packets of any length and ticks of 20 ms: a queue of samples for each row.

A stage of the tick, for rows whose packets are not 20 ms long (RFC 3551 section 4.2 allows 10 to
60 ms and more). Coming in, frames of any length are put and 20 ms are taken each tick; going out,
20 ms are put and a packet is taken when there is enough for one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int16]
Index = NDArray[np.integer]

CAPACITY = 4096
"Samples that a row can hold: 256 ms of 16 kHz, two packets of 120 ms. A power of two."


class SampleQueue:
    """One queue of samples a row; all of them are filled and emptied by single expressions."""

    def __init__(self, capacity: int) -> None:
        self._samples = np.zeros((capacity, CAPACITY), dtype=np.int16)
        self._head = np.zeros(capacity, dtype=np.int64)
        self._tail = np.zeros(capacity, dtype=np.int64)

    def reset(self, row: int) -> None:
        """Empty a row, for its next use."""
        self._head[row] = self._tail[row] = 0

    def level(self, rows: Index) -> NDArray[np.int64]:
        """Return how many samples wait in each row."""
        return self._tail[rows] - self._head[rows]

    def put_samples(self, rows: Index, frames: Rows) -> None:
        """Append (n, samples); a row that would overflow loses its oldest samples."""
        count = frames.shape[1]
        at = (self._tail[rows, None] + np.arange(count)) % CAPACITY
        self._samples[rows[:, None], at] = frames
        self._tail[rows] += count
        self._head[rows] = np.maximum(self._head[rows], self._tail[rows] - CAPACITY)

    def take_samples(self, rows: Index, samples: int) -> Rows:
        """Return (n, samples); what a row does not have is silence at the end."""
        reach = np.arange(samples)
        head = self._head[rows]
        frames: Rows = self._samples[rows[:, None], (head[:, None] + reach) % CAPACITY]
        level = self._tail[rows] - head
        short = level < samples
        if short.any():
            frames[short] *= reach < level[short, None]
        self._head[rows] = head + np.minimum(level, samples)
        return frames
