"""Put both parties of a call on hold.

<Hold/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, THIRD_PARTY, Needs
from softswitch.commands.orders.hold import HoldOrder
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class Hold(Command):
    """Put both parties of a call on hold.

    Both legs hear the music on hold until `Unhold`; 303 when the call is not answered, or when a
    phone does not answer its re-INVITE within 8 seconds: then nobody is on hold. What a script
    plays, records or asks waits meanwhile, and goes on where it was; other commands do what they
    say. In the answer to CallChanged the hold begins when what was said before it has been
    heard.
    """

    contexts = HTTP | THIRD_PARTY
    right = Right.OPERATE_OWN
    needs = Needs.ANSWERED_CALL

    call_id: str | None = parameter(default=None, example="345fad34", in_example=True)
    "The call; in a script the current one."

    async def run(self, context: Context) -> None:
        await context.heard_out()
        await context.call(self.call_id).perform(HoldOrder())
