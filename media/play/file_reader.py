"""The threads that read audio files for the tick: short files are kept decoded, long ones streamed.

A file of up to 30 s is decoded as a whole and kept for a while (`media/speech/kept_sounds`); a
longer one goes piece by piece into a sink that the tick empties.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from media.play.audio_file import AudioFile, AudioFileError, FileId, regular_file
from media.speech.kept_sounds import KeptSounds

_log = logging.getLogger(__name__)

Samples = NDArray[np.int16]

SHORT_S = 30.0
"A file of at most this length is decoded as a whole and kept."

LOOK_AGAIN_S = 0.05
"How often a full sink is looked at again; sinks hold seconds."


@dataclass(frozen=True, slots=True)
class ShortFile:
    """A file that was decoded as a whole."""

    identity: FileId
    rate: int
    samples: Samples


@dataclass(frozen=True, slots=True)
class LongFile:
    """A file that is to be streamed with `AudioFiles.stream`."""

    path: str
    rate: int
    seconds: float | None


class Sink(Protocol):
    """The samples of a long file: a bounded ring that the tick empties."""

    def room(self) -> int:
        """Return how many samples it takes now; -1: it does not want any more."""

    def write(self, samples: Samples) -> None:
        """Take samples, at most `room()`."""

    def end(self, error: str | None) -> None:
        """Learn that no more will come, and why if it is not the end of the file."""


Ready = Callable[["ShortFile | LongFile | AudioFileError"], None]


class ReadProgress(Enum):
    """The result of a stream's turn."""

    MOVED = "moved"
    FULL = "full"
    "The sink has no room."
    OVER = "over"


class _Streaming:
    """A long file on its way into its sink."""

    def __init__(self, file: LongFile, repeat: bool, sink: Sink) -> None:
        self._what, self._repeat, self._sink = file, repeat, sink
        self._file: AudioFile | None = None
        self._left = np.zeros(0, np.int16)

    def advance(self) -> ReadProgress:
        """Move on by at most one block."""
        try:
            return self._advance()
        except AudioFileError as error:
            return self._finish(str(error))
        except Exception:  # a fault in a decoder must not end the thread
            _log.exception("decoding failed")
            return self._finish(f"{self._what.path}: cannot be decoded")

    def _advance(self) -> ReadProgress:
        room = self._sink.room()
        if room < 0:
            return self._finish(None)
        if room == 0:
            return ReadProgress.FULL
        if self._file is None:
            self._file = AudioFile(self._what.path, self._what.rate)
        if not len(self._left):
            self._left = self._file.read()
        if not len(self._left):
            if not self._repeat:
                return self._finish(None)
            self._file.rewind()
        self._sink.write(self._left[:room])
        self._left = self._left[room:]
        return ReadProgress.MOVED

    def _finish(self, error: str | None) -> ReadProgress:
        if self._file is not None:
            self._file.close()
        self._sink.end(error)
        return ReadProgress.OVER


class _FileReader(threading.Thread):
    """One thread: jobs first, then a block for every stream that has room."""

    def __init__(self, number: int) -> None:
        super().__init__(name=f"audio files {number}", daemon=True)
        self._jobs: deque[Callable[[], None]] = deque()
        self._streams: list[_Streaming] = []
        self._wake = threading.Condition()
        self._closing = False

    def post(self, job: Callable[[], None] | _Streaming) -> None:
        """Do a job, or begin a stream, in this thread."""
        with self._wake:
            if isinstance(job, _Streaming):
                self._streams.append(job)
            else:
                self._jobs.append(job)
            self._wake.notify()

    def close(self) -> None:
        """End the thread; streams stay unfinished."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self.join()

    def run(self) -> None:
        """Work until `close`."""
        moved = False
        while True:
            with self._wake:
                if not (self._jobs or moved or self._closing):
                    self._wake.wait(LOOK_AGAIN_S if self._streams else None)
                if self._closing:
                    return
                job = self._jobs.popleft() if self._jobs else None
                streams = list(self._streams)
            if job is not None:
                job()
            results = [(stream, stream.advance()) for stream in streams]
            moved = any(progress is ReadProgress.MOVED for _, progress in results)
            over = [stream for stream, progress in results if progress is ReadProgress.OVER]
            with self._wake:
                self._streams = [stream for stream in self._streams if stream not in over]


class AudioFiles:
    """The threads that read audio files, and the short files that are kept."""

    def __init__(self, cache_octets: int = 64 << 20, threads: int = 2) -> None:
        self._cache: KeptSounds[ShortFile] = KeptSounds(cache_octets)
        self._readers = [_FileReader(number) for number in range(threads)]
        self._turn = 0
        for reader in self._readers:
            reader.start()

    def open_file(self, path: str, rate: int, ready: Ready) -> None:
        """Look at a file in a thread; `ready` is called there with what it is, or what is wrong."""
        self._next_reader().post(lambda: ready(self._look(path, rate)))

    def stream(self, file: LongFile, sink: Sink, repeat: bool = False) -> None:
        """Feed a long file to a sink until its end, or until the sink wants no more."""
        self._next_reader().post(_Streaming(file, repeat, sink))

    def close(self) -> None:
        """End the threads; streams stay unfinished."""
        for reader in self._readers:
            reader.close()

    def _next_reader(self) -> _FileReader:
        self._turn = (self._turn + 1) % len(self._readers)
        return self._readers[self._turn]

    def _look(self, path: str, rate: int) -> ShortFile | LongFile | AudioFileError:
        try:
            descriptor, identity = regular_file(path)
            os.close(descriptor)
            kept = self._cache.get((identity, rate))
            if kept is not None:
                return kept
            with AudioFile(path, rate) as file:
                if file.seconds is None or file.seconds > SHORT_S:
                    return LongFile(path, rate, file.seconds)
                samples = np.concatenate([np.zeros(0, np.int16), *file])
                short = ShortFile(file.identity, rate, samples)
                return self._cache.put((file.identity, rate), short, samples.nbytes)
        except AudioFileError as error:
            return error
        except Exception:  # a fault in a decoder must not end the thread
            _log.exception("decoding failed")
            return AudioFileError(f"{path}: cannot be decoded")
