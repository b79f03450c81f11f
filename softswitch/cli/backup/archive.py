"""The file of a backup: a tar file whose last member says what it holds, with digests of all.

It is read twice: once to see that it is whole and ours, which writes nothing, and once to unpack
it. So what is cut off, changed, or would lead out of its folder is refused before anything happens.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Literal, NamedTuple

MANIFEST = "manifest.json"
"The last member."
KIND = "softswitch backup"
FORMAT = 1
"What changes when older versions can no longer read it."
COMPRESSED = (".gz", ".tgz")
"How names of files end that are compressed."
LONGEST_MANIFEST = 256 * 1024 * 1024
"Octets."
CHUNK = 1024 * 1024

UNREADABLE = (
    tarfile.TarError, zlib.error, EOFError, OSError,
    ValueError, LookupError, TypeError, AttributeError, RecursionError,
)  # fmt: skip
"What reading a damaged file, or a manifest of another shape, raises."


class NotABackup(Exception):
    """The file cannot be restored; the sentence says why."""


class About(NamedTuple):
    """What a backup says of itself."""

    softswitch: str
    "The version that made it."
    made_at: str
    schema: str
    "The revision of the database."
    files: dict[str, tuple[int, str]]
    "Octets and SHA-256 of each member."


class ArchiveWriter:
    """Writes members, and at the end what they are."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        """`name` of the file says whether it is compressed."""
        self._stream = stream
        mode: Literal["w", "w:gz"] = "w:gz" if name.endswith(COMPRESSED) else "w"
        self._tar = tarfile.open(fileobj=stream, mode=mode)  # noqa: SIM115  # `close` closes it
        self.files: dict[str, tuple[int, str]] = {}

    def add(self, name: str, path: Path) -> bool:
        """Add a file; whether it was still there."""
        try:
            source = open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")  # noqa: SIM115
        except (FileNotFoundError, NotADirectoryError):
            return False
        with source:
            found = os.fstat(source.fileno())
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = found.st_size, found.st_mtime, found.st_mode
            member.mode &= 0o777
            self._add(member, source)
        return True

    def close(self, softswitch: str, made_at: str, schema: str) -> None:
        """Write the last member, and all of it to the disk."""
        files = {
            name: {"size": size, "sha256": digest} for name, (size, digest) in self.files.items()
        }
        about = {
            "kind": KIND,
            "format": FORMAT,
            "softswitch": softswitch,
            "made_at": made_at,
            "schema": schema,
            "files": files,
        }
        octets = json.dumps(about, indent=1).encode()
        member = tarfile.TarInfo(MANIFEST)
        member.size, member.mode = len(octets), 0o600
        self._tar.addfile(member, io.BytesIO(octets))
        self._tar.close()
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def _add(self, member: tarfile.TarInfo, source: IO[bytes]) -> None:
        reading = _Reading(source, member.size)
        self._tar.addfile(member, reading)  # type: ignore[arg-type]  # it only reads
        self.files[member.name] = member.size, reading.digest.hexdigest()


class _Reading:
    """Reads so many octets of a file that may grow or shrink meanwhile, and digests them."""

    def __init__(self, source: IO[bytes], size: int) -> None:
        self._source, self._left = source, size
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        octets = self._source.read(min(size, self._left)).ljust(min(size, self._left), b"\0")
        self._left -= len(octets)
        self.digest.update(octets)
        return octets


class Archive:
    """A backup that was found to be whole; use it as a context, which closes the file."""

    def __init__(self, file: Path, allowed: frozenset[str], folders: frozenset[str]) -> None:
        """`allowed` are the members that it may have, besides those below `folders`.

        Raises NotABackup, and OSError where the file cannot be read.
        """
        self._stream = file.open("rb")
        self._allowed, self._folders = allowed, folders
        try:
            self.about = self._verified()
        except UNREADABLE as error:
            self._stream.close()
            why = str(error).split("\n", 1)[0]
            raise NotABackup(f"it is no backup, or not a whole one: {why}") from error
        except NotABackup:
            self._stream.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def members(self) -> Iterator[tuple[str, int, IO[bytes]]]:
        """Name, mode and content of each member but the last, in their order."""
        for member, content in self._read():
            if member.name != MANIFEST:
                yield member.name, member.mode & 0o777, content

    def _read(self) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
        self._stream.seek(0)
        with tarfile.open(fileobj=self._stream, mode="r:*") as tar:
            for member in tar:
                self._judge(member)
                content = tar.extractfile(member)
                assert content is not None
                yield member, content

    def _judge(self, member: tarfile.TarInfo) -> None:
        """Refuse what is no file of ours. Raises NotABackup."""
        name, shown = member.name, member.name[:80]
        if not member.isreg():
            raise NotABackup(f"{shown!r} in it is no plain file, expected only such")
        parts = PurePosixPath(name).parts
        is_plain = name == "/".join(parts) and name.isprintable() and "\\" not in name
        if not is_plain or name.startswith("/") or {"..", "."} & set(parts):
            raise NotABackup(f"{shown!r} in it leads elsewhere, expected names below its folders")
        is_below = len(parts) > 1 and parts[0] in self._folders
        if not is_below and name not in self._allowed and name != MANIFEST:
            raise NotABackup(f"{shown!r} in it is unknown, expected what a backup holds")

    def _verified(self) -> About:
        found: dict[str, tuple[int, str]] = {}
        for member, content in self._read():
            if MANIFEST in found or member.name in found:
                raise NotABackup(f"{member.name[:80]!r} is there twice or after the last member")
            if member.name == MANIFEST:
                if member.size > LONGEST_MANIFEST:
                    raise NotABackup(f"{MANIFEST} in it is too long")
                about = json.loads(content.read())
            digest = hashlib.sha256()
            while octets := content.read(CHUNK):
                digest.update(octets)
            found[member.name] = member.size, digest.hexdigest()
        if found.pop(MANIFEST, None) is None:
            raise NotABackup(f"it is no backup, or not a whole one: it has no {MANIFEST}")
        if about["kind"] != KIND or about["format"] != FORMAT:
            raise NotABackup(f"it is of format {about['format']!r}, expected {FORMAT}")
        files = {name: (each["size"], each["sha256"]) for name, each in about["files"].items()}
        if files != found:
            wrong = sorted(name for name in {*files, *found} if files.get(name) != found.get(name))
            raise NotABackup(f"it is damaged: {wrong[0][:80]!r} is not what {MANIFEST} says")
        return About(str(about["softswitch"]), str(about["made_at"]), str(about["schema"]), files)


def is_backup(file: Path) -> bool:
    """Whether a file is one of these, or empty, so that another may take its place."""
    if not file.stat().st_size:
        return True
    try:
        with tarfile.open(file) as tar:
            return any(member.name == MANIFEST for member in tar)
    except UNREADABLE:
        return False
