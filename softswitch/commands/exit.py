"""Stop the script.

<Exit/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import SCRIPT, Command
from softswitch.commands.base.context import Context, ScriptEnds


@dataclass(frozen=True, kw_only=True)
class Exit(Command):
    """Stop the script; later commands do not run, and the call is hung up."""

    contexts = SCRIPT

    async def run(self, context: Context) -> None:
        raise ScriptEnds
