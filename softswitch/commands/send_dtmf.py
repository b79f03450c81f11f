"""Send keys to a party.

<SendDTMF Party="callee" Keys="42#"/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, SCRIPT, THIRD_PARTY, Needs
from softswitch.commands.base.values import Dtmf, Parties
from softswitch.commands.orders.send_dtmf import SendDtmfOrder
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class SendDTMF(Command):
    """Send keys, 100 ms each with gaps of 100 ms; a comma is a pause of a second."""

    contexts = HTTP | SCRIPT | THIRD_PARTY
    right = Right.OPERATE_OWN
    needs = Needs.ANSWERED_CALL
    lasts = True

    call_id: str | None = parameter(default=None, example="345fad34", in_example=True)
    "The call; in a script the current one."
    keys: Dtmf = parameter(example="01234#")
    "The keys."
    party: Parties = parameter(default=Parties.ALL, example="caller")
    "The party that receives them."

    async def run(self, context: Context) -> None:
        order = SendDtmfOrder(self.keys)
        parties = context.parties(self.call_id, self.party, self.name())
        await context.perform(*(party.perform(order) for party in parties))
