"""Reads the settings from file and environment; every mistake becomes one line.

Read in this order, the later ones winning: the defaults in `softswitch/settings/`, the TOML file,
environment variables (`SOFTSWITCH_SIP__DOMAIN=example.org`; lists as JSON). A key that the models
do not have is an error. `config/softswitch.toml` shows every key once.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from softswitch.settings.contradictions import contradictions
from softswitch.settings.findings import finding, unknown
from softswitch.settings.mistakes import PREFIX, line
from softswitch.settings.remains import remains_of
from softswitch.settings.tables import Settings
from softswitch.settings.toml import NotToml, read_toml

__all__ = ["ConfigurationError", "Settings", "load"]

NEARLY = 0.8
"The likeness from which a variable counts as a misspelt name of ours; 1 is the same."


class ConfigurationError(Exception):
    """The operator's mistakes, one line each: file, key, what was expected."""

    def __init__(self, lines: Sequence[str], rest: Settings | None = None) -> None:
        """`rest` are the settings without what is wrong, whose files can still be looked at."""
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)
        self.rest = rest


def load(path: Path) -> Settings:
    """Read the settings, raising ConfigurationError with one line for every mistake."""
    table = _read(path)
    lines = list(_unknown_variables())
    try:
        settings = Settings(**table)
    except ValidationError as error:
        details = error.errors()
        lines += [finding(path, detail, table) for detail in details]
        remains = remains_of(table, details)
        if remains is None:
            raise ConfigurationError(lines) from None
        rest = remains.settings
        found = contradictions(rest, remains.unknown)
        lines += [line(path, key, wrong, rest) for key, wrong in found]
        raise ConfigurationError(lines, rest) from None
    except SettingsError as error:
        raise ConfigurationError([*lines, _unreadable_variable(error)]) from None
    lines += [line(path, key, wrong, settings) for key, wrong in contradictions(settings)]
    if lines:
        raise ConfigurationError(lines, settings)
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path.read_bytes())
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot be read: {error.strerror}"]) from None
    except NotToml as error:
        raise ConfigurationError([f"{path}:{error.line}:{error.column}: {error}"]) from None


def _unreadable_variable(error: SettingsError) -> str:
    """The line for a variable that begins like JSON and is none."""
    named = re.search(r'field "(\w+)"', str(error))
    variable = PREFIX + named[1].upper() if named else "environment"
    return f"{variable}: expected JSON, such as lists and tables need in a variable"


def _unknown_variables() -> Iterator[str]:
    """One line for every variable that would override a table if that had its name.

    Other variables may begin like ours: those of voices, or of container networks
    (`SOFTSWITCH_PORT_5060_TCP`). Without two underscores only what is nearly a name of ours counts.
    """
    known = list(Settings.model_fields)
    for variable in sorted(os.environ):
        if not variable.upper().startswith(PREFIX):
            continue
        name, nested, _ = variable[len(PREFIX) :].lower().partition("__")
        if name not in known and (nested or difflib.get_close_matches(name, known, 1, NEARLY)):
            yield f"{variable}: {name}: {unknown(name, known)}"
