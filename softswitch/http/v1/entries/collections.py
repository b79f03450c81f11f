"""The paths of entries: each is a list of the settings, or its entries of one type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from softswitch.live.kinds_of_entries import (
    ENTRY_KINDS,
    EntryKind,
    plural_of,
    types_of_extensions,
)


@dataclass(frozen=True, slots=True)
class Collection:
    """The entries of one path."""

    name: str
    "In the path, after `/v1/`."
    kind: EntryKind
    type: str = ""
    "Only entries of this type, which those that are added here have; empty: all."

    def body(self, given: Mapping[str, Any], *, is_whole: bool) -> dict[str, Any]:
        """A body with the type of these entries, where it `is_whole` and names none."""
        return {"type": self.type, **given} if self.type and is_whole else dict(given)

    def holds(self, entry: BaseModel) -> bool:
        """Whether an entry of the kind is one of these."""
        return not self.type or getattr(entry, "type", "") == self.type


def _collections() -> Iterator[Collection]:
    for kind in ENTRY_KINDS:
        yield Collection(kind.plural, kind)
        if kind.plural == "extensions":
            for each in types_of_extensions():
                yield Collection(plural_of(each), kind, each)


COLLECTIONS: Mapping[str, Collection] = {each.name: each for each in _collections()}
"All of them by name; a type of extensions has one as soon as the settings know it."
