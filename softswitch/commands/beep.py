"""Sound a beep.

<Beep Frequency="1000" Duration="300"/>
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import SCRIPT, Needs
from softswitch.commands.base.values import Milliseconds, Parties, whole
from softswitch.commands.orders.beep import BeepOrder


@dataclass(frozen=True, kw_only=True)
class Beep(Command):
    """Play a tone to the other party and go on when it has ended."""

    contexts = SCRIPT
    needs = Needs.ANSWERED_CALL
    lasts = True

    frequency: Annotated[int, whole(100, 3_800)] = parameter(default=1_000, example="1000")
    "In Hz."
    duration: Milliseconds = parameter(default=300, example="300")
    "In milliseconds."

    async def run(self, context: Context) -> None:
        for party in context.parties(None, Parties.ALL, self.name()):
            await party.perform(BeepOrder(self.frequency, self.duration))
