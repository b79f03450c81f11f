"""What a command answers beside `Code` and `Message` (API reference, section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a list command."""

    name: str
    "The element around the rows: `ActiveCalls`."
    row: str
    "The element of one row: `Call`."
    rows: Sequence[Mapping[str, str] | str]
    total: int | None = None
    "`TotalRecords`: how many there are after filtering, before paging."


@dataclass(frozen=True, slots=True)
class Reply:
    """The fields of an answer, and its list."""

    fields: Mapping[str, str] = field(default_factory=dict)
    listing: Listing | None = None
    warnings: tuple[str, ...] = ()
    "What the command ran without, or did in another way than it was asked to: a sentence each."
