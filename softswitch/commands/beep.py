"""Sound a beep.

<Beep Frequency="1000" Duration="300"/>
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, SCRIPT, THIRD_PARTY, Needs
from softswitch.commands.base.values import Milliseconds, Parties, whole
from softswitch.commands.orders.beep import BeepOrder
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class Beep(Command):
    """Play a tone to a party; a script goes on when it has ended."""

    contexts = HTTP | SCRIPT | THIRD_PARTY
    right = Right.OPERATE_OWN
    needs = Needs.ANSWERED_CALL
    lasts = True

    frequency: Annotated[int, whole(100, 3_800)] = parameter(default=1_000, example="1000")
    "In Hz."
    duration: Milliseconds = parameter(default=300, example="300")
    "In milliseconds."
    call_id: str | None = parameter(default=None, example="345fad34", in_example=True)
    "The call; in a script the current one."
    party: Parties = parameter(default=Parties.ALL, example="caller")
    "The party that hears it."

    async def run(self, context: Context) -> None:
        order = BeepOrder(self.frequency, self.duration)
        parties = context.parties(self.call_id, self.party, self.name())
        await context.perform(*(party.perform(order) for party in parties))
