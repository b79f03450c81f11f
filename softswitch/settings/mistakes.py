"""The line for a mistake in the settings: where it stands, its key, the entry's name, and why."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

PREFIX = "SOFTSWITCH_"
"How the environment variables begin that override the file."

NAMES = ("number", "range", "name", "username", "system_id")
"Keys by which the operator knows an entry of a list."
LONGEST_NAME = 64
MOST_NAMES = 200
"Names among which one that is near is looked for: more would take a while for every mistake."


def line(file: Path, key: str, wrong: str, settings: object) -> str:
    """One line for one mistake.

    `settings` are what the file says or the models made of it; they name the entry of a list,
    where the list does not come from the environment instead.
    """
    source = source_of(file, key)
    from_file = isinstance(settings, Mapping) and source == str(file)
    known = from_file or not isinstance(settings, Mapping)
    return f"{source}: {counted(key)}{_entry(settings, key) if known else ''}: {wrong}"


@lru_cache(maxsize=1024)
def nearest(name: str, known: frozenset[str]) -> str | None:
    """The known name that a wrong one may stand for; None where no name is near."""
    if not 0 < len(known) <= MOST_NAMES:
        return None
    found = difflib.get_close_matches(name[:LONGEST_NAME], sorted(known), n=1)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about a wrong name: `, did you mean carrier?`, or nothing."""
    near = nearest(name, frozenset(known))
    return "" if near is None else f", did you mean {near}?"


def counted(key: str) -> str:
    """A key with the entries of lists counted as people do: `extensions #1.url` is the first's."""
    return re.sub(r"\[([0-9]+)\]", lambda index: f" #{int(index[1]) + 1}", key)


def source_of(file: Path, key: str) -> str:
    """Where a value comes from: the variable of its key or of a table around it, or the file."""
    parts = re.findall(r"\w+", key.upper())
    for end in range(len(parts), 0, -1):
        variable = PREFIX + "__".join(parts[:end])
        if variable in os.environ:
            return variable
    return str(file)


def _entry(settings: object, key: str) -> str:
    """` (number 600)` for a key of that extension; nothing for keys outside of lists."""
    found, part = "", settings
    for step in re.findall(r"\w+", key):
        part = _below(part, step)
        if step.isdigit():
            names = ((name, _below(part, name)) for name in NAMES)
            found = next((f" ({name} {value})" for name, value in names if _is_name(value)), found)
    return found


def _below(part: object, step: str) -> object:
    if isinstance(part, Mapping):
        return part.get(step)
    if isinstance(part, list | tuple) and step.isdigit():
        return part[int(step)] if int(step) < len(part) else None
    return getattr(part, step, None)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and 0 < len(value) <= LONGEST_NAME
