"""The thread that writes recordings: it empties the recorder's rings into files twice a second."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from media.listen.recording_file import RecordingFile, create

Samples = NDArray[np.int16]

WRITE_EVERY_S = 0.5


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


class RingRecording:
    """What the writing thread knows of one recording."""

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


class RecordingRings(Protocol):
    """The recorder, as far as the thread knows it."""

    rate: int
    "Samples a second."

    def taken(self, recording: RingRecording) -> int:
        """Return how many samples a recording has."""

    def copied(self, recording: RingRecording, end: int) -> Samples:
        """Return the samples that are not written yet up to `end`, shape (n, channels)."""

    def flushed(self, recording: RingRecording) -> None:
        """Learn that the ring has room again."""

    def broken(self, recording: RingRecording) -> None:
        """Learn that the file cannot be written."""

    def over(self, recording: RingRecording, ended: FinishedRecording) -> None:
        """Learn that the file is closed."""


class RecordingWriter(threading.Thread):
    """Takes samples out of the rings and writes them."""

    def __init__(self, recorder: RecordingRings) -> None:
        super().__init__(name="recordings", daemon=True)
        self._recorder = recorder
        self._recordings: list[RingRecording] = []
        self._wake = threading.Condition()
        self._woken = self._finishing = False

    def begin(self, recording: RingRecording) -> None:
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

    def _advance(self, recording: RingRecording) -> bool:
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

    def _write(self, recording: RingRecording) -> None:
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

    def _close(self, recording: RingRecording) -> None:
        if recording.file is None:
            return
        try:
            recording.file.close()
        except OSError as error:
            recording.error = recording.error or f"{recording.path}: {error}"
