"""Bring both parties back from hold.

<Unhold/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, THIRD_PARTY, Needs
from softswitch.commands.orders.hold import UnholdOrder
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class Unhold(Command):
    """Bring both parties back from hold.

    Works only after `Hold`, else 303; likewise when a phone does not answer its re-INVITE within 8
    seconds: then both stay on hold.
    """

    contexts = HTTP | THIRD_PARTY
    right = Right.OPERATE_OWN
    needs = Needs.ANSWERED_CALL

    call_id: str | None = parameter(default=None, example="345fad34", in_example=True)
    "The call; in a script the current one."

    async def run(self, context: Context) -> None:
        await context.call(self.call_id).perform(UnholdOrder())
