"""Single keys of the settings, as the file and the environment have them, without the models.

The models take longer to import than most commands of the terminal to run. So what such a command
needs is read here: unchecked, and also where something else in the file is wrong. The values are
those that `load` gives to the models; a test compares both.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from softswitch.settings.toml import NotToml, read_toml

PREFIX = "SOFTSWITCH_"
"How the variables begin that override the file: as in `mistakes.py`, which a test compares."
NEEDED = re.compile(r"\s*\[+\s*(storage|http|tls|voicemail)\b")
"How the tables begin that must be right, whatever else is wrong in the file."
_TABLES = re.compile(r"(?m)^(?=[ \t]*\[)")


class PlainSettings:
    """What the file and the environment say, key by key."""

    __slots__ = ("_environment", "_file")

    def __init__(self, file: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._file = file
        self._environment = {
            name.upper().removeprefix(PREFIX).lower(): value
            for name, value in environment.items()
            if name.upper().startswith(PREFIX)
        }

    @classmethod
    def read(cls, path: Path) -> PlainSettings:
        """Read a file. Raises OSError, and NotToml where a table that is needed cannot be read."""
        return cls.of_octets(path.read_bytes())

    @classmethod
    def of_octets(cls, octets: bytes) -> PlainSettings:
        """Read what a file holds. Raises NotToml."""
        try:
            table = read_toml(octets)
        except NotToml:
            rest = _readable_tables(octets)
            if rest is None:
                raise
            table = rest
        return cls(table, os.environ)

    def value(self, table: str, key: str) -> object:
        """The value of a key, from the environment where it is there; None where nothing says it.

        What came from the environment may be the text of a number or of a truth.
        """
        single = self._environment.get(f"{table}__{key}")
        if single is not None:
            return _of_variable(single)
        whole = _of_variable(self._environment.get(table, ""))
        for found in (whole, self._file.get(table)):
            if isinstance(found, Mapping) and found.get(key) is not None:
                value: object = found[key]
                return value
        return None

    def text(self, table: str, key: str, default: str = "") -> str:
        """A value that is a text; the default where it is not there, or none."""
        found = self.value(table, key)
        return found if isinstance(found, str) and found else default

    def path(self, table: str, key: str, default: str = "") -> Path | None:
        """A value that is a path; None where neither it nor the default is there."""
        found = self.text(table, key, default)
        return Path(found) if found else None

    def truth(self, table: str, key: str) -> bool:
        """A value that is true or false; false where it is not there."""
        found = self.value(table, key)
        return found is True or str(found).lower() in ("true", "1", "yes", "on", "t", "y")

    def entries(self, table: str, key: str) -> Iterator[Mapping[str, Any]]:
        """The entries of a list of tables."""
        found = self.value(table, key)
        for each in found if isinstance(found, list) else ():
            if isinstance(each, Mapping):
                yield each


def _of_variable(text: str) -> object:
    if text[:1] not in ("[", "{"):
        return text
    try:
        read: object = json.loads(text)
    except ValueError:
        return text
    return read


def _readable_tables(octets: bytes) -> dict[str, Any] | None:
    """The tables that can be read one by one; None where one that is needed cannot."""
    found: dict[str, Any] = {}
    for part in _TABLES.split(octets.decode("utf-8-sig", errors="replace")):
        try:
            table = tomllib.loads(part)
        except (tomllib.TOMLDecodeError, RecursionError):
            if NEEDED.match(part):
                return None
            continue
        _add(found, table)
    return found


def _add(found: dict[str, Any], table: Mapping[str, Any]) -> None:
    """Add a table, and below it its tables and lists of tables, to those before it."""
    for key, value in table.items():
        before = found.get(key)
        if isinstance(before, dict) and isinstance(value, Mapping):
            _add(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            before += value
        else:
            found[key] = value
