"""What lists of `/v1` have in common: which part is wanted, and since when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.http.v1.asking import BadQuery
from softswitch.store.lists.pages import PartWanted

MOST = 1000
"Rows in one answer."
LAST = 10**9
"The highest offset: every database takes it."


class ListFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of a list is wanted, newest first or oldest first."""

    since: Annotated[
        str, Meta(description="What came then or later: a day or a time in ISO 8601.")
    ] = ""
    until: Annotated[str, Meta(description="What came before.")] = ""
    limit: Annotated[int, Meta(ge=1, le=MOST, description="Rows in the answer.")] = 50
    offset: Annotated[int, Meta(ge=0, le=LAST, description="Rows that are left out at first.")] = 0
    order: Annotated[
        str, Meta(pattern="^(newest|oldest)$", description="Which comes first: newest or oldest.")
    ] = "newest"

    @property
    def part(self) -> PartWanted:
        """The part of the list."""
        oldest = self.order == "oldest"
        return PartWanted(limit=self.limit, offset=self.offset, oldest_first=oldest)


def read_time(name: str, text: str) -> float | None:
    """Seconds since 1970; without an offset the time is that of this machine. Raises BadQuery."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        wrong = f"{name} cannot be {text[:40]!r}, expected a day or a time in ISO 8601"
        raise BadQuery(f"{wrong}, such as 2026-01-31T08:00") from None
