"""What an import makes of a file: entries with their lines, and what does not map."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class ImportedPlace(NamedTuple):
    """Where a value stands in a file."""

    line: int
    "From 1."
    called: str = ""
    "What it is called there, such as `column Ring Time`."


class ImportedEntry(NamedTuple):
    """An entry as it is to be added."""

    collection: str
    "`extensions`, `trunks` or `routes`."
    body: dict[str, Any]
    line: int
    "Where it begins in the file, from 1."
    places: Mapping[str, ImportedPlace] = {}
    "Where keys of the body stand in the file, as far as they do."

    def place(self, field: str) -> ImportedPlace:
        """Where a key of the body stands, and what is inside of it; else where the entry begins."""
        key = re.split(r"[.\[]", field, maxsplit=1)[0]
        return self.places.get(key) or ImportedPlace(self.line)


@dataclass(slots=True)
class Imported:
    """What was read of a file."""

    entries: list[ImportedEntry] = field(default_factory=list)
    mistakes: list[tuple[int, str]] = field(default_factory=list)
    "Lines that cannot be read, and what was expected."
    _left_out: Counter[str] = field(default_factory=Counter)
    _first: dict[str, int] = field(default_factory=dict)

    def leave_out(self, line: int, what: str) -> None:
        """Note that something there has no counterpart."""
        self._left_out[what] += 1
        self._first.setdefault(what, line)

    def left_out(self) -> Iterator[tuple[int, str]]:
        """What has no counterpart: its first line, what it is and how often it is there."""
        for what, line in sorted(self._first.items(), key=lambda each: each[1]):
            count = self._left_out[what]
            yield line, f"{what}: left out" + (f", {count} times" if count > 1 else "")
