"""The settings that hold now: those of the file and the entries of the store, as one value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel

from softswitch.live.kinds_of_entries import (
    ENTRY_KINDS,
    Body,
    EntryKind,
)
from softswitch.settings.contradictions import contradictions
from softswitch.settings.load import Settings
from softswitch.settings.mistakes import line
from softswitch.settings.passwords import Passwords

Place = tuple[str, str]
"A kind of entries in the plural, and the name of one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the store."""

    kind: EntryKind
    name: str
    body: Body = field(repr=False)
    model: BaseModel = field(repr=False)
    position: int
    version: int
    changed_at: float
    changed_by: str

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.kind.plural, self.name


class SettingsMistake(NamedTuple):
    """What is wrong with an entry, or with what others say of it."""

    where: str
    "The entry and the key, for people."
    wrong: str
    "A sentence."
    place: Place | None = None
    "The entry of the store that it is in; None for one of the file."
    change: int | None = None
    "The change that brings it, from 0, where that is known."
    field: str = ""
    "The key of the entry and the place in it, such as `ring_time` or `members[1].delay`."

    def __str__(self) -> str:
        return f"{self.where}: {self.wrong}" if self.where else self.wrong


class Mistakes(Exception):
    """The settings do not fit together; nothing has changed."""

    def __init__(self, found: Sequence[SettingsMistake]) -> None:
        super().__init__("\n".join(map(str, found)))
        self.found = tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What holds at a time; another one takes its place when anything changes."""

    path: Path
    "The settings file, as sentences name it."
    file: Settings
    "What it says."
    fixed: Mapping[str, Mapping[str, BaseModel]]
    "The entries of the file, by kind and name."
    entries: Mapping[str, Mapping[str, Entry]]
    "Those of the store, by kind and name."
    settings: Settings
    "Both."
    passwords: Passwords = field(repr=False)

    def find(self, kind: EntryKind, name: str) -> BaseModel | Entry | None:
        """The entry of that name: a model of the file, or an entry of the store."""
        return self.fixed[kind.plural].get(name) or self.entries[kind.plural].get(name)

    def in_order(self, kind: EntryKind) -> Iterator[tuple[str, BaseModel | Entry]]:
        """All entries of a kind by their names, as they stand."""
        return _in_order(kind, self.fixed, self.entries)


def fixed_entries(
    file: Settings, before: Mapping[str, Mapping[str, BaseModel]] | None = None
) -> Mapping[str, Mapping[str, BaseModel]]:
    """The entries of a file by kind and name; what is as it was `before` is the same object."""
    found: dict[str, Mapping[str, BaseModel]] = {}
    for kind in ENTRY_KINDS:
        named = kind.names_of(kind.of(file))
        old = before[kind.plural] if before is not None else {}
        found[kind.plural] = {
            name: known if (known := old.get(name)) == entry and known is not None else entry
            for name, entry in named.items()
        }
    return found


def combined(
    path: Path,
    file: Settings,
    fixed: Mapping[str, Mapping[str, BaseModel]],
    entries: Mapping[str, Mapping[str, Entry]],
    collect: Callable[[Settings], Passwords],
    *,
    unknown: Set[str] = frozenset(),
    more: Callable[[Settings], Iterable[tuple[str, str]]] = lambda _: (),
) -> Snapshot:
    """File and store as one. Raises Mistakes where they do not fit together.

    `unknown` are tables of which not every entry is known, as for `contradictions`; `more` finds
    further mistakes of all settings, each with its key.
    """
    found: list[SettingsMistake] = []
    update: dict[str, object] = {}
    order: dict[str, Sequence[str | Entry]] = {}
    for kind in ENTRY_KINDS:
        both = fixed[kind.plural].keys() & entries[kind.plural].keys()
        found += (_twice(path, entries[kind.plural][name]) for name in sorted(both))
        in_order = list(_in_order(kind, fixed, entries))
        order[kind.place] = [each if isinstance(each, Entry) else name for name, each in in_order]
        models = [each.model if isinstance(each, Entry) else each for _, each in in_order]
        update |= kind.put(file, models)
    if found:
        raise Mistakes(found)
    settings = file.model_copy(update=update)
    wrong = [*more(settings)]
    if any(entries.values()):  # the file alone is right: it was judged when it was read
        wrong += contradictions(settings, unknown)
    found += (_mistake(path, file, order, key, _named(order, each)) for key, each in wrong)
    if found:
        raise Mistakes(found)
    return Snapshot(
        path=path,
        file=file,
        fixed=fixed,
        entries=entries,
        settings=settings,
        passwords=collect(settings),
    )


def _in_order(
    kind: EntryKind,
    fixed: Mapping[str, Mapping[str, BaseModel]],
    entries: Mapping[str, Mapping[str, Entry]],
) -> Iterator[tuple[str, BaseModel | Entry]]:
    """The entries of the file and of the store by their names, as they stand."""
    stored = list(entries[kind.plural].values())
    if kind.is_ordered:
        stored.sort(key=lambda entry: entry.position)
    before = [each for each in stored if kind.is_ordered and each.position < 0]
    yield from ((each.name, each) for each in before)
    yield from fixed[kind.plural].items()
    yield from ((each.name, each) for each in stored[len(before) :])


def _twice(path: Path, entry: Entry) -> SettingsMistake:
    return SettingsMistake(
        _called(entry),
        f"is in {path} and among what {entry.changed_by} added while the switch ran, "
        "expected it once",
        entry.place,
    )


def _mistake(
    path: Path, file: Settings, order: Mapping[str, Sequence[str | Entry]], key: str, wrong: str
) -> SettingsMistake:
    match = re.fullmatch(r"([a-z_.]+)\[([0-9]+)\](\..*)?", key)
    if match is not None and match[1] in order:
        known, at, inside = order[match[1]], int(match[2]), match[3] or ""
        entry = known[at]
        if isinstance(entry, Entry):
            where = ": ".join(filter(None, (_called(entry), inside[1:])))
            return SettingsMistake(where, wrong, entry.place, field=inside[1:])
        at -= sum(isinstance(each, Entry) for each in known[:at])
        key = f"{match[1]}[{at}]{inside}"
    return SettingsMistake(line(path, key, wrong, file).removesuffix(f": {wrong}"), wrong)


def _called(entry: Entry) -> str:
    return f"{entry.kind.singular} {entry.name}"


def _named(order: Mapping[str, Sequence[str | Entry]], wrong: str) -> str:
    """A sentence in which entries of the store are called by their names."""

    def called(match: re.Match[str]) -> str:
        known, at = order[match[1]], int(match[2]) - 1
        entry = known[at] if at < len(known) else ""
        if not isinstance(entry, Entry):
            return match[0]
        return _called(entry)

    lists = "|".join(re.escape(each) for each in order)
    return re.sub(rf"\b({lists}) #([0-9]+)", called, wrong)
