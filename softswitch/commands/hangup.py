"""End a call.

<Hangup/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, SCRIPT, THIRD_PARTY, Needs
from softswitch.commands.orders.answer import HangUpOrder
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class Hangup(Command):
    """End the call for everybody, whatever its state."""

    contexts = HTTP | SCRIPT | THIRD_PARTY
    right = Right.OPERATE_OWN
    needs = Needs.CALL

    call_id: str | None = parameter(default=None, example="345fad34", in_example=True)
    "The call; in a script the current one."

    async def run(self, context: Context) -> None:
        await context.heard_out()
        await context.call(self.call_id).perform(HangUpOrder())
