"""How the database and the disk do: what `/healthz` says of them, and what `/metrics` counts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from softswitch.settings.server import StorageSettings
from softswitch.store.store import Store
from softswitch.telemetry.metrics import Metric

MEGABYTE = 1_000_000


class Disk:
    """Looks at the database and at the disks of what is kept in files."""

    def __init__(self, store: Store, storage: StorageSettings, reserve: int) -> None:
        """`reserve`: megabytes; a disk with less free space is short."""
        self._store = store
        self._reserve = reserve
        self._folders = {
            "database": (storage.sqlite_file or storage.spool_file).parent,
            "recordings": storage.recordings,
        }

    def details(self) -> dict[str, object]:
        """`up`, `away` or `short` of each; `call_records_waiting` are on disk all the same."""
        short = any(free < self._reserve * MEGABYTE for free in self.free_space().values())
        return {
            "database": "away" if self._store.journal.is_away else "up",
            "disk": "short" if short else "up",
            "call_records_waiting": self._store.call_records.pending,
        }

    def free_space(self) -> Mapping[str, int]:
        """Free octets of the disk below each folder."""
        return {name: shutil.disk_usage(_existing(at)).free for name, at in self._folders.items()}

    def metrics(self) -> Iterator[Metric]:
        """How much room is left."""
        yield Metric(
            "disk_free_bytes", "Free octets of the disk below a folder", self.free_space, "folder"
        )


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder
