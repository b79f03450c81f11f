"""The files of mailboxes: a folder for each, with `new` and `old` messages and its greeting.

    FOLDER/1001/new/20261130-165300-1f2e3d.wav
    FOLDER/1001/old/…
    FOLDER/1001/greeting-….wav
    FOLDER/.recording/…          what is recorded now; empty after a start
    FOLDER/.lost/…               files that no row tells of
    FOLDER/.removed/1001-…/      the mailbox of an extension that is gone, with `mailbox.json`

Other programs and scripts may move a message from `new` to `old` and delete it, and the mailbox
follows.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Final

from softswitch.store.database.directories import put

NEW, OLD = "new", "old"
ENDING = ".wav"
_RECORDING, _LOST, _REMOVED = ".recording", ".lost", ".removed"
_LIST = "mailbox.json"


class MailboxFolder:
    """All files; every method waits for the disk, and raises OSError."""

    def __init__(self, root: Path) -> None:
        self.root: Final = root.absolute()

    def prepare(self) -> None:
        """Make the folder, and drop what was being recorded when an earlier process ended."""
        shutil.rmtree(self.root / _RECORDING, ignore_errors=True)
        self.open()

    def open(self) -> None:
        """Make the folder where it is not there; only the switch may look into it."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.root / _RECORDING).mkdir(exist_ok=True)

    def unfinished(self, name: str) -> Path:
        """Where a file is recorded, until it is whole."""
        return self.root / _RECORDING / f"{name}{ENDING}"

    def of(self, mailbox: str) -> Path:
        """The folder of a mailbox."""
        return self.root / mailbox.replace(".", "%2E")

    def path(self, mailbox: str, folder: str, name: str) -> Path:
        """The file of a message."""
        return self.of(mailbox) / folder / f"{name}{ENDING}"

    def greeting(self, mailbox: str, name: str) -> Path:
        """The file of a greeting."""
        return self.of(mailbox) / f"{name}{ENDING}"

    def places(self, mailbox: str) -> dict[str, str] | None:
        """In which folder each message is, by its id; None where the mailbox has no folder."""
        return _places(self.of(mailbox)) if self.is_there(mailbox) else None

    def settle(self, unfinished: Path, path: Path) -> None:
        """Give a whole file its place; both outlive a loss of power on return."""
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        path.parent.mkdir(parents=True, exist_ok=True)
        put(unfinished, path)

    def copy(self, source: Path, name: str) -> Path:
        """A copy of a file, as one that is not finished."""
        target = self.unfinished(name)
        shutil.copyfile(source, target)
        return target

    def move(self, source: Path, target: Path) -> None:
        """Move a file between the folders of its mailbox."""
        target.parent.mkdir(parents=True, exist_ok=True)
        put(source, target)

    def strays(self, mailbox: str, known: Collection[str]) -> list[Path]:
        """The messages and greetings of a mailbox of which nobody knows."""
        greetings = self.of(mailbox).glob(f"greeting-*{ENDING}")
        files = (*_messages(self.of(mailbox)), *greetings)
        return [path for path in files if path.stem not in known]

    def put_away(self, stray: Path) -> None:
        """Keep a file that no row tells of where it is no message."""
        lost = self.root / _LOST
        lost.mkdir(parents=True, exist_ok=True)
        stray.replace(lost / stray.name)

    def set_aside(self, mailbox: str, name: str, described: bytes) -> None:
        """Give the folder of a mailbox another place, with a list of what is in it."""
        own, aside = self.of(mailbox), self.root / _REMOVED / name
        own.mkdir(parents=True, exist_ok=True)
        with (own / _LIST).open("wb") as file:
            file.write(described)
            file.flush()
            os.fsync(file.fileno())
        aside.parent.mkdir(exist_ok=True, mode=0o700)
        put(own, aside)

    def set_aside_lists(self) -> dict[str, bytes]:
        """The lists of all mailboxes that were set aside, by the names of their folders."""
        found = self.root / _REMOVED
        lists = [each / _LIST for each in found.iterdir()] if found.is_dir() else []
        return {each.parent.name: each.read_bytes() for each in lists if each.is_file()}

    def places_aside(self, name: str) -> dict[str, str]:
        """In which folder of a mailbox that was set aside each message is, by its id."""
        return _places(self.root / _REMOVED / name)

    def aside(self, name: str, folder: str, file: str) -> Path:
        """A file of a mailbox that was set aside."""
        return self.root / _REMOVED / name / folder / f"{file}{ENDING}"

    def drop_aside(self, name: str) -> None:
        """Delete a mailbox that was set aside."""
        shutil.rmtree(self.root / _REMOVED / name)

    def names(self) -> list[str]:
        """The mailboxes that have a folder."""
        return [
            each.name.replace("%2E", ".")
            for each in self.root.iterdir()
            if each.is_dir() and not each.name.startswith(".")
        ]

    def is_there(self, mailbox: str) -> bool:
        """Whether a mailbox has a folder: one with messages has, unless its disk is away."""
        return self.of(mailbox).is_dir()

    def room_for(self, mailbox: str, *, is_used: bool) -> int:
        """Octets that are free for a message; `is_used` where the mailbox has others.

        Raises OSError where the folder is not there.
        """
        self.open()
        if is_used and not self.is_there(mailbox):
            raise FileNotFoundError(f"the folder of {mailbox} is away")
        return shutil.disk_usage(self.root).free


def _places(mailbox: Path) -> dict[str, str]:
    """In which folder each message of a mailbox is, by its id."""
    return {path.stem: path.parent.name for path in _messages(mailbox)}


def _messages(mailbox: Path) -> list[Path]:
    """The messages in both folders of a mailbox; the new ones come last."""
    folders = (mailbox / OLD, mailbox / NEW)
    found = (path for folder in folders if folder.is_dir() for path in folder.iterdir())
    return [path for path in found if path.suffix == ENDING]
