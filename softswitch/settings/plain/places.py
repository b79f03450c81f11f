"""Where the switch keeps what outlives it, told by `storage.*` alone: files and their names."""

from __future__ import annotations

import re
from pathlib import Path

DATABASE = "sqlite:///data/softswitch.db"
"`storage.url` where the settings name none."


def sqlite_file(url: str) -> Path | None:
    """The file of a database of SQLite; None for other databases."""
    match = re.fullmatch(r"sqlite(?:\+\w+)?:///(.+)", url)
    return Path(match[1]) if match and match[1] != ":memory:" else None


def data_folder(url: str) -> Path:
    """Where files are that the settings give no other place: beside the database, or `data`."""
    database = sqlite_file(url)
    return database.parent if database else Path("data")


def passwords_file(url: str, named: Path | None) -> Path:
    """Where random passwords are kept; `named` by `storage.passwords`."""
    return named or data_folder(url) / "passwords.json"


def terminal_key_file(passwords: Path) -> Path:
    """Where a running switch says how it is asked from its own machine, beside the passwords."""
    return passwords.with_name("terminal.key")


def unfinished_restore(passwords: Path) -> Path:
    """The mark of a restore that has begun to replace files and has not ended."""
    return passwords.with_name("restore.unfinished")
