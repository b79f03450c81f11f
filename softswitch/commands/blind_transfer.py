"""Transfer a party to another number.

<BlindTransfer Target="102"/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter, text
from softswitch.commands.base.placement import HTTP, SCRIPT, THIRD_PARTY, Contexts, Needs
from softswitch.commands.base.script_flow import ScriptLeaves
from softswitch.commands.base.values import Number, Parties, Url
from softswitch.commands.orders.transfer import BlindTransferOrder
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class BlindTransfer(Command):
    """Connect the party that stays to the target; the transferor leaves.

    In a script of an extension the extension itself leaves. When the target has answered, the
    script ends and the call goes on without it; when it does not answer, the call stays as it was
    and the next command runs. A phone that transfers may hang up while the target rings. Whatever
    can be dialled can be the target: a phone, a group, a conference, a script, an outside number.
    """

    contexts = HTTP | SCRIPT | THIRD_PARTY
    right = Right.OPERATE_OWN
    needs = Needs.ANSWERED_CALL

    call_id: str | None = parameter(default=None, example="345fad34", in_example=True)
    "The call; in a script the current one."
    transferor_party: Parties | None = parameter(
        default=None, aliases=("TranferorParty",), example="caller"
    )
    """The party that makes the transfer and leaves; the other one is connected to the target. The
    extension itself where it is a party, else the callee by default."""
    target: Number = text(example="100")
    "The number to transfer to."
    finished_url: Url | None = parameter(default=None, example="http://app.example/finished")
    "Requested when the transferred call ends."

    async def run(self, context: Context) -> None:
        await context.heard_out()
        by_script = context.origin is not Contexts.HTTP
        order = BlindTransferOrder(self.target, self.transferor_party, self.finished_url, by_script)
        await context.call(self.call_id).perform(order)
        if by_script:
            raise ScriptLeaves(self.name())
