"""The built files of the console, as an HTTP server sends them: content, type, tag, compressed."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "built"
INDEX = "index.html"
ASSETS = "console"
"The folder of all files but the page itself; their names change with their contents."
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".md": "text/plain",
    ".svg": "image/svg+xml",
}
"By suffix; the system's own table of types differs from machine to machine."
LEAST_COMPRESSED = 512
"Octets of a file below which its compressed form is hardly shorter."


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """One file."""

    content: bytes
    gzipped: bytes | None
    "None where that is no shorter."
    content_type: str
    tag: str
    "The same for the same content (RFC 9110 section 8.8.3), without quotes."

    @classmethod
    def read(cls, path: Path) -> BuiltFile:
        """Raises OSError."""
        content = path.read_bytes()
        gzipped = gzip.compress(content, mtime=0) if len(content) >= LEAST_COMPRESSED else content
        return cls(
            content,
            gzipped if len(gzipped) < len(content) else None,
            TYPES.get(path.suffix, "application/octet-stream"),
            hashlib.sha256(content).hexdigest()[:20],
        )


class BuiltFiles:
    """All files of the console; each is read when it is asked for first."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Only what is in the folder now is ever served, whatever name somebody asks for."""
        files = [folder / INDEX, *sorted((folder / ASSETS).glob("*"))]
        self._paths: Mapping[str, Path] = {
            path.name: path for path in files if path.is_file() and not path.is_symlink()
        }
        self._read: dict[str, BuiltFile] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._paths

    def get(self, name: str) -> BuiltFile:
        """The file of that name. Raises KeyError where there is none, and OSError."""
        if name not in self._read:
            self._read[name] = BuiltFile.read(self._paths[name])
        return self._read[name]
