"""Call a third, who then talks to both parties of a call.

<Invite Target="102"/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter, text
from softswitch.commands.base.placement import HTTP, THIRD_PARTY, Needs
from softswitch.commands.base.replies import Reply
from softswitch.commands.base.values import Number, Parties
from softswitch.commands.orders.invite import InviteOrder
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class Invite(Command):
    """Call the target while the two of a call go on; when it answers, all three talk.

    Answers as soon as the call to the target is under way, with its CallId. Whoever of the three
    hangs up leaves the other two talking. When the target does not answer, nothing changes for the
    two. 303 when a third is there already, or when the switch itself plays a party.
    """

    contexts = HTTP | THIRD_PARTY
    right = Right.OPERATE_OWN
    needs = Needs.ANSWERED_CALL

    call_id: str | None = parameter(default=None, example="345fad34", in_example=True)
    "The call; in a script the current one."
    target: Number = text(example="102")
    "The number to call."
    party: Parties = parameter(default=Parties.CALLER, example="callee")
    "The party whose number the target sees."

    async def run(self, context: Context) -> Reply:
        order = InviteOrder(self.target, self.party)
        return Reply({"CallId": await context.call(self.call_id).perform(order)})
