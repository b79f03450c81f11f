"""Join the parties of two existing calls.

<AttendedTransfer TransferredCallId="270Okv" TargetCallId="HL1bE"/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, THIRD_PARTY, Contexts, Needs
from softswitch.commands.base.values import Parties
from softswitch.commands.orders.transfer import AttendedTransferOrder
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class AttendedTransfer(Command):
    """Connect the party of one call to the party of another; the transferor leaves both."""

    contexts = HTTP | THIRD_PARTY
    right = Right.OPERATE_OWN
    needs = Needs.CALL

    transferred_call_id: str | None = parameter(
        default=None, aliases=("TranferredCallId",), example="270Okv", in_example=True
    )
    "The call whose party is transferred; in a script the current call."
    target_call_id: str = parameter(example="HL1bE")
    "The call to which it is transferred."
    transferor_party: Parties | None = parameter(
        default=None, aliases=("TranferorParty",), example="caller"
    )
    "The party that makes the transfer and leaves; without it the party that both calls share."

    async def run(self, context: Context) -> None:
        await context.heard_out()
        context.call(self.target_call_id)  # which its user must be allowed to act on, too
        by_script = context.origin is not Contexts.HTTP
        order = AttendedTransferOrder(self.target_call_id, self.transferor_party, by_script)
        await context.call(self.transferred_call_id).perform(order)
