"""Redirect a call that still rings.

<ForwardCall Destination="102"/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, SCRIPT, THIRD_PARTY, Contexts, Needs
from softswitch.commands.base.script_flow import ScriptLeaves
from softswitch.commands.base.values import Number
from softswitch.commands.orders.transfer import ForwardOrder
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class ForwardCall(Command):
    """Ring another number instead; 303 when the call no longer rings.

    A script that does it to its own call ends with it, and the call goes on without the script.
    """

    contexts = HTTP | SCRIPT | THIRD_PARTY
    right = Right.OPERATE_OWN
    needs = Needs.RINGING_CALL
    aliases = ("Forward",)

    call_id: str | None = parameter(default=None, example="345fad34", in_example=True)
    "The call; in a script the current one."
    destination: Number = parameter(example="500")
    "The new number."

    async def run(self, context: Context) -> None:
        await context.call(self.call_id).perform(ForwardOrder(self.destination))
        if context.origin is Contexts.SCRIPT:
            raise ScriptLeaves(self.name())
