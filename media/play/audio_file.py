"""One audio file, decoded: any rate and number of channels, to one channel of 8 or 16 kHz.

Only regular files are opened, and what is wrong with a file is said in a sentence that names it.
Reading takes milliseconds to seconds and is done off the loop; one handle belongs to one thread.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.int16]

FORMATS = frozenset({"WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC", "OGG", "MP3"})
"Containers that are read; OGG holds Vorbis and Opus."
KINDS = "a WAV, FLAC, OGG, MP3, AIFF, AU or CAF file"

LONGEST_S = 24 * 3600.0
"A header that promises more than a day is believed to be wrong."

BLOCK_S = 0.25
"How much is decoded at a time."

RATES = range(1000, 400_001)
"Sample rates, Hz, that a file may have."

MOST_CHANNELS = 32

LOUDEST = 32767 / 32768
"The greatest 16-bit sample, where full scale is 1."

UNKNOWN_LENGTH = 1 << 62
"libsndfile says something beyond this for a FLAC file whose writer was interrupted."

STREAMED_SIZES = frozenset({0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF})
"What writers that cannot go back put as the length of a WAV file; 0x7FFFF000 and more likewise."


class AudioFileError(ValueError):
    """A file that cannot be played; the sentence names it and the cause."""


class FileId(NamedTuple):
    """The identity of a file's content."""

    path: str
    changed_ns: int
    octets: int


def regular_file(path: str) -> tuple[int, FileId]:
    """Open a regular file that is no symbolic link; return the descriptor and the identity."""
    try:
        # O_NONBLOCK: opening a named pipe must not wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError:
        raise AudioFileError(f"{path!r}: the name holds a NUL character") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise AudioFileError(f"{path}: is a symbolic link") from None
        raise AudioFileError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise AudioFileError(f"{path}: is {_sort(status.st_mode)}, not a file")
    if status.st_size == 0:
        os.close(descriptor)
        raise AudioFileError(f"{path}: is empty")
    return descriptor, FileId(path, status.st_mtime_ns, status.st_size)


def _sort(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a directory"
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    return "a device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "a socket"


def _missing_octets(descriptor: int, octets: int) -> int:
    """Return how many octets the data chunk of a RIFF file promises beyond the file's end.

    libsndfile silently takes what is there; a file cut off in the middle should be known as such.
    """
    head = os.pread(descriptor, 12, 0)
    if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        return 0
    at, long_size = 12, None
    for _ in range(64):
        chunk = os.pread(descriptor, 24, at)
        if len(chunk) < 8:
            return 0
        size = struct.unpack_from("<I", chunk, 4)[0]
        if chunk[:4] == b"ds64" and len(chunk) == 24:
            long_size = struct.unpack_from("<Q", chunk, 16)[0]
        if chunk[:4] == b"data":
            if long_size is not None and size == 0xFFFFFFFF:
                size = long_size
            elif size in STREAMED_SIZES or 0x7FFFF000 <= size < 0x80000000:
                return 0
            return max(0, int(size) - (octets - at - 8))
        at += 8 + size + (size & 1)
    return 0


class _Straight(soundfile.SoundFile):  # type: ignore[misc]
    """A handle that is read straight on.

    soundfile seeks to where it is after every read of a file that it takes for seekable. In MP3
    that costs the decoder its memory of the frame before, and is heard; in a FLAC file whose writer
    was interrupted it fails at the end.
    """

    def seekable(self) -> bool:
        return False


class AudioFile:
    """One open file, read from its beginning to its end; use it in one thread only."""

    def __init__(self, path: str, rate: int) -> None:
        """Open a file to be heard at `rate` Hz; raises `AudioFileError`."""
        self._descriptor, self.identity = regular_file(path)
        self._path, self._rate = path, rate
        try:
            self._file = self._opened()
        except AudioFileError:
            os.close(self._descriptor)
            raise
        try:
            missing = _missing_octets(self._descriptor, self.identity.octets)
            self.seconds = self._checked(missing)
            "What the header promises; None when its writer did not say."
        except AudioFileError:
            self.close()
            raise
        self._resampler = self._new_resampler()
        self._read, self._ended = 0, False

    def _opened(self) -> Any:
        # Whether libsndfile closes a descriptor that it cannot use is up to it: it gets a copy.
        try:
            return _Straight(os.dup(self._descriptor), closefd=True)
        except soundfile.LibsndfileError:
            wrong = f"{self._path}: is no audio that can be read, expected {KINDS}"
            raise AudioFileError(wrong) from None

    def _checked(self, missing: int) -> float | None:
        """The seconds that the header promises, if the file can be played."""
        file = self._file
        if file.format not in FORMATS:
            raise AudioFileError(f"{self._path}: {file.format} is not a format that is played")
        if file.samplerate not in RATES:
            raise AudioFileError(
                f"{self._path}: a sample rate of {file.samplerate} Hz is not played"
            )
        if not 1 <= file.channels <= MOST_CHANNELS:
            raise AudioFileError(f"{self._path}: {file.channels} channels are not played")
        if file.frames >= UNKNOWN_LENGTH:
            return None
        if missing:
            raise AudioFileError(
                f"{self._path}: is truncated: {missing} octets fewer than its header promises"
            )
        seconds: float = file.frames / file.samplerate
        if seconds > LONGEST_S:
            hours = seconds / 3600
            raise AudioFileError(f"{self._path}: its header promises {hours:.0f} hours")
        if file.frames == 0:
            raise AudioFileError(f"{self._path}: holds no audio, its header only")
        return seconds

    def _new_resampler(self) -> Any:
        return soxr.ResampleStream(self._file.samplerate, self._rate, 1, dtype="float32")

    def rewind(self) -> None:
        """Go back to the beginning."""
        self._file.close()
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self._file = self._opened()
        self._resampler = self._new_resampler()
        self._read, self._ended = 0, False

    def read(self) -> Samples:
        """Return the next samples, an empty array at the end; raises `AudioFileError`."""
        while not self._ended:
            block = self._block()
            self._read += len(block)
            self._ended = len(block) == 0
            if self._ended:
                self._check_length()
            mono = (
                np.nan_to_num(block.mean(axis=1), posinf=1.0, neginf=-1.0)
                if len(block)
                else np.zeros(0, np.float32)
            )
            heard = self._resampler.resample_chunk(mono.astype(np.float32), last=self._ended)
            if len(heard):
                return np.asarray(np.rint(np.clip(heard, -1.0, LOUDEST) * 32768.0), dtype=np.int16)
        return np.zeros(0, np.int16)

    def _block(self) -> NDArray[np.float32]:
        frames = max(1, int(self._file.samplerate * BLOCK_S))
        try:
            return np.asarray(self._file.read(frames, dtype="float32", always_2d=True))
        except soundfile.LibsndfileError:
            if self.seconds is None and self._read:
                return np.zeros((0, 1), np.float32)
            raise AudioFileError(
                f"{self._path}: is damaged after {self._read / self._file.samplerate:.1f} s"
            ) from None

    def _check_length(self) -> None:
        """Complain about a file that ended before the length in its header."""
        read = self._read / self._file.samplerate
        if read == 0.0:
            raise AudioFileError(f"{self._path}: holds no audio, its header only")
        if self.seconds is not None and read < 0.95 * self.seconds - 0.1:
            raise AudioFileError(
                f"{self._path}: is truncated: {read:.1f} s of the {self.seconds:.1f} s "
                "that its header promises"
            )

    def __iter__(self) -> Iterator[Samples]:
        while len(samples := self.read()):
            yield samples

    def __enter__(self) -> AudioFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; reading is over."""
        self._file.close()
        os.close(self._descriptor)
