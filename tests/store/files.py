"""Looks at what lies in the folder of a database."""

from __future__ import annotations

from pathlib import Path


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of every file."""
    return {
        file.name: (file.stat().st_mode, file.read_bytes() if file.is_file() else b"")
        for file in folder.iterdir()
    }


def damaged_files(folder: Path) -> list[Path]:
    """The databases that were set aside."""
    return list(folder.glob("*.damaged-*"))
