"""The files of prompts that were uploaded: each upload a file of its own, so that what is played of
an earlier one goes on."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Collection, Iterable
from pathlib import Path

from softswitch.calls.prompts.uploaded import Length, keep_sound
from softswitch.store.database.directories import put

LENGTH = Length(0.1, 900.0)
"Seconds of a prompt."
GRACE = 60.0
"Seconds for which a file stays that no prompt names any more: somebody may be about to hear it."

_UNFINISHED = ".part"


class PromptFolder:
    """The directory of these files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._leaving: dict[Path, asyncio.TimerHandle] = {}

    def prepare(self) -> None:
        """Delete what was being written when an earlier process ended; waits for the disk."""
        for unfinished in self.root.glob(f"*{_UNFINISHED}"):
            with contextlib.suppress(OSError):
                unfinished.unlink()

    def keep(self, data: bytes, name: str, path: Path | None = None) -> Path:
        """Write a sound for the prompt of that name, in a thread; a file that is whole, on disk.

        It takes the place of `path`, which is one of these, or is a new one; `name` is one that the
        settings allow. Raises NoSound, OSError.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        fresh = f"{name}-{secrets.token_hex(6)}"
        path = path or self.root / f"{fresh}.wav"
        unfinished = self.root / f"{fresh}{_UNFINISHED}"
        keep_sound(data, unfinished, LENGTH)
        put(unfinished, path)
        return path

    def holds(self, path: Path) -> bool:
        """Whether it is one of these files."""
        return path.parent.resolve() == self.root.resolve() and path.suffix == ".wav"

    def follow(self, named: Collection[Path], before: Iterable[Path]) -> None:
        """Delete files that prompts named before and do not name any more, after a while.

        Each path is resolved: a file may be spelled in several ways.
        """
        loop = asyncio.get_running_loop()
        for path in named:
            if (timer := self._leaving.pop(path, None)) is not None:
                timer.cancel()
        for path in before:
            if path in named:
                continue
            if self.holds(path) and path not in self._leaving:
                self._leaving[path] = loop.call_later(GRACE, self._drop, path)

    def close(self) -> None:
        """Delete at once what was to be deleted."""
        for path, timer in list(self._leaving.items()):
            timer.cancel()
            self._drop(path)

    def _drop(self, path: Path) -> None:
        self._leaving.pop(path, None)
        with contextlib.suppress(OSError):
            path.unlink()
