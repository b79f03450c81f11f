"""Directories: whether files can be made in one that may be missing, and moved there for good."""

from __future__ import annotations

import os
from pathlib import Path


def obstacle(directory: Path) -> str | None:
    """Why no file can be made there, as far as can be seen without making one; None if one can."""
    try:
        nearest = directory.absolute()
        while not nearest.exists():
            nearest = nearest.parent
    except OSError as error:
        return f"{directory} cannot be opened: {error.strerror}"
    if not nearest.is_dir():
        return f"{nearest} is not a directory"
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"{nearest} cannot be written to"
    return None


def put(source: Path, target: Path) -> None:
    """Move what is whole and on disk to its place, and outlive a loss of power. Raises OSError."""
    source.replace(target)
    directory = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
