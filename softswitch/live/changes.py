"""Changes of entries: what is asked for, and what becomes of the entries of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

import msgspec
from pydantic import BaseModel

from softswitch.live.kinds_of_entries import (
    BY_PLURAL,
    Body,
    EntryKind,
    shown,
    typed,
)
from softswitch.live.snapshot import Entry, Place, SettingsMistake
from softswitch.store.database.changes import Change
from softswitch.store.exchange.settings_entries import EntryRow

LONGEST_NAME = 200
"Characters of the name of an entry: it is a key of the database."

Look = Callable[[BaseModel], Iterator[tuple[str, str]]]
"Looks at the files that an entry names: key and what is wrong, for each mistake."


class Action(StrEnum):
    """What a change does."""

    ADD = "add"
    CHANGE = "change"
    "Of some keys; those that are None go back to their defaults."
    REPLACE = "replace"
    "Of all keys but the secrets, which stay unless they are named."
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChange:
    """One change that is asked for."""

    action: Action
    kind: EntryKind
    name: str = ""
    "Of the entry; what is added has the name that its keys give it."
    body: Body | None = None
    "Keys and values as in the settings file; None values are for CHANGE."
    type: str = ""
    "Of which type an extension must be then; empty: of any."
    position: int | None = None
    "Where it is to stand, for lists whose order matters."
    expected: frozenset[str] | None = None
    "ETags of which the entry must have one now; None: whatever it is."


class NotChanged(Exception):
    """A change that cannot be made, whatever its keys are."""

    def __init__(self, sentence: str, wrong: str = "") -> None:
        """`wrong` is the same for somebody who is told the entry before."""
        super().__init__(sentence)
        self.wrong = wrong or sentence


class NoSuchEntry(NotChanged):
    """There is no entry of that name."""


class EntryFixed(NotChanged):
    """The entry is one of the settings file, which alone can change it."""


class EntryExists(NotChanged):
    """There is an entry of that name already."""


class EntryOutdated(NotChanged):
    """The entry is no longer what the requester has seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What changes lead to; nothing has changed yet."""

    entries: Mapping[str, Mapping[str, Entry]]
    results: Sequence[Entry | None]
    "Of each change what it leads to; None for what is removed."
    places: Mapping[Place, int]
    "Which change each changed entry comes from, from 0."
    writes: Sequence[Change]
    mistakes: Sequence[SettingsMistake] = ()
    "What is wrong with changes by themselves; stand-ins are then where their entries would be."
    unknown: frozenset[str] = frozenset()
    "Tables of which entries could not even be named."


def etag_of(entry: Entry | BaseModel) -> str:
    """What tells one state of an entry from all others, without telling its secrets."""
    if isinstance(entry, Entry):
        return f'"{entry.version:x}-{round(entry.changed_at * 1e6):x}"'
    seen = msgspec.json.encode(shown(entry))
    return f'"file-{blake2b(seen, digest_size=8).hexdigest()}"'


def row_of(entry: Entry) -> EntryRow:
    """The entry as it is on disk."""
    return EntryRow(
        kind=entry.kind.plural,
        name=entry.name,
        body=dict(entry.body),
        position=entry.position,
        version=entry.version,
        changed_at=entry.changed_at,
        changed_by=entry.changed_by,
    )


def entry_of(row: EntryRow) -> Entry:
    """The entry of a row. Raises EntryRefused, and KeyError for a kind that there is not."""
    kind = BY_PLURAL[row.kind]
    model = kind.read(row.body)
    return Entry(
        kind=kind,
        name=row.name,
        body=typed(row.body, model),
        model=model,
        position=row.position,
        version=row.version,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )
