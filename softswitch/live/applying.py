"""Applies changes to the entries of the store: each is judged by itself, in its order.

What is wrong is gathered. A stand-in takes the place of an entry that is wrong, so that others
that name it can be judged all the same.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from softswitch.live.changes import (
    LONGEST_NAME,
    Action,
    Applied,
    EntryChange,
    EntryExists,
    EntryFixed,
    EntryOutdated,
    Look,
    NoSuchEntry,
    NotChanged,
    etag_of,
    row_of,
)
from softswitch.live.kinds_of_entries import Body, EntryKind, EntryRefused, free_name, typed
from softswitch.live.snapshot import Entry, Place, SettingsMistake, Snapshot
from softswitch.settings.mistakes import did_you_mean
from softswitch.settings.remains import STAND_INS, stand_in
from softswitch.store.database.changes import Change
from softswitch.store.exchange import settings_entries


def applied(
    snapshot: Snapshot,
    changes: Sequence[EntryChange],
    by: str,
    look: Look,
    now: Callable[[], float] = time.time,
    *,
    alone: bool = False,
) -> Applied:
    """Judge each change by itself.

    `alone`: a change that cannot be made raises NoSuchEntry, EntryFixed, EntryExists and
    EntryOutdated; else it is one of the mistakes.
    """
    work = _Work(snapshot, by, look, now())
    for index, change in enumerate(changes):
        try:
            work.do(index, change)
        except NotChanged as error:
            if alone:
                raise
            work.mistakes.append(SettingsMistake(_called(change), error.wrong, change=index))
    return work.done()


def _called(change: EntryChange) -> str:
    """What sentences call the entry of a change."""
    named = change.name or change.kind.name_of(change.body or {})
    return f"{change.kind.singular} {named[:LONGEST_NAME]}".rstrip()


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
        self._unknown: set[str] = set()
        self.mistakes: list[SettingsMistake] = []

    def do(self, index: int, change: EntryChange) -> None:
        """Apply one change, or note what is wrong with it."""
        try:
            entry = self._entry(change)
        except EntryRefused as error:
            called = _called(change)
            for key, wrong in error.mistakes:
                where = f"{called}: {key}" if key else called
                self.mistakes.append(SettingsMistake(where, wrong, change=index, field=key))
            if change.action is Action.ADD:
                self._stand_in(index, change, error)
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
            mistakes=self.mistakes,
            unknown=frozenset(self._unknown),
        )

    def _stand_in(self, index: int, change: EntryChange, refused: EntryRefused) -> None:
        """Let others name an entry that is wrong by itself: nothing is wrong with them."""
        kind, body = change.kind, _without_none(change.body or {})
        name = kind.name_of(body)
        try:
            self._look_for(kind, name)
        except EntryExists as error:
            self.mistakes.append(SettingsMistake(_called(change), error.wrong, change=index))
            return
        stands = _without_wrong(kind, body, refused)
        if stands is None:
            self._unknown.add(kind.section)
            return
        name = free_name(name, self._of_kind(kind)) if kind.is_ordered else name
        self._of_kind(kind)[name] = self._new(change, name, body, stands)
        self._places[kind.plural, name] = index

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
        model = self._model(change, body)
        body = typed(body, model)
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
        model = self._model(change, body)
        body = typed(body, model)
        name = kind.name_of(body)
        if len(name) > LONGEST_NAME or not name.isprintable():
            raise EntryRefused(
                [(kind.keys[0], f"expected at most {LONGEST_NAME} printable characters")]
            )
        if kind.is_ordered:
            name = free_name(name, {**self._snapshot.fixed[kind.plural], **self._of_kind(kind)})
        self._look_for(kind, name)
        return self._new(change, name, body, model)

    def _look_for(self, kind: EntryKind, name: str) -> None:
        """Whether the name is free. Raises EntryExists."""
        if kind.is_ordered:
            return
        if name in self._snapshot.fixed[kind.plural]:
            where = f"fixed in {self._snapshot.path}"
        elif name in self._of_kind(kind):
            other = self._places.get((kind.plural, name))
            where = "" if other is None else f"added by changes[{other}]"
        else:
            return
        wrong = ", ".join(filter(None, ("is there already", where)))
        raise EntryExists(f"{kind.singular} {name} {wrong}", f"{wrong}, expected another")

    def _new(self, change: EntryChange, name: str, body: Body, model: BaseModel) -> Entry:
        plural = change.kind.plural
        self._last[plural] += 1
        return Entry(
            kind=change.kind,
            name=name,
            body=body,
            model=model,
            position=self._last[plural] if change.position is None else change.position,
            version=1,
            changed_at=self._now,
            changed_by=self._by,
        )

    def _model(self, change: EntryChange, body: Body) -> BaseModel:
        kind = change.kind
        model = kind.read(body)
        if change.type and getattr(model, "type", "") != change.type:
            raise EntryRefused([("type", f"expected {change.type!r}, or no type, here")])
        if mistakes := list(self._look(model)):
            raise EntryRefused(mistakes)
        return model

    def _old(self, change: EntryChange) -> Entry:
        """The entry that is changed, which must be what the requester expects."""
        kind, name = change.kind, change.name
        old = self._of_kind(kind).get(name)
        if old is None:
            if name in self._snapshot.fixed[kind.plural]:
                raise EntryFixed(f"{kind.singular} {name} {self._fixed()}", self._fixed())
            short = name[:LONGEST_NAME]
            near = did_you_mean(short, self._of_kind(kind))
            raise NoSuchEntry(
                f"no {kind.singular} {short!r}{near}",
                f"is not there{near}" if name else "expected the name of an entry",
            )
        if change.expected is not None and etag_of(old) not in change.expected:
            meanwhile = "meanwhile, expected the ETag of what it is now"
            raise EntryOutdated(
                f"{old.changed_by} has changed {kind.singular} {name} {meanwhile}",
                f"{old.changed_by} has changed it {meanwhile}",
            )
        return old

    def _fixed(self) -> str:
        return f"is fixed in {self._snapshot.path}: change it there and reload"


def _changed_body(old: Entry, change: EntryChange) -> Body:
    given = dict(change.body or {})
    if change.action is Action.CHANGE:
        return _without_none({**old.body, **given})
    secrets = {name for name, each in type(old.model).model_fields.items() if not each.repr}
    kept = {key: value for key, value in old.body.items() if key in secrets}
    return _without_none({**kept, **given})


def _without_wrong(kind: EntryKind, body: Body, refused: EntryRefused) -> BaseModel | None:
    """An entry of what is right of a body; without it, a stand-in; None where it has no name.

    Keys that begin with the same word as a wrong one are left out, too: they may depend on it.
    """
    wrong = {re.split(r"[._\[]", key, maxsplit=1)[0] for key, _ in refused.mistakes}
    rest = {key: value for key, value in body.items() if key.split("_")[0] not in wrong}
    try:
        return kind.read(rest)
    except EntryRefused:
        if kind.section not in STAND_INS:
            return None
    stands = stand_in(kind.section, 0, body)
    return stands.entry if stands.is_named else None


def _without_none(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value is not None}
