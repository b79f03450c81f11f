"""Which reader a file is for: its name says it, or whoever imports it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from softswitch.live.imports.extensions_conf import read_extensions_conf
from softswitch.live.imports.imported import Imported
from softswitch.live.imports.pjsip import read_pjsip
from softswitch.live.imports.users_csv import read_users_csv

FORMATS: Mapping[str, Callable[[str], Imported]] = {
    "users": read_users_csv,
    "pjsip": read_pjsip,
    "extensions": read_extensions_conf,
}
"The readers by the names of their formats."


def format_of(file: Path) -> str:
    """The format that the name of a file tells; empty where it tells none."""
    if file.suffix.lower() == ".csv":
        return "users"
    return next((name for name in FORMATS if file.name.lower().startswith(name)), "")
