"""The folder of scripts: one file a script, which extensions name, and each version beside it.

`NAME.xml` is what calls run. `versions/NAME/12.xml` is what it was or is since the twelfth change,
`12.json` who has made it; both are on disk before the script itself is replaced, at one stroke, so
that no call ever reads half of one. Removed scripts keep their versions.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from softswitch.store.database.directories import put

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
"What scripts may be called: the name of a file on every system, and no path."
TAKEN = frozenset({"check", "language", "simulate"})
"What is beside scripts in paths."
MOST_VERSIONS = 100
"Of one script; older ones are deleted."
_SUFFIX = ".xml"
_UNFINISHED = ".part"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptVersion:
    """One version of a script."""

    number: int
    "From 1."
    changed_at: float
    "Seconds since 1970."
    changed_by: str
    "The user; empty for a file that was put there by other means."
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptScript:
    """A script as it is now."""

    name: str
    path: Path
    source: bytes
    version: ScriptVersion
    "The newest one."

    @property
    def etag(self) -> str:
        """What tells it from what it was and will be."""
        digest = blake2b(self.source, digest_size=8).hexdigest()
        return f'"{self.version.number}-{digest}"'


class NoSuchScript(Exception):
    """There is no script, or version, of that name."""


class ScriptLibrary:
    """The folder; all of it waits for the disk, so it is for a thread, one caller at a time."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path_of(self, name: str) -> Path:
        """Where a script of that name is, or would be. Raises NoSuchScript for no such name."""
        if NAME.fullmatch(name) is None or name in TAKEN:
            raise NoSuchScript(
                f"no script is called {name[:64]!r}, expected letters, digits, _ and -, at most 64"
            )
        return self.root / f"{name}{_SUFFIX}"

    def names(self) -> list[str]:
        """The names of all scripts, in their order."""
        return sorted(
            file.stem for file in self.root.glob(f"*{_SUFFIX}") if NAME.fullmatch(file.stem)
        )

    def read(self, name: str) -> KeptScript:
        """A script. Raises NoSuchScript, OSError."""
        path = self.path_of(name)
        try:
            source = path.read_bytes()
            changed_at = path.stat().st_mtime
        except FileNotFoundError:
            raise NoSuchScript(f"no script {name!r}") from None
        newest = max(self._versions(name), key=lambda each: each.number, default=None)
        if newest is None or self.version_source(name, newest.number) != source:
            # Somebody has put the file there, or changed it, with an editor.
            number = newest.number if newest is not None else 0
            newest = ScriptVersion(
                number=number, changed_at=changed_at, changed_by="", octets=len(source)
            )
        return KeptScript(name=name, path=path, source=source, version=newest)

    def versions(self, name: str) -> list[ScriptVersion]:
        """All versions of a script, newest first, also of a removed one. Raises NoSuchScript."""
        found = sorted(self._versions(name), key=lambda each: -each.number)
        if not found and not self.path_of(name).is_file():
            raise NoSuchScript(f"no script {name!r}")
        return found

    def version_source(self, name: str, number: int) -> bytes:
        """What a script was in one version. Raises NoSuchScript."""
        self.path_of(name)
        try:
            return (self._folder(name) / f"{number}{_SUFFIX}").read_bytes()
        except OSError:
            raise NoSuchScript(f"no version {number} of script {name!r}") from None

    def keep(self, name: str, source: bytes, by: str) -> KeptScript:
        """Write a script, as a new version, and in place of the one before; it is on disk then.

        Raises NoSuchScript for a name that none may have, OSError.
        """
        path, folder = self.path_of(name), self._folder(name)
        folder.mkdir(parents=True, exist_ok=True)
        self._keep_foreign(name, path)
        number = self._next(name)
        version = ScriptVersion(
            number=number, changed_at=time.time(), changed_by=by, octets=len(source)
        )
        self._write_version(name, version, source)
        _write(path, source)
        self._forget_old(name)
        return KeptScript(name=name, path=path, source=source, version=version)

    def remove(self, name: str) -> None:
        """Remove a script; its versions stay. Raises NoSuchScript, OSError."""
        path = self.path_of(name)
        self._keep_foreign(name, path)
        try:
            path.unlink()
        except FileNotFoundError:
            raise NoSuchScript(f"no script {name!r}") from None

    def _keep_foreign(self, name: str, path: Path) -> None:
        """Keep what somebody has written with an editor, before it is replaced or removed."""
        if not path.is_file():
            return
        script = self.read(name)
        if not script.version.changed_by:
            version = ScriptVersion(
                number=self._next(name),
                changed_at=script.version.changed_at,
                changed_by="",
                octets=len(script.source),
            )
            self._folder(name).mkdir(parents=True, exist_ok=True)
            self._write_version(name, version, script.source)

    def _next(self, name: str) -> int:
        return max((each.number for each in self._versions(name)), default=0) + 1

    def _write_version(self, name: str, version: ScriptVersion, source: bytes) -> None:
        about = {"at": version.changed_at, "by": version.changed_by}
        folder = self._folder(name)
        _write(folder / f"{version.number}.json", json.dumps(about).encode())
        _write(folder / f"{version.number}{_SUFFIX}", source)

    def _forget_old(self, name: str) -> None:
        for version in self.versions(name)[MOST_VERSIONS:]:
            for suffix in (_SUFFIX, ".json"):
                (self._folder(name) / f"{version.number}{suffix}").unlink(missing_ok=True)

    def _versions(self, name: str) -> Iterator[ScriptVersion]:
        self.path_of(name)
        for file in self._folder(name).glob(f"*{_SUFFIX}"):
            if not (file.stem.isascii() and file.stem.isdigit()):
                continue
            status = file.stat()
            at, by = _about(file.with_suffix(".json"), status.st_mtime)
            yield ScriptVersion(
                number=int(file.stem), changed_at=at, changed_by=by, octets=status.st_size
            )

    def _folder(self, name: str) -> Path:
        return self.root / "versions" / name


def _about(file: Path, changed_at: float) -> tuple[float, str]:
    """When and by whom a version was made; what cannot be read is nobody's."""
    try:
        told = json.loads(file.read_bytes())
        return float(told["at"]), str(told["by"])
    except (OSError, ValueError, KeyError, TypeError):
        return changed_at, ""


def _write(path: Path, octets: bytes) -> None:
    """Write a file that is whole or not there, and outlives a loss of power. Raises OSError."""
    unfinished = path.with_name(f"{path.name}{_UNFINISHED}")
    with unfinished.open("wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    put(unfinished, path)
