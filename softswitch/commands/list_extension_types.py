"""List the types of extensions.

command=ListExtensionTypes
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.placement import HTTP
from softswitch.commands.base.replies import Listing, Reply
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class ListExtensionTypes(Command):
    """List the values that ListExtensions takes as Type."""

    contexts = HTTP
    right = Right.SEE_OWN

    async def run(self, context: Context) -> Reply:
        rows = list(context.switch.extension_types())
        return Reply(listing=Listing("ExtensionTypes", "Type", rows))
