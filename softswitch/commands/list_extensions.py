"""List the extensions.

command=ListExtensions&Type=Phone
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP
from softswitch.commands.base.replies import Listing, Reply


@dataclass(frozen=True, kw_only=True)
class ListExtensions(Command):
    """List the extensions with their type, and whether they are connected."""

    contexts = HTTP

    type: str | None = parameter(default=None, example="Phone")
    "One of ListExtensionTypes; without it all."

    async def run(self, context: Context) -> Reply:
        rows = list(context.switch.extensions(self.type))
        return Reply(listing=Listing("Extensions", "ExtensionSummary", rows))
