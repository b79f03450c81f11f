"""What `/v1` says of entries, of changes and of a reload; `openapi.py` describes these classes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from pydantic import BaseModel

from softswitch.live.changes import Action, etag_of
from softswitch.live.kinds_of_entries import EntryKind, shown
from softswitch.live.reports import ReloadReport
from softswitch.live.snapshot import Entry

MOST = 1000
"Entries that one page has at most."
LARGEST_POSITION = 10**9
"Of a route: every database holds it, and those that follow."


class EntryShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of the settings."""

    name: Annotated[str, Meta(description="In its path: a number, a range, a name.")]
    fixed: Annotated[
        bool, Meta(description="Whether it is in the settings file, which alone can change it.")
    ]
    entry: Annotated[
        dict[str, Any], Meta(description="Its keys as in the settings file, without secrets.")
    ]
    secrets: Annotated[list[str], Meta(description="Secrets that it has; none is ever shown.")] = []
    etag: Annotated[str, Meta(description="For If-Match of a change.")]
    position: Annotated[
        int | None,
        Meta(description="Of a route: those below 0 stand before the file's, others behind them."),
    ] = None
    changed_at: Annotated[datetime | None, Meta(description="When it was changed last.")] = None
    changed_by: Annotated[str | None, Meta(description="By which user.")] = None


class EntriesShown(msgspec.Struct, frozen=True, kw_only=True):
    """A page of entries: the file's first, then those of the store in their order."""

    total: int
    entries: list[EntryShown]


class EntriesPage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of a list is wanted."""

    offset: Annotated[int, Meta(ge=0, description="Entries that are left out at first.")] = 0
    limit: Annotated[int, Meta(ge=1, le=MOST, description="Most entries of the answer.")] = 100


class ChangeAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One change of many."""

    action: Annotated[Action, Meta(description="replace keeps the secrets that it does not name.")]
    collection: Annotated[str, Meta(description="As in paths: extensions, groups, trunks …")]
    name: Annotated[str, Meta(description="Of the entry, for all but add.")] = ""
    entry: Annotated[
        dict[str, Any], Meta(description="Keys and values; null is the default of a key.")
    ] = {}
    position: (
        Annotated[int, Meta(ge=-LARGEST_POSITION, le=LARGEST_POSITION, description="Of a route.")]
        | None
    ) = None
    if_match: Annotated[str | None, Meta(description="The ETag that it must have now.")] = None


class ChangesAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes that are made together, or none of them."""

    changes: list[ChangeAsked]
    dry_run: Annotated[bool, Meta(description="Only say what would be wrong.")] = False


class ChangesGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same as it is read: one change after the other, so that all that is wrong is told."""

    changes: list[msgspec.Raw]
    dry_run: bool = False


class ChangesMade(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was changed."""

    changed: Annotated[int, Meta(description="How many; of a dry run, how many would be.")]
    dry_run: bool = False


class CountShown(msgspec.Struct, frozen=True, kw_only=True):
    """How many entries of a list have changed."""

    added: int
    changed: int
    removed: int


class Reloaded(msgspec.Struct, frozen=True, kw_only=True):
    """What a reload of the settings file has led to."""

    entries: Annotated[dict[str, CountShown], Meta(description="By list; only those changed.")]
    after_restart: Annotated[
        list[str], Meta(description="Keys that are new and take effect after a restart.")
    ]
    seconds: float


def show_entry(kind: EntryKind, name: str, found: Entry | BaseModel) -> EntryShown:
    """An entry of the file or of the store."""
    stored = found if isinstance(found, Entry) else None
    model, body = (found, None) if not isinstance(found, Entry) else (found.model, found.body)
    values, secrets = shown(model, body)
    if kind.plural == "extensions":
        values = {"type": getattr(model, "type", ""), **values}
    return EntryShown(
        name=name,
        fixed=stored is None,
        entry=values,
        secrets=list(secrets),
        etag=etag_of(found),
        position=stored.position if stored is not None and kind.is_ordered else None,
        changed_at=None if stored is None else datetime.fromtimestamp(stored.changed_at, UTC),
        changed_by=None if stored is None else stored.changed_by,
    )


def show_report(report: ReloadReport) -> Reloaded:
    """What a reload has led to."""
    return Reloaded(
        entries={
            plural: CountShown(added=each.added, changed=each.changed, removed=each.removed)
            for plural, each in report.entries.items()
        },
        after_restart=list(report.after_restart),
        seconds=round(report.seconds, 3),
    )
