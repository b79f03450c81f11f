"""Rows whose keys are kept from the room: they are heard later, and are silent where a key was.

A stage of the tick. That a sound is a key is certain only when some of it has passed (ITU-T Q.24: a
key may be as short as 40 ms). So frames of these rows wait for as long, and when a key is found,
those that wait are silenced, too.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]

WAITING = 3
"Frames that wait: 60 ms. A key is certain at the latest in the third frame that holds some of it."

TAIL = 4
"""Frames that stay silent when a key is up again: where it came as an event (RFC 4733), its sound
may still wait in the jitter buffer."""


class PrivateKeys:
    """The voices of private rows, at one sample rate."""

    def __init__(self, capacity: int, frame: int) -> None:
        """Rows 0 to `capacity` - 1; `frame` is the number of samples in a tick."""
        self._waiting = np.zeros((capacity, WAITING, frame), np.int16)
        self._tail = np.zeros(capacity, np.int8)

    def reset(self, row: int) -> None:
        """Let a row begin with silence."""
        self._waiting[row] = 0
        self._tail[row] = 0

    def pass_on(self, rows: Rows, frames: Samples, down: Flags) -> Samples:
        """Take the frames of rows, and whether a key is down on each; return earlier ones."""
        tail = np.where(down, TAIL, np.maximum(self._tail[rows] - 1, 0))
        self._tail[rows] = tail
        waiting = np.concatenate((self._waiting[rows], frames[:, None]), axis=1)
        waiting[tail > 0] = 0
        self._waiting[rows] = waiting[:, 1:]
        return waiting[:, 0]
