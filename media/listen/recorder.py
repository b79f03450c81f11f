"""Recording: what legs say, from the tick's rows into files, without a wait.

A listener of the tick. Each recording has a ring of some seconds; the tick copies the frames of all
recordings into their rings by one expression, and counts length and silence as columns. A thread
empties the rings twice a second. So starts and stops are exact to the sample, a slow disk is felt
only by the recording, and the tick never opens a file.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from media.listen.recording_file import RecordingFile, create
from media.signals.levels import power_of

Samples = NDArray[np.int16]
Index = NDArray[np.intp]

QUIET_DBM0 = -45.0
"A frame below this level is silence."

RING_FRAMES = 250
"5 s of 20 ms; a disk that stands still for longer ends the recording."

WRITE_EVERY_S = 0.5

LONGEST_S = 24 * 3600.0
"No recording is longer, whatever was asked for."


class Why(StrEnum):
    """What ended a recording."""

    STOPPED = "stopped"
    "It was asked for."
    LONGEST = "longest duration"
    SILENCE = "silence"
    DIGIT = "finish digit"
    HANGUP = "hangup"
    FAILED = "failed"
    "The file could not be written; the error says why."


@dataclass(frozen=True, slots=True)
class FinishedRecording:
    """A recording that ended; its file is closed."""

    number: int
    path: str
    why: Why
    samples: int
    "Of one channel."
    error: str | None


class _Recording:
    """What the writing thread knows about one recording."""

    def __init__(self, number: int, slot: int, path: str, kind: str, channels: int) -> None:
        self.number, self.slot, self.path, self.kind = number, slot, path, kind
        self.channels = channels
        self.file: RecordingFile | None = None
        self.flushed = 0
        "Samples that left the ring."
        self.last: int | None = None
        "Samples that there will be in all, once that is known."
        self.why = Why.STOPPED
        self.error: str | None = None


class Recorder:
    """The recordings of one worker, at one sample rate."""

    def __init__(self, capacity: int, rate: int, most: int = 512) -> None:
        """`capacity` is the number of rows of the tick, `most` that of recordings at a time."""
        self.listening = np.zeros(capacity, dtype=np.bool_)
        "Which rows are recorded: a column."
        self.rate, self._frame = rate, rate // 50
        self._capacity = capacity
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
        self._by_number: dict[int, _Recording] = {}
        self._ended: deque[FinishedRecording] = deque()
        self._broken: deque[int] = deque()
        "Recordings whose files cannot be written, as the thread has found."
        self._writer = _Writer(self)
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
        self._by_number[number] = _Recording(number, slot, path, kind, len(rows))
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

    def _in_slot(self, slot: int) -> _Recording:
        return next(one for one in self._by_number.values() if one.slot == slot)

    def _end(self, recording: _Recording, why: Why) -> None:
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

    def taken(self, recording: _Recording) -> int:
        """Return how many samples a recording has; they are in the ring already."""
        return recording.last if recording.last is not None else int(self._taken[recording.slot])

    def copied(self, recording: _Recording, end: int) -> Samples:
        """Return the samples of the ring up to `end`, shape (n, channels)."""
        ring = self._rings[recording.slot, : recording.channels].reshape(recording.channels, -1)
        at = np.arange(recording.flushed, end) % ring.shape[1]
        return np.ascontiguousarray(ring[:, at].T)

    def flushed(self, recording: _Recording) -> None:
        """Learn that the ring has room again."""
        self._flushed[recording.slot] = recording.flushed

    def broken(self, recording: _Recording) -> None:
        """Learn that the file cannot be written; the tick ends the recording."""
        self._broken.append(recording.number)

    def over(self, recording: _Recording, ended: FinishedRecording) -> None:
        """Learn that the file is closed."""
        self._free.append(recording.slot)
        self._ended.append(ended)


class _Writer(threading.Thread):
    """Takes samples out of the rings and writes them."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(name="recordings", daemon=True)
        self._recorder = recorder
        self._recordings: list[_Recording] = []
        self._wake = threading.Condition()
        self._woken = self._finishing = False

    def begin(self, recording: _Recording) -> None:
        """Take a recording over."""
        with self._wake:
            self._recordings.append(recording)
            self._wake.notify()

    def wake(self) -> None:
        """Look at the rings now."""
        with self._wake:
            self._woken = True
            self._wake.notify()

    def finish(self) -> None:
        """Write the rest and end the thread."""
        with self._wake:
            self._finishing = True
            self._wake.notify()
        self.join()

    def run(self) -> None:
        """Work until `finish`."""
        while True:
            with self._wake:
                if not (self._woken or self._finishing):
                    self._wake.wait(WRITE_EVERY_S if self._recordings else None)
                self._woken = False
                finishing, recordings = self._finishing, list(self._recordings)
            over = [recording for recording in recordings if self._advance(recording)]
            with self._wake:
                self._recordings = [one for one in self._recordings if one not in over]
            if finishing:
                return

    def _advance(self, recording: _Recording) -> bool:
        """Write what is new; return whether that was the end."""
        last = recording.last
        if recording.error is None:
            try:
                self._write(recording)
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                recording.error = f"{recording.path}: {reason.lower()}"
                self._recorder.broken(recording)
        if last is None:
            return False
        self._close(recording)
        why = Why.FAILED if recording.error else recording.why
        self._recorder.over(
            recording,
            FinishedRecording(
                recording.number, recording.path, why, recording.flushed, recording.error
            ),
        )
        return True

    def _write(self, recording: _Recording) -> None:
        recorder = self._recorder
        if recording.file is None:
            recording.file = create(
                recording.path, recording.kind, recorder.rate, recording.channels
            )
        end = recorder.taken(recording)
        if end > recording.flushed:
            recording.file.write(recorder.copied(recording, end))
            recording.flushed = end
            recorder.flushed(recording)

    def _close(self, recording: _Recording) -> None:
        if recording.file is None:
            return
        try:
            recording.file.close()
        except OSError as error:
            recording.error = recording.error or f"{recording.path}: {error}"
