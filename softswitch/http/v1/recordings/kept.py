"""The files of recordings below one directory, and the names that they have at `/v1`.

The directory is the truth: recordings are moved and deleted there by commands and by people, too.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

FORMATS = ("wav", "mp3", "flac")
"What recordings are; other files are none."
DEEPEST = 16
"Directories in directories that are looked into."
_CALL = re.compile(r"[0-9]{8}-[0-9]{6}-([0-9A-Za-z]{8})(?:-[0-9]+)?", re.ASCII)
"A name that `Record` has made of the time and the CallId."


class KeptRecording(NamedTuple):
    """One file."""

    path: str
    "Below the directory, with `/` between its parts."
    size: int
    "Octets."
    changed_at: float
    "Unix time of its last change: of a finished recording, its end."

    @property
    def id(self) -> str:
        """Its name at `/v1`: the path in letters, digits, `-` and `_` (RFC 4648 section 5)."""
        return base64.urlsafe_b64encode(os.fsencode(self.path)).decode().rstrip("=")

    @property
    def format(self) -> str:
        """One of `FORMATS`."""
        return format_of(self.path)

    @property
    def call(self) -> str:
        """The CallId that its name holds; empty where it was named otherwise."""
        match = _CALL.fullmatch(PurePosixPath(self.path).stem)
        return match[1] if match else ""

    @property
    def is_text(self) -> bool:
        """Whether its path can be written in a URL of ours."""
        return self.path.isascii() or os.fsencode(self.path).decode(errors="replace") == self.path

    @property
    def shown(self) -> str:
        """The path as a text, also where its octets are none."""
        return os.fsencode(self.path).decode(errors="replace")


def format_of(path: str) -> str:
    """The ending of a file's name, in lower case."""
    return PurePosixPath(path).suffix.lower().removeprefix(".")


def path_of(identity: str) -> str | None:
    """The path that an id names; None where it is no id."""
    try:
        octets = base64.b64decode(identity + "=" * (-len(identity) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    path = os.fsdecode(octets)
    return path if "\0" not in path and format_of(path) in FORMATS else None


def recordings_below(root: Path) -> list[KeptRecording]:
    """All of them, in no order; hidden files and links are left out. For a thread."""
    return list(_below(str(root), "", 0))


def _below(directory: str, before: str, depth: int) -> Iterator[KeptRecording]:
    try:
        entries = os.scandir(directory)
    except OSError:
        return  # it is not there yet, or gone by now
    with entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            if entry.is_dir():
                if depth < DEEPEST:
                    yield from _below(entry.path, f"{before}{entry.name}/", depth + 1)
            elif format_of(entry.name) in FORMATS:
                try:
                    state = entry.stat()
                except OSError:
                    continue
                yield KeptRecording(f"{before}{entry.name}", state.st_size, state.st_mtime)
