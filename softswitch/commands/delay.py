"""Wait before the next command.

<Delay>2.5</Delay>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import text
from softswitch.commands.base.placement import SCRIPT
from softswitch.commands.base.values import Seconds
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class Delay(Command):
    """Wait for a number of seconds."""

    contexts = SCRIPT
    right = Right.OPERATE_OWN
    lasts = True

    seconds: Seconds = text(example="2.5")
    "How long; decimals are allowed, at most a day."

    async def run(self, context: Context) -> None:
        await context.sleep(self.seconds)
