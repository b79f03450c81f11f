"""The rule for paths that scripts and commands name: below the allowed directories, or refused.

Links are resolved before a path is judged (CWE-22, CWE-59); only regular files are touched.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path


class PathRefused(Exception):
    """A path that may not be used; the sentence says why."""


class AllowedFiles:
    """The directories that paths may lead to; relative paths begin at the first of them."""

    def __init__(self, directories: Sequence[Path]) -> None:
        self._roots = tuple(directory.resolve() for directory in directories)

    def existing(self, name: str) -> Path:
        """A regular file. Raises PathRefused."""
        path = self._resolved(name)
        if not path.is_file():
            raise PathRefused(f"{_shown(name)}: no such file")
        return path

    def directory(self, name: str) -> Path:
        """A directory that may be written to, made where it is missing. Raises PathRefused."""
        path = self._resolved(name)
        if path.exists() and not path.is_dir():
            raise PathRefused(f"{_shown(name)}: not a directory")
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PathRefused(f"{_shown(name)}: {error.strerror}") from None
        return path

    def delete(self, name: str) -> None:
        """Delete a file. Raises PathRefused."""
        try:
            self.existing(name).unlink()
        except OSError as error:
            raise PathRefused(f"{_shown(name)}: {error.strerror}") from None

    def move(self, name: str, directory: str) -> None:
        """Move a file to a directory; nothing there is overwritten. Raises PathRefused."""
        source = self.existing(name)
        target = self.directory(directory) / source.name
        if target.exists():
            raise PathRefused(f"{_shown(name)}: there is one of that name in {_shown(directory)}")
        try:
            shutil.move(source, target)
        except OSError as error:
            raise PathRefused(f"{_shown(name)}: {error.strerror}") from None

    def _resolved(self, name: str) -> Path:
        if not name or "\0" in name:
            raise PathRefused(f"{_shown(name)}: not a path")
        given = Path(with_slashes(name))
        candidates = [given] if given.is_absolute() else [root / given for root in self._roots]
        try:
            resolved = [candidate.resolve() for candidate in candidates]
        except (OSError, RuntimeError):
            raise PathRefused(f"{_shown(name)}: not a path") from None
        inside = [
            path
            for path in resolved
            if any(path.is_relative_to(root) and path != root for root in self._roots)
        ]
        if not inside:
            raise PathRefused(f"{_shown(name)}: not below an allowed directory")
        return next((path for path in inside if path.exists()), inside[0])


def with_slashes(name: str) -> str:
    """A path with `/` between its parts, whose writer may have put Windows' `\\` there."""
    return name.replace("\\", "/")


def _shown(name: str) -> str:
    return repr(name[:100])
