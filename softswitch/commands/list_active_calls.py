"""List the calls that have not ended.

command=ListActiveCalls
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.placement import HTTP
from softswitch.commands.base.replies import Listing, Reply
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class ListActiveCalls(Command):
    """List the calls that have not ended, oldest first."""

    contexts = HTTP
    right = Right.SEE_OWN

    async def run(self, context: Context) -> Reply:
        return Reply(listing=Listing("ActiveCalls", "Call", list(context.switch.active_calls())))
