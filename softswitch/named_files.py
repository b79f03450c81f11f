"""Looks at what the settings name on disk, before the switch touches any of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from softswitch.config import ConfigurationError, Settings
from softswitch.directories import obstacle
from softswitch.mistakes import line
from softswitch.store.errors import StoreError
from softswitch.store.ownership import refusal
from softswitch.store.urls import read_url

Mistake = tuple[str, str]
"Key, and what is wrong with what it names."


def look_at_files(file: Path, settings: Settings) -> None:
    """See that the settings of that file name what is there, and may be used.

    Raises ConfigurationError with one line for every mistake. Paths are relative to the working
    directory, as they are when they are used.
    """
    lines = [line(file, key, wrong, settings) for key, wrong in _mistakes(settings)]
    if lines:
        raise ConfigurationError(lines)


def _mistakes(settings: Settings) -> Iterator[Mistake]:
    yield from _database(settings.storage.url)
    found = obstacle(settings.storage.recordings)
    if found is not None:
        yield "storage.recordings", f"{found}, expected a directory that can be written to"


def _database(url: str) -> Iterator[Mistake]:
    try:
        path = read_url(url).path
    except StoreError as error:
        yield "storage.url", str(error).removeprefix("storage.url: ")
        return
    refused = None if path is None else refusal(path)
    if refused is not None:
        yield "storage.url", refused
