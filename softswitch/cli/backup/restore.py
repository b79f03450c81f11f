"""`softswitch restore`: a switch that does not run becomes what a backup says."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Annotated

import typer

import softswitch
from softswitch.cli.asking.entrance import read_plainly
from softswitch.cli.backup.archive import Archive, NotABackup
from softswitch.cli.backup.contents import FOLDERS, PASSWORDS, SCRIPTS, SETTINGS, BackupContents
from softswitch.cli.backup.swapping import Swap, put_all, sync_folder
from softswitch.cli.exits import NOT_RUN, WRONG_SETTINGS, fail
from softswitch.cli.options import DEFAULT_FILE
from softswitch.settings.plain import places
from softswitch.settings.plain.keys import PlainSettings
from softswitch.settings.toml import NotToml
from softswitch.shipped.files import DEFAULTS
from softswitch.store.copies.database_copies import (
    POSTGRESQL,
    SQLITE,
    DatabaseRefuses,
    copied_as,
    fill_database,
    held,
)

FILES = frozenset((SETTINGS, PASSWORDS, SQLITE, POSTGRESQL))
NAMES = frozenset((SCRIPTS, *FOLDERS))
"The folders that a backup may have."


def restore_command(
    file: Annotated[Path, typer.Argument(help="What `softswitch backup` has written.")],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also where something is; that is set aside.")
    ] = False,
    config: Annotated[
        Path, typer.Option("--config", help="Where the settings file goes.")
    ] = DEFAULT_FILE,
) -> None:
    """Put a backup in place. The switch must not run."""
    try:
        with Archive(file, FILES, NAMES) as archive:
            _refuse_newer(archive)
            contents = _contents(archive, config)
            with held(contents.url, places.terminal_key_file(contents.passwords)):
                formers = _restore(archive, contents, force=force)
    except NotABackup as error:
        fail([f"{file}: {error}", "nothing was changed"], NOT_RUN)
    except DatabaseRefuses as error:
        fail([str(error), "nothing was changed"], NOT_RUN)
    except OSError as error:
        fail([f"{error.filename or file}: {error.strerror}"], NOT_RUN)
    about = archive.about
    typer.echo(f"the switch of {about.made_at} is in place: {len(about.files)} files")
    for former in formers:
        typer.echo(f"what was there is now {former}")
    typer.echo(f"`softswitch check --config {config}` judges its settings")


def _refuse_newer(archive: Archive) -> None:
    """Raise NotABackup where an older version of us could not read its database."""
    newest, schema = _newest_schema(), archive.about.schema
    if not schema.isdigit() or int(schema) > newest:
        raise NotABackup(
            f"it was made by softswitch {archive.about.softswitch[:40]}, whose database (revision "
            f"{schema[:40]!r}) this version does not know: expected at most {newest}"
        )


def _newest_schema() -> int:
    """The newest revision of the database that this version knows."""
    folder = Path(softswitch.__file__).parent / "store/migrations/versions"
    found = (re.match(r"([0-9]+)_", each.name) for each in folder.iterdir())
    return max(int(each[1]) for each in found if each)


def _contents(archive: Archive, config: Path) -> BackupContents:
    """Where the files go: as the settings of the backup say, or else those that are there."""
    if SETTINGS not in archive.about.files:
        source = config if config.exists() else DEFAULTS
        return BackupContents.of(config, read_plainly(source))
    octets = next(content.read() for name, _, content in archive.members() if name == SETTINGS)
    try:
        return BackupContents.of(config, PlainSettings.of_octets(octets))
    except NotToml as error:
        raise NotABackup(f"{SETTINGS}:{error.line}:{error.column} in it: {error}") from None


def _restore(archive: Archive, contents: BackupContents, *, force: bool) -> list[Path]:
    """Unpack all, then put it in place; returns what was set aside."""
    copy = copied_as(contents.url)
    if copy not in archive.about.files:
        raise NotABackup(f"its settings name {_kind(contents.url)}, but it holds another database")
    swaps = dict(_swaps(archive, contents))
    taken = [str(swap.place) for swap in swaps.values() if swap.is_taken()]
    if taken and not force:
        fail(
            [f"{', '.join(taken)}: already there", "--force sets that aside and restores"],
            WRONG_SETTINGS,
        )
    try:
        dump = _unpack(archive, swaps, contents)
        if dump is not None:
            fill_database(contents.url, dump)
        return put_all(swaps.values(), contents.unfinished)
    finally:
        for swap in swaps.values():
            swap.clear()
        _dump_of(contents).unlink(missing_ok=True)


def _kind(url: str) -> str:
    return "PostgreSQL" if places.sqlite_file(url) is None else "SQLite"


def _swaps(archive: Archive, contents: BackupContents) -> Iterator[tuple[str, Swap]]:
    """What is replaced, by its name in the backup: only what the backup has."""
    names = {name.partition("/")[0] for name in archive.about.files}
    database = places.sqlite_file(contents.url)
    files = {SETTINGS: contents.config, PASSWORDS: contents.passwords}
    if database is not None:
        files[SQLITE] = database
    for name, place in {**files, **contents.folders}.items():
        if name in names:
            yield name, Swap(place)


def _dump_of(contents: BackupContents) -> Path:
    """Where the copy of a database of PostgreSQL is unpacked."""
    return contents.passwords.with_name("restoring.pgdump")


def _unpack(archive: Archive, swaps: dict[str, Swap], contents: BackupContents) -> Path | None:
    """Unpack all beside its place; returns the dump of a database of PostgreSQL."""
    dump = None
    for swap in swaps.values():
        swap.clear()
        swap.place.parent.mkdir(parents=True, exist_ok=True)
    for name, mode, content in archive.members():
        part, _, below = name.partition("/")
        if part in swaps:
            target = swaps[part].unpacked / below if below else swaps[part].unpacked
        elif name == POSTGRESQL:
            target = dump = _dump_of(contents)
        else:
            continue
        _write(target, mode, content, top=target if not below else swaps[part].unpacked)
    return dump


def _write(target: Path, mode: int, content: IO[bytes], *, top: Path) -> None:
    """Write a file that is not there yet, and the folders above it, below `top`."""
    if top != target:
        top.mkdir(mode=0o700, exist_ok=True)
    for folder in reversed(target.parents):
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with suppress(FileNotFoundError):
        if top == target:
            target.unlink()
    with open(os.open(target, flags, 0o600), "wb") as stream:
        shutil.copyfileobj(content, stream, 1024 * 1024)
        os.fchmod(stream.fileno(), mode)
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(target.parent)
