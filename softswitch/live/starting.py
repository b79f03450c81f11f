"""File and store as one, at a start: what of the store does not fit any more is left out.

The file may have changed while the switch did not run, and a phone system that does not start helps
nobody. Entries that are left out stay in the store, and are named in the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from softswitch.live.changes import entry_of
from softswitch.live.kinds_of_entries import ENTRY_KINDS, EntryRefused
from softswitch.live.live_settings import LiveSettings, Source
from softswitch.live.snapshot import Entry, Mistakes, Snapshot, combined, fixed_entries
from softswitch.settings.load import Settings
from softswitch.store.exchange.settings_entries import EntryRow
from softswitch.store.store import Store

log = structlog.get_logger("softswitch.settings")


async def open_live_settings(file: Settings, store: Store, source: Source) -> LiveSettings:
    """The settings at a start. Raises StoreError, and ConfigurationError for passwords."""
    rows = await store.load_entries()
    snapshot = await asyncio.to_thread(lambda: first_snapshot(file, rows, source))
    left_out = [row for row in rows if row.name not in snapshot.entries.get(row.kind, {})]
    return LiveSettings(snapshot, store, source, left_out)


def first_snapshot(file: Settings, rows: Sequence[EntryRow], source: Source) -> Snapshot:
    """All that fits together of a file and the entries of the store."""
    entries: dict[str, dict[str, Entry]] = {kind.plural: {} for kind in ENTRY_KINDS}
    for row in rows:
        try:
            entry = entry_of(row)
        except (EntryRefused, KeyError) as error:
            log.error("left out", kind=row.kind, name=row.name, reason=str(error))
            continue
        entries[row.kind][row.name] = entry
    fixed = fixed_entries(file)
    while True:
        try:
            return combined(source.path, file, fixed, entries, source.collect)
        except Mistakes as error:
            places = [(each, each.place) for each in error.found if each.place is not None]
            if not places:
                raise
            for mistake, (kind, name) in places:
                if entries[kind].pop(name, None) is not None:
                    log.error("left out", kind=kind, name=name, reason=str(mistake))
