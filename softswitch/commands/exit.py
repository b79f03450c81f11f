"""Stop the script.

<Exit/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.placement import SCRIPT
from softswitch.commands.base.script_flow import ScriptEnds
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class Exit(Command):
    """Stop the script; later commands do not run, and the call is hung up."""

    contexts = SCRIPT
    right = Right.OPERATE_OWN

    async def run(self, context: Context) -> None:
        raise ScriptEnds(self.name())
