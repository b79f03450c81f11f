"""What a reload of the settings file has changed, and what waits for a restart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from softswitch.live.kinds_of_entries import ENTRY_KINDS
from softswitch.settings.load import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesCounted:
    """How many entries of a kind have changed."""

    added: int = 0
    changed: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadReport:
    """What a reload has led to."""

    entries: Mapping[str, EntriesCounted]
    "By kind, in the plural; only kinds of which any has changed."
    after_restart: tuple[str, ...]
    "Keys that are other ones than those the switch runs with, and take effect after a restart."
    seconds: float
    "How long it took."

    def summary(self) -> dict[str, object]:
        """For the log."""
        counts = {
            plural: f"+{each.added} ~{each.changed} -{each.removed}"
            for plural, each in self.entries.items()
        }
        waiting = {"after_restart": ", ".join(self.after_restart)} if self.after_restart else {}
        return {**counts, **waiting, "milliseconds": round(self.seconds * 1000)}


def counted(
    before: Mapping[str, Mapping[str, BaseModel]], after: Mapping[str, Mapping[str, BaseModel]]
) -> dict[str, EntriesCounted]:
    """What is different between the entries of two files."""
    found = {}
    for kind in ENTRY_KINDS:
        old, new = before[kind.plural], after[kind.plural]
        each = EntriesCounted(
            added=len(new.keys() - old.keys()),
            removed=len(old.keys() - new.keys()),
            changed=sum(old[name] is not new[name] for name in new.keys() & old.keys()),
        )
        if each != EntriesCounted():
            found[kind.plural] = each
    return found


def after_restart(running: Settings, file: Settings, live: Collection[str]) -> Iterator[str]:
    """The keys of a file that are other ones than those the switch runs with.

    `live` are the tables, and keys such as `media.country`, that parts take while they run.
    """
    entries = {kind.section for kind in ENTRY_KINDS if not kind.inside}
    within = {(kind.section, kind.inside) for kind in ENTRY_KINDS if kind.inside}
    for table in Settings.model_fields:
        old, new = getattr(running, table), getattr(file, table)
        if table in entries or table in live or old == new:
            continue
        if not isinstance(old, BaseModel):
            yield table
            continue
        for name in type(old).model_fields:
            key = f"{table}.{name}"
            is_taken = (table, name) in within or key in live
            if not is_taken and getattr(old, name) != getattr(new, name):
                yield key
