"""Transit times of the packets of each row, and how long packets should wait (20-200 ms).

A part of the jitter buffer. `_base` is the shortest transit time of late (by our clock, so with an
unknown constant in it). `_spread` is a peak detector over how much later than that packets come: it
grows by half of what is missing with each packet that is late, and forgets
within about ten seconds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.integer]
Seconds = NDArray[np.float64]

SHORTEST_S = 0.020
LONGEST_S = 0.200
START_S = 0.050
"The delay of a row about which nothing is known yet."

ATTACK = 0.5
"Part of a late packet's lateness that the spread grows by at once."

DECAY = 0.002
"Part of the difference that the spread loses with each punctual packet."

WINDOW = 64
"Packets after which the base is raised to the fastest of them: slow clocks, longer routes."


class TransitTimes:
    """What is known of the network of each row; times in seconds."""

    def __init__(self, capacity: int) -> None:
        self._base = np.zeros(capacity)
        self._spread = np.full(capacity, START_S)
        self._fastest = np.full(capacity, np.inf)
        self._window = np.zeros(capacity, np.int64)

    def reset(self, row: int) -> None:
        """Know nothing of a row, for its next use."""
        self._spread[row] = START_S

    def begin(self, rows: Index, transits: Seconds) -> None:
        """Begin new streams with a packet each; how late packets may be is still known."""
        self._base[rows] = transits
        self._fastest[rows] = np.inf
        self._window[rows] = 0

    def beyond(self, rows: Index, transits: Seconds) -> Seconds:
        """Return by how much the transit times of these packets exceed the shortest."""
        return transits - self._base[rows]

    def measure(self, rows: Index, transits: Seconds) -> None:
        """Learn from a packet of each row."""
        base = np.minimum(self._base[rows], transits)
        excess, spread = transits - base, self._spread[rows]
        spread += (excess - spread) * np.where(excess > spread, ATTACK, DECAY)
        fastest = np.minimum(self._fastest[rows], transits)
        full = self._window[rows] >= WINDOW
        raised = np.where(full, fastest - base, 0.0)
        self._base[rows] = base + raised
        self._spread[rows] = np.maximum(spread - raised, 0.0)
        self._fastest[rows] = np.where(full, np.inf, fastest)
        self._window[rows] = np.where(full, 0, self._window[rows] + 1)

    def wait(self, rows: Index) -> Seconds:
        """Return how long packets of each row should wait, counted from the fastest."""
        wait: Seconds = np.minimum(np.maximum(self._spread[rows], SHORTEST_S), LONGEST_S)
        return wait
