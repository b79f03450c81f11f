"""Puts what was unpacked in the place of what is there, which is set aside and never deleted.

Unpacking goes beside each place, so that putting it there is one rename. A mark says that this has
begun: who is interrupted there restores again, and until then the switch does not start.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from softswitch.store.copies.database_copies import BESIDE

UNPACKED = ".restoring"
"The end of the names of what is being unpacked."


class Swap(NamedTuple):
    """One file or folder."""

    place: Path

    @property
    def unpacked(self) -> Path:
        """Where its content is unpacked."""
        return self.place.with_name(self.place.name + UNPACKED)

    def is_taken(self) -> bool:
        """Whether something is there that would be replaced; an empty folder is nothing."""
        if self.place.is_dir() and not self.place.is_symlink():
            return any(self.place.iterdir())
        return self.place.exists() or self.place.is_symlink()

    def clear(self) -> None:
        """Remove what an interrupted restore has unpacked."""
        if self.unpacked.is_dir() and not self.unpacked.is_symlink():
            shutil.rmtree(self.unpacked)
        else:
            self.unpacked.unlink(missing_ok=True)

    def put(self, aside: str) -> Path | None:
        """Replace it; returns where the former content is, if there was any."""
        former = None
        if self.is_taken():
            former = self.place.with_name(self.place.name + aside)
            self.place.rename(former)
            for end in BESIDE:
                beside = Path(f"{self.place}{end}")
                if beside.is_file():
                    beside.rename(f"{former}{end}")
        elif self.place.is_dir():
            self.place.rmdir()
        self.unpacked.rename(self.place)
        sync_folder(self.place.parent)
        return former


def put_all(swaps: Iterable[Swap], mark: Path) -> list[Path]:
    """Put all in their places, between making and removing the mark; returns what is set aside."""
    mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    mark.write_text("`softswitch restore FILE --force` has begun here, and has not ended\n")
    sync_folder(mark.parent)
    aside = f".before-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}"
    formers = [former for swap in swaps if (former := swap.put(aside)) is not None]
    mark.unlink()
    sync_folder(mark.parent)
    return formers


def sync_folder(folder: Path) -> None:
    """Let what was renamed in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
