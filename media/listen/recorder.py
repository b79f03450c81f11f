"""Recording: what legs say, from the tick's rows into files, without a wait.

A listener of the tick. Each recording has a ring of some seconds; the tick copies the frames of all
recordings into their rings by one expression, and counts length and silence as columns. A thread
(`recording_writer`) empties the rings twice a second. So starts and stops are exact to the sample,
a slow disk is felt only by the recording, and the tick never opens a file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from media.listen.recording_writer import (
    FinishedRecording,
    RecordingWriter,
    RingRecording,
    Why,
)
from media.signals.levels import power_of

Samples = NDArray[np.int16]
Index = NDArray[np.intp]

QUIET_DBM0 = -45.0
"A frame below this level is silence."

RING_FRAMES = 250
"5 s of 20 ms; a disk that stands still for longer ends the recording."

LONGEST_S = 24 * 3600.0
"No recording is longer, whatever was asked for."


class Recorder:
    """The recordings of one worker, at one sample rate."""

    def __init__(
        self,
        capacity: int,
        rate: int,
        muted: NDArray[np.bool_] | None = None,
        most: int = 512,
    ) -> None:
        """`capacity` is the number of rows of the tick, `most` that of recordings at a time.

        `muted` is the column of the rows that nobody hears: they are recorded as silence.
        """
        self.listening = np.zeros(capacity, dtype=np.bool_)
        "Which rows are recorded: a column."
        self.rate, self._frame = rate, rate // 50
        self._capacity = capacity
        self._muted = muted
        self._said = np.zeros((capacity + 1, self._frame), dtype=np.int16)
        self._sides = np.full((most, 2), capacity, dtype=np.intp)
        "The rows of left and right; `capacity`, a row of silence, where there is no right."
        self._rolling = np.zeros(most, dtype=np.bool_)
        self._paused = np.zeros(most, dtype=np.bool_)
        self._taken = np.zeros(most, dtype=np.int64)
        "Samples recorded."
        self._longest = np.zeros(most, dtype=np.int64)
        self._silent = np.zeros(most, dtype=np.int64)
        self._patience = np.zeros(most, dtype=np.int64)
        "Samples of silence that end the recording."
        self._flushed = np.zeros(most, dtype=np.int64)
        self._rings = np.zeros((most, 2, RING_FRAMES, self._frame), dtype=np.int16)
        self._free = list(range(most - 1, -1, -1))
        self._by_number: dict[int, RingRecording] = {}
        self._ended: deque[FinishedRecording] = deque()
        self._broken: deque[int] = deque()
        "Recordings whose files cannot be written, as the thread has found."
        self._writer = RecordingWriter(self)
        self._writer.start()

    # ---- between ticks ----------------------------------------------------------------------

    def start(
        self,
        number: int,
        path: str,
        kind: str,
        rows: Sequence[int],
        *,
        longest_s: float | None = None,
        silence_s: float | None = None,
    ) -> None:
        """Record one row, or two as left and right, from the next frame on.

        `number` names the recording. Raises ValueError when it cannot begin; what is wrong with the
        file comes with `FinishedRecording`.
        """
        if number in self._by_number:
            raise ValueError(f"recording {number} is running already")
        if len(rows) not in (1, 2):
            raise ValueError("a recording has one or two sides")
        if not self._free:
            raise ValueError("too many recordings at a time")
        slot = self._free.pop()
        self._sides[slot] = (*rows, self._capacity)[:2]
        self._rolling[slot], self._paused[slot] = True, False
        self._taken[slot] = self._flushed[slot] = self._silent[slot] = 0
        longest = LONGEST_S if longest_s is None else min(longest_s, LONGEST_S)
        self._longest[slot] = round(longest * self.rate)
        self._patience[slot] = round((silence_s or 2 * LONGEST_S) * self.rate)
        self._by_number[number] = RingRecording(number, slot, path, kind, len(rows))
        self._look()
        self._writer.begin(self._by_number[number])

    def stop(self, number: int, why: Why = Why.STOPPED) -> None:
        """End a recording after the frame that was heard last; unknown numbers are fine."""
        recording = self._by_number.get(number)
        if recording is not None:
            self._end(recording, why)

    def change(self, number: int, side: int, row: int | None) -> None:
        """Record another row as left (0) or right (1) from the next frame on; None is silence.

        Unknown numbers are fine.
        """
        recording = self._by_number.get(number)
        if recording is not None:
            self._sides[recording.slot, side] = self._capacity if row is None else row
            self._look()

    def pause(self, number: int, paused: bool = True) -> None:
        """Write nothing of a recording until it is resumed; raises KeyError."""
        slot = self._by_number[number].slot
        self._paused[slot] = paused
        self._silent[slot] = 0

    def finished(self) -> list[FinishedRecording]:
        """Return the recordings whose files were closed since the last call."""
        return [self._ended.popleft() for _ in range(len(self._ended))]

    def close(self) -> None:
        """End all recordings, wait for their files, and end the thread."""
        for number in list(self._by_number):
            self.stop(number)
        self._writer.finish()

    # ---- in the tick ------------------------------------------------------------------------

    def feed_samples(self, rows: Index, samples: Samples) -> Sequence[object]:
        """Take the next frame of the rows that are recorded, shape (n, frame).

        There is never anything to tell at once: ends come with `finished`, when files are closed.
        """
        self._said[rows] = samples
        if self._muted is not None and self._muted[rows].any():
            self._said[rows[self._muted[rows]]] = 0
        while self._broken:
            self.stop(self._broken.popleft(), Why.FAILED)
        slots = np.flatnonzero(self._rolling & ~self._paused)
        if len(slots):
            self._take(slots)
        return ()

    def _take(self, slots: Index) -> None:
        frames = self._said[self._sides[slots]]
        taken = self._taken[slots]
        self._rings[slots, :, taken // self._frame % RING_FRAMES] = frames
        power = np.einsum("rcs,rcs->rc", frames, frames, dtype=np.float32).max(axis=1)
        quiet = power < power_of(QUIET_DBM0) * self._frame
        self._silent[slots] = np.where(quiet, self._silent[slots] + self._frame, 0)
        self._taken[slots] = np.minimum(taken + self._frame, self._longest[slots])

        longest = self._taken[slots] >= self._longest[slots]
        silent = self._silent[slots] >= self._patience[slots]
        stuck = self._taken[slots] - self._flushed[slots] > (RING_FRAMES - 1) * self._frame
        for number in np.flatnonzero(longest | silent | stuck).tolist():
            recording = self._in_slot(int(slots[number]))
            if stuck[number]:
                recording.error = "the disk is too slow"
            why = Why.LONGEST if longest[number] else Why.SILENCE
            self._end(recording, Why.FAILED if stuck[number] else why)

    def _in_slot(self, slot: int) -> RingRecording:
        return next(one for one in self._by_number.values() if one.slot == slot)

    def _end(self, recording: RingRecording, why: Why) -> None:
        slot = recording.slot
        self._rolling[slot] = False
        recording.why = why
        recording.last = int(self._taken[slot])
        del self._by_number[recording.number]
        self._look()
        self._writer.wake()

    def _look(self) -> None:
        """Bring `listening` up to date."""
        self.listening[:] = False
        sides = self._sides[self._rolling].ravel()
        self.listening[sides[sides < self._capacity]] = True

    # ---- for the writing thread -------------------------------------------------------------

    def taken(self, recording: RingRecording) -> int:
        """Return how many samples a recording has; they are in the ring already."""
        return recording.last if recording.last is not None else int(self._taken[recording.slot])

    def copied(self, recording: RingRecording, end: int) -> Samples:
        """Return the samples of the ring up to `end`, shape (n, channels)."""
        ring = self._rings[recording.slot, : recording.channels].reshape(recording.channels, -1)
        at = np.arange(recording.flushed, end) % ring.shape[1]
        return np.ascontiguousarray(ring[:, at].T)

    def flushed(self, recording: RingRecording) -> None:
        """Learn that the ring has room again."""
        self._flushed[recording.slot] = recording.flushed

    def broken(self, recording: RingRecording) -> None:
        """Learn that the file cannot be written; the tick ends the recording."""
        self._broken.append(recording.number)

    def over(self, recording: RingRecording, ended: FinishedRecording) -> None:
        """Learn that the file is closed."""
        self._free.append(recording.slot)
        self._ended.append(ended)
