"""List the address books.

command=ListAddressbookNames
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.placement import HTTP
from softswitch.commands.base.replies import Listing, Reply
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class ListAddressbookNames(Command):
    """List the names of the address books."""

    contexts = HTTP
    right = Right.SEE

    async def run(self, context: Context) -> Reply:
        rows = list(context.switch.addressbooks())
        return Reply(listing=Listing("AddressbookNames", "AddressbookName", rows))
