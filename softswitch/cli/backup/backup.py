"""`softswitch backup`: all that a switch keeps goes into one file, also while it runs.

Files of mailboxes and prompts are read before the database and, where they are new, after it: so
each that the copied database names is there, though calls go on.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Annotated

import typer

from softswitch.cli.asking.entrance import read_plainly
from softswitch.cli.backup.archive import ArchiveWriter, is_backup
from softswitch.cli.backup.contents import (
    PASSWORDS,
    RECORDINGS,
    SETTINGS,
    BackupContents,
    files_below,
)
from softswitch.cli.backup.swapping import sync_folder
from softswitch.cli.exits import NOT_RUN, WRONG_SETTINGS, fail
from softswitch.cli.options import DEFAULT_FILE, ConfigFile
from softswitch.shipped.files import DEFAULTS
from softswitch.store.copies.database_copies import DatabaseRefuses, copied_as, copy_database

PARTIAL = ".partial"
"The end of the name of a backup that is being written."
COPY = ".database"
"The end of the name of the copy of the database meanwhile."


def backup_command(
    file: Annotated[Path, typer.Argument(help="The file; compressed if it ends in .gz.")],
    *,
    recordings: Annotated[
        bool, typer.Option("--recordings", help="With the recordings of calls.")
    ] = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Copy all that the switch keeps into one file. It may run meanwhile."""
    contents = BackupContents.of(config, read_plainly(config))
    try:
        if file.exists() and not is_backup(file):
            fail(
                [f"{file} is no backup and is not replaced: expected another name"], WRONG_SETTINGS
            )
        with _partial(file) as stream:
            counted = _write(stream, file, contents, with_recordings=recordings)
            _partial_of(file).replace(file)
            sync_folder(file.absolute().parent)
    except DatabaseRefuses as error:
        fail([str(error)], NOT_RUN)
    except OSError as error:
        fail([f"{error.filename or file}: {error.strerror}"], NOT_RUN)
    shown = ", ".join(f"{name} {count}" for name, count in counted.items())
    typer.echo(f"{file}: {file.stat().st_size / 1e6:.1f} MB, {shown}")
    typer.echo("it holds passwords: whoever reads it can be every phone and user", err=True)


@contextmanager
def _partial(file: Path) -> Iterator[IO[bytes]]:
    """A file beside the backup, which only its owner can read, and only one of us writes."""
    partial = _partial_of(file)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    with open(os.open(partial, flags, 0o600), "r+b") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail([f"{partial} is being written by another backup"], NOT_RUN)
        # What is left of another one, or was put there, may be long and open to all.
        os.fchmod(stream.fileno(), 0o600)
        stream.truncate(0)
        try:
            yield stream
        finally:
            partial.unlink(missing_ok=True)


def _partial_of(file: Path) -> Path:
    return file.with_name(file.name + PARTIAL)


def _write(
    stream: IO[bytes], file: Path, contents: BackupContents, *, with_recordings: bool
) -> Counter[str]:
    """Write all of it; returns the numbers of files of each part."""
    archive = ArchiveWriter(stream, file.name)
    counted: Counter[str] = Counter()
    if contents.config != DEFAULTS and archive.add(SETTINGS, contents.config):
        counted["settings"] = 1
    if archive.add(PASSWORDS, contents.passwords):
        counted["passwords"] = 1
    folders = {
        name: folder
        for name, folder in contents.folders.items()
        if name != RECORDINGS or with_recordings
    }
    _add_new(archive, folders, counted)
    copy = file.with_name(file.name + COPY)
    try:
        copy.unlink(missing_ok=True)
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        schema = copy_database(contents.url, copy)
        archive.add(copied_as(contents.url), copy)
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            Path(f"{copy}{end}").unlink(missing_ok=True)
    counted["database"] = 1
    _add_new(archive, folders, counted)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    archive.close(version("softswitch"), now, schema)
    return counted


def _add_new(archive: ArchiveWriter, folders: dict[str, Path], counted: Counter[str]) -> None:
    """Add what is in the folders, and not yet in the backup."""
    for name, folder in folders.items():
        for below in files_below(folder):
            member = f"{name}/{below}"
            if member not in archive.files and archive.add(member, folder / below):
                counted[name] += 1
