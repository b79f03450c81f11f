"""Call a third, who then talks to both parties of a call."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.calls.call.call import Call
from softswitch.calls.numbers.routing import COMMAND
from softswitch.calls.transfer.third_party import Invitation
from softswitch.commands.base.order import CallContext, CallOrder, Simulation
from softswitch.commands.base.values import Parties
from softswitch.commands.orders.refusals import refusals


@dataclass(frozen=True, slots=True)
class InviteOrder(CallOrder[str]):
    """Begin the call to the third; its id."""

    target: str
    "A number, or number@host."
    party: Parties
    "Whose number the third sees."

    async def perform(self, call: Call, context: CallContext) -> str:
        """Begin it beside this call; what becomes of it stands in the history."""
        number = self.target.partition("@")[0]
        by = call.callee if self.party is Parties.CALLEE else call.caller
        invitation = Invitation(context.answering, context.transfers, call, by, COMMAND)
        with refusals(call, "Invite", target=number):
            context.answering.ringer.plan.reach(number)
            own = invitation.begin(number)
            context.begin(own, invitation.follow)
            return own.id

    async def simulate(self, simulation: Simulation) -> str:
        """Show it."""
        simulation.say(f"· {self.target} is called to join")
        return ""
