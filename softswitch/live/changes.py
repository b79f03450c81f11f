"""Changes of entries: what is asked for, and what becomes of the entries of the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b
from typing import Any

import msgspec
from pydantic import BaseModel

from softswitch.live.kinds_of_entries import (
    BY_PLURAL,
    Body,
    EntryKind,
    EntryRefused,
    free_name,
    shown,
)
from softswitch.live.snapshot import Entry, Mistakes, Place, SettingsMistake, Snapshot
from softswitch.store.database.changes import Change
from softswitch.store.exchange import settings_entries
from softswitch.store.exchange.settings_entries import EntryRow

LONGEST_NAME = 200
"Characters of the name of an entry: it is a key of the database."

Look = Callable[[EntryKind, BaseModel], Iterator[tuple[str, str]]]
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
    position: int | None = None
    "Where it is to stand, for lists whose order matters."
    expected: frozenset[str] | None = None
    "ETags of which the entry must have one now; None: whatever it is."


class NoSuchEntry(LookupError):
    """There is no entry of that name."""


class EntryFixed(Exception):
    """The entry is one of the settings file, which alone can change it."""


class EntryExists(Exception):
    """There is an entry of that name already."""


class EntryOutdated(Exception):
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


def etag_of(entry: Entry | BaseModel) -> str:
    """What tells one state of an entry from all others, without telling its secrets."""
    if isinstance(entry, Entry):
        return f'"{entry.version:x}-{round(entry.changed_at * 1e6):x}"'
    seen = msgspec.json.encode(shown(entry))
    return f'"file-{blake2b(seen, digest_size=8).hexdigest()}"'


def applied(
    snapshot: Snapshot,
    changes: Sequence[EntryChange],
    by: str,
    look: Look,
    now: Callable[[], float] = time.time,
) -> Applied:
    """Judge each change by itself. Raises Mistakes with all that is wrong.

    Where there is one change only, also NoSuchEntry, EntryFixed, EntryExists and EntryOutdated.
    """
    work = _Work(snapshot, by, look, now())
    for index, change in enumerate(changes):
        try:
            work.do(index, change)
        except (EntryExists, EntryFixed, EntryOutdated, NoSuchEntry) as error:
            if len(changes) == 1:
                raise
            work.mistakes.append(SettingsMistake("", str(error.args[0]), change=index))
    if work.mistakes:
        raise Mistakes(work.mistakes)
    return work.done()


class _Work:
    """The entries while changes are applied to them."""

    def __init__(self, snapshot: Snapshot, by: str, look: Look, now: float) -> None:
        self._snapshot = snapshot
        self._by = by
        self._look = look
        self._now = now
        self._entries: dict[str, dict[str, Entry]] = {}
        self._last = {
            plural: max((entry.position for entry in of_kind.values()), default=0)
            for plural, of_kind in snapshot.entries.items()
        }
        self._results: list[Entry | None] = []
        self._places: dict[Place, int] = {}
        self._writes: dict[Place, Change] = {}
        self.mistakes: list[SettingsMistake] = []

    def do(self, index: int, change: EntryChange) -> None:
        """Apply one change, or note what is wrong with it."""
        try:
            entry = self._entry(change)
        except EntryRefused as error:
            named = change.name or change.kind.name_of(change.body or {})
            called = f"{change.kind.singular} {named[:LONGEST_NAME]}".rstrip()
            for key, wrong in error.mistakes:
                where = f"{called}: {key}" if key else called
                self.mistakes.append(SettingsMistake(where, wrong, change=index))
            return
        name = change.name if entry is None else entry.name
        place = (change.kind.plural, name)
        of_kind = self._of_kind(change.kind)
        if entry is None:
            del of_kind[name]
            self._writes[place] = settings_entries.drop(*place)
        else:
            of_kind[name] = entry
            self._writes[place] = settings_entries.save(row_of(entry))
        self._places[place] = index
        self._results.append(entry)

    def done(self) -> Applied:
        """What all changes lead to."""
        return Applied(
            entries={**self._snapshot.entries, **self._entries},
            results=self._results,
            places=self._places,
            writes=list(self._writes.values()),
        )

    def _of_kind(self, kind: EntryKind) -> dict[str, Entry]:
        if kind.plural not in self._entries:
            self._entries[kind.plural] = dict(self._snapshot.entries[kind.plural])
        return self._entries[kind.plural]

    def _entry(self, change: EntryChange) -> Entry | None:
        """What the change makes of its entry; None removes it."""
        if change.action is Action.ADD:
            return self._added(change)
        old = self._old(change)
        if change.action is Action.REMOVE:
            return None
        body = _changed_body(old, change)
        model = self._model(change.kind, body)
        body = change.kind.typed(body, model)
        if change.kind.name_of(body) != change.kind.name_of(old.body):
            key = next(key for key in change.kind.keys if key in old.body)
            raise EntryRefused([(key, "expected the same; add another entry and remove this one")])
        position = old.position if change.position is None else change.position
        return replace(
            old,
            body=body,
            model=model,
            position=position,
            version=old.version + 1,
            changed_at=self._now,
            changed_by=self._by,
        )

    def _added(self, change: EntryChange) -> Entry:
        kind, body = change.kind, _without_none(change.body or {})
        model = self._model(kind, body)
        body = kind.typed(body, model)
        name = kind.name_of(body)
        if len(name) > LONGEST_NAME or not name.isprintable():
            raise EntryRefused(
                [(kind.keys[0], f"expected at most {LONGEST_NAME} printable characters")]
            )
        fixed, of_kind = self._snapshot.fixed[kind.plural], self._of_kind(kind)
        if kind.is_ordered:
            name = free_name(name, {**fixed, **of_kind})
        elif name in fixed:
            raise EntryExists(f"{kind.singular} {name} is there already, {self._fixed()}")
        elif name in of_kind:
            raise EntryExists(f"{kind.singular} {name} is there already")
        self._last[kind.plural] += 1
        return Entry(
            kind=kind,
            name=name,
            body=body,
            model=model,
            position=self._last[kind.plural] if change.position is None else change.position,
            version=1,
            changed_at=self._now,
            changed_by=self._by,
        )

    def _model(self, kind: EntryKind, body: Body) -> BaseModel:
        model = kind.read(body)
        if mistakes := list(self._look(kind, model)):
            raise EntryRefused(mistakes)
        return model

    def _old(self, change: EntryChange) -> Entry:
        """The entry that is changed, which must be what the requester expects."""
        kind, name = change.kind, change.name
        old = self._of_kind(kind).get(name)
        if old is None:
            if name in self._snapshot.fixed[kind.plural]:
                raise EntryFixed(f"{kind.singular} {name} {self._fixed()}")
            raise NoSuchEntry(f"no {kind.singular} {name[:LONGEST_NAME]!r}")
        if change.expected is not None and etag_of(old) not in change.expected:
            raise EntryOutdated(
                f"{old.changed_by} has changed {kind.singular} {name} meanwhile, "
                "expected the ETag of what it is now"
            )
        return old

    def _fixed(self) -> str:
        return f"is fixed in {self._snapshot.path}: change it there and reload"


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
        body=kind.typed(row.body, model),
        model=model,
        position=row.position,
        version=row.version,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )


def _changed_body(old: Entry, change: EntryChange) -> Body:
    given = dict(change.body or {})
    if change.action is Action.CHANGE:
        return _without_none({**old.body, **given})
    secrets = {name for name, each in type(old.model).model_fields.items() if not each.repr}
    kept = {key: value for key, value in old.body.items() if key in secrets}
    return _without_none({**kept, **given})


def _without_none(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value is not None}
