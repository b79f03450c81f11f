"""List the extensions.

command=ListExtensions&Type=Phone
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP
from softswitch.commands.base.replies import Listing, Reply
from softswitch.commands.base.values import whole
from softswitch.guard.rights import Right

TOGETHER = 500
"Extensions that are written down before calls have their turn."


@dataclass(frozen=True, kw_only=True)
class ListExtensions(Command):
    """List the extensions with their type, and whether they are connected.

    `TotalRecords` says how many there are. Without `RowsPerPage` all of them are one page.
    """

    contexts = HTTP
    right = Right.SEE_OWN

    type: str | None = parameter(default=None, example="Phone")
    "One of ListExtensionTypes; without it all."

    page_number: Annotated[int, whole(0, 10_000_000)] = parameter(default=0, example="0")
    "From 0."
    rows_per_page: Annotated[int, whole(1, 1_000)] | None = parameter(default=None, example="100")
    "Extensions on a page; without it all."

    async def run(self, context: Context) -> Reply:
        first = self.page_number * (self.rows_per_page or 0)
        behind = first + self.rows_per_page if self.rows_per_page else None
        if self.page_number and behind is None:
            first = behind = 0  # all are on the first page
        total, found = context.switch.extensions(self.type, slice(first, behind))
        rows: list[Mapping[str, str]] = []
        for row in found:
            rows.append(row)
            if len(rows) % TOGETHER == 0:
                await asyncio.sleep(0)
        return Reply(listing=Listing("Extensions", "ExtensionSummary", rows, total))
