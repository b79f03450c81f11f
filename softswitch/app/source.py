"""Where the settings come from when they are read again, and the files that their entries name."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from softswitch.app.check_files import entry_mistakes
from softswitch.app.exchange.prompts_in_scripts import played_still
from softswitch.app.reading import read_beside
from softswitch.live.live_settings import Source
from softswitch.settings.load import Settings
from softswitch.settings.passwords import Passwords, collect


def source_of(path: Path, settings: Settings) -> Source:
    """The settings file; random passwords stay in the file in which they were at the start."""
    storage = settings.storage

    def collected(both: Settings) -> Passwords:
        return collect(both.model_copy(update={"storage": storage}))

    return Source(
        path=path,
        read=partial(read_beside, path),
        collect=collected,
        look=lambda entry: entry_mistakes(entry, settings),
        named_still=played_still,
    )


def unchanging(settings: Settings, passwords: Passwords) -> Source:
    """Settings and passwords that were given, and stay; what the store adds gets its own."""

    def collected(both: Settings) -> Passwords:
        found = collect(both)
        phones = {each: passwords.phones.get(each, own) for each, own in found.phones.items()}
        http = {each: passwords.http.get(each, own) for each, own in found.http.items()}
        return replace(found, phones=phones, http=http)

    return Source(
        path=Path("the settings"),
        read=lambda: settings,
        collect=collected,
        look=lambda entry: entry_mistakes(entry, settings),
        named_still=played_still,
    )
