"""One file of traces: records that follow each other, each of chunks of several timelines.

A record is a head, an entry for each chunk (a hash of what it is about, and how many lines it has),
and the packed chunks. A record that was cut off by a crash is the last one, and is passed over.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import struct
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from softswitch.trace.kept.chunks import Chunk, pack, unpack

SUFFIX = ".trace"
MAGIC = b"STR1"
_HEAD = struct.Struct("<4sIIH")
"Magic, octets after the head, their CRC-32, entries."
_ENTRY = struct.Struct("<QI")
"Hash of the subject, lines."
MOST_ENTRIES = 0xFFFF


def hash_of(subject: str) -> int:
    """What stands for a subject in entries."""
    return int.from_bytes(hashlib.blake2b(subject.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True)
class ChunkPlace:
    """Where a chunk is."""

    path: Path
    offset: int
    "Of its record."
    number: int
    "Which of the chunks of the record it is."
    lines: int


class Segment:
    """One file, with what stands where in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        "Octets that were read or written."
        self._hashes = array("Q")
        self._offsets = array("Q")
        self._numbers = array("H")
        self._lines = array("I")

    def read(self) -> None:
        """Learn what stands in the file since the last time. Raises OSError."""
        with self.path.open("rb") as file:
            file.seek(self.size)
            while (record := _head(file.read(_HEAD.size))) is not None:
                length, entries = record
                listed = file.read(entries * _ENTRY.size)
                if len(listed) < entries * _ENTRY.size:
                    return
                end = self.size + _HEAD.size + length
                if os.fstat(file.fileno()).st_size < end:
                    return
                self._learn(list(_ENTRY.iter_unpack(listed)))
                self.size = end
                file.seek(end)

    def append(self, chunks: Sequence[Chunk]) -> None:
        """Write a record behind the others. Raises OSError, with the file as it was."""
        entries = [(hash_of(chunk.subject), len(chunk)) for chunk in chunks]
        body = b"".join(_ENTRY.pack(*entry) for entry in entries) + pack(chunks)
        record = _HEAD.pack(MAGIC, len(body), zlib.crc32(body), len(entries)) + body
        opened = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            if os.fstat(opened).st_size < self.size:
                raise FileNotFoundError(errno.ENOENT, "removed by somebody else", str(self.path))
            written = 0
            while written < len(record):
                written += os.pwrite(opened, record[written:], self.size + written)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(opened, min(self.size, os.fstat(opened).st_size))
            raise
        finally:
            os.close(opened)
        self._learn(entries)
        self.size += len(record)

    def _learn(self, entries: Sequence[tuple[int, int]]) -> None:
        for number, (hashed, lines) in enumerate(entries):
            self._hashes.append(hashed)
            self._offsets.append(self.size)
            self._numbers.append(number)
            self._lines.append(lines)

    def find(self, hashed: int) -> Iterator[ChunkPlace]:
        """The chunks about a subject, oldest first."""
        at = -1
        while True:
            try:
                at = self._hashes.index(hashed, at + 1)
            except ValueError:
                return
            yield ChunkPlace(self.path, self._offsets[at], self._numbers[at], self._lines[at])


def chunk_at(place: ChunkPlace) -> Chunk:
    """The chunk at a place. Raises OSError, and ValueError where the file is damaged."""
    with place.path.open("rb") as file:
        file.seek(place.offset)
        head = _HEAD.unpack(file.read(_HEAD.size).ljust(_HEAD.size, b"\0"))
        body = file.read(head[1])
    if head[0] != MAGIC or zlib.crc32(body) != head[2]:
        raise ValueError(f"{place.path}: damaged at {place.offset}")
    return unpack(body[head[3] * _ENTRY.size :])[place.number]


def _head(octets: bytes) -> tuple[int, int] | None:
    """The length of what follows and the entries in it; None at the end, or where it is damaged."""
    if len(octets) < _HEAD.size:
        return None
    magic, length, _, entries = _HEAD.unpack(octets)
    return (length, entries) if magic == MAGIC else None
