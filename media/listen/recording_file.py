"""The files that recordings become: WAV, FLAC and MP3, playable while they grow and after a crash.

WAV is written here, because its header must state the length at every moment; libsndfile writes it
only at the end. FLAC and MP3 are sequences of frames that need no length; MP3 is of constant rate,
so that players can tell the length of an unfinished file.
"""

from __future__ import annotations

import errno
import os
import struct
from typing import Any, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

Samples = NDArray[np.int16]

KINDS = ("wav", "flac", "mp3")

HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
"RIFF, size, WAVE, fmt, 16, PCM, channels, rate, octets a second and a block, bits, data, size."

MP3_COMPRESSION = 0.5
"Of the scale that soundfile has: 32 kbit/s for one channel of 8 kHz."


class RecordingFile(Protocol):
    """A file that grows; all methods raise OSError with the cause."""

    def write(self, samples: Samples) -> None:
        """Append (n, channels)."""

    def close(self) -> None:
        """Finish the file."""


def create(path: str, kind: str, rate: int, channels: int) -> RecordingFile:
    """Create a file that is not there yet; raises OSError, or ValueError for an unknown kind."""
    if kind not in KINDS:
        raise ValueError(f"a recording is wav, flac or mp3, not {kind!r}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    # libsndfile reads back what it wrote.
    descriptor = os.open(path, (flags & ~os.O_WRONLY) | os.O_RDWR, 0o640)
    if kind == "wav":
        return WavFile(descriptor, rate, channels)
    return EncodedFile(descriptor, kind, rate, channels)


class WavFile:
    """A WAV file of 16-bit samples whose header is right after every write."""

    def __init__(self, descriptor: int, rate: int, channels: int) -> None:
        self._descriptor, self._rate, self._channels = descriptor, rate, channels
        self._octets = 0
        os.pwrite(descriptor, self._header(), 0)

    def write(self, samples: Samples) -> None:
        """Append (n, channels), then correct the header."""
        data = samples.astype("<i2").tobytes()
        while data:
            count = os.pwrite(self._descriptor, data, HEADER.size + self._octets)
            self._octets += count
            data = data[count:]
        os.pwrite(self._descriptor, self._header(), 0)

    def close(self) -> None:
        """Close the file; its header is right already."""
        os.close(self._descriptor)

    def _header(self) -> bytes:
        block = 2 * self._channels
        form = (1, self._channels, self._rate, self._rate * block, block, 16)
        riff = (b"RIFF", HEADER.size - 8 + self._octets, b"WAVE")
        return HEADER.pack(*riff, b"fmt ", 16, *form, b"data", self._octets)


class EncodedFile:
    """A FLAC or MP3 file, through libsndfile."""

    def __init__(self, descriptor: int, kind: str, rate: int, channels: int) -> None:
        self._descriptor = descriptor
        self._by_fractions = kind == "mp3"
        "libsndfile 1.2 garbles MP3 of two channels that is written as integers."
        extra: dict[str, Any] = {}
        if kind == "mp3":
            extra = {"bitrate_mode": "CONSTANT", "compression_level": MP3_COMPRESSION}
        else:
            extra = {"subtype": "PCM_16"}
        try:
            self._file: Any = soundfile.SoundFile(
                descriptor, "w", rate, channels, format=kind.upper(), closefd=True, **extra
            )
        except soundfile.LibsndfileError:
            raise OSError(f"cannot begin a {kind} file") from None

    def write(self, samples: Samples) -> None:
        """Append (n, channels)."""
        try:
            self._file.write(samples / np.float32(32768) if self._by_fractions else samples)
            self._file.flush()
        except soundfile.LibsndfileError:
            # libsndfile keeps to itself what the system said
            if not os.fstatvfs(self._descriptor).f_bavail:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
            raise OSError("cannot be written") from None

    def close(self) -> None:
        """Finish the file."""
        self._file.close()
