"""Go on with another script.

<GoTo>http://app.example/menu2?lang=en</GoTo>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import text
from softswitch.commands.base.placement import SCRIPT
from softswitch.commands.base.script_flow import ScriptMoves
from softswitch.commands.base.values import Url
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class GoTo(Command):
    """Fetch a script and go on with it; the commands after `GoTo` do not run."""

    contexts = SCRIPT
    right = Right.OPERATE_OWN

    url: Url = text(example="http://app.example/menu2")
    "The script, absolute or relative to the present one; it is sent the GoTo notification."

    async def run(self, context: Context) -> None:
        raise ScriptMoves(self.url)
