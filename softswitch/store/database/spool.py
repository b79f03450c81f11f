"""A file that keeps what the database cannot take, on a disk of this machine.

It begins with eight octets that name it and a number of eight octets. SpoolPart follow: the length
and the CRC-32 of the content (four octets each, big-endian), then the content; the CRC begins with
the number, so a new number makes all frames void at once. Its room is reserved when it is opened: a
disk that is full later still takes that much. One process at a time has it (flock(2)).
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import structlog

from softswitch.store.errors import StoreError

_LOG = structlog.get_logger("softswitch.store")

NAME = b"swspool\x01"
"What a spool begins with."
RESERVE = 8 * 1024 * 1024
"Octets of room that are reserved: some 4000 calls."
LARGEST = 1024 * 1024
"Octets of a frame's content; a longer one is no frame."
_NUMBER = struct.Struct(">Q")
_HEAD = struct.Struct(">II")
_FIRST = len(NAME) + _NUMBER.size


class SpoolPart(NamedTuple):
    """What a part of the file holds."""

    contents: list[bytes]
    end: int
    "The offset behind the last one."


class Spool:
    """The open file. Every method blocks; use one thread at a time."""

    __slots__ = ("_descriptor", "_number", "end", "path")

    first = _FIRST
    "The offset of the first frame."

    def __init__(self, path: Path, reserve: int = RESERVE) -> None:
        """Open or make it (mode 0600). Raises StoreError where that is impossible."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self._number = self._begin(reserve)
            except BaseException:
                os.close(self._descriptor)
                raise
        except BlockingIOError:
            raise StoreError(f"storage.spool: {path} is in use by another switch") from None
        except OSError as error:
            raise StoreError(f"storage.spool: {path} cannot be used: {error.strerror}") from error
        self.end = self._read_to_end()
        "The offset behind the last frame."

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing."""
        return self.end == _FIRST

    def append(self, contents: Iterable[bytes]) -> None:
        """Add frames; on return they are on disk. Raises OSError, and then nothing was added."""
        frames = b"".join(
            _HEAD.pack(len(content), self._check(content)) + content for content in contents
        )
        done = 0
        while done < len(frames):
            done += os.pwrite(self._descriptor, frames[done:], self.end + done)
        os.fdatasync(self._descriptor)
        self.end += len(frames)

    def read(self, offset: int, most: int) -> SpoolPart:
        """At most so many frames from that offset on. Raises OSError."""
        contents: list[bytes] = []
        while len(contents) < most:
            head = os.pread(self._descriptor, _HEAD.size, offset)
            if len(head) < _HEAD.size:
                break
            length, check = _HEAD.unpack(head)
            content = os.pread(self._descriptor, min(length, LARGEST), offset + _HEAD.size)
            if not length or len(content) != length or self._check(content) != check:
                break
            contents.append(content)
            offset += _HEAD.size + length
        return SpoolPart(contents, offset)

    def clear(self) -> None:
        """Make all frames void. Raises OSError."""
        self._renumber(self._number + 1)
        self.end = _FIRST

    def close(self) -> None:
        """Close it; an empty one is removed."""
        if self.is_empty:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def _begin(self, reserve: int) -> int:
        """Lock the file and reserve its room; its number."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        head = os.pread(self._descriptor, _FIRST, 0)
        if head and not head.startswith(NAME):
            raise OSError(errno.EINVAL, "it is not a spool")
        if len(head) < _FIRST:
            self._renumber(0)
        try:
            if reserve:
                os.posix_fallocate(self._descriptor, 0, reserve)
        except OSError as error:
            _LOG.warning("no room reserved", file=str(self.path), error=error.strerror)
        return _NUMBER.unpack(head[len(NAME) :])[0] if len(head) == _FIRST else 0

    def _renumber(self, number: int) -> None:
        os.pwrite(self._descriptor, NAME + _NUMBER.pack(number), 0)
        os.fdatasync(self._descriptor)
        self._number = number

    def _read_to_end(self) -> int:
        offset = _FIRST
        while (frames := self.read(offset, 1000)).contents:
            offset = frames.end
        return offset

    def _check(self, content: bytes) -> int:
        return zlib.crc32(content, zlib.crc32(_NUMBER.pack(self._number)))
