"""Let nobody hear a party of a call, or let it be heard again.

<Mute Party="caller"/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, THIRD_PARTY, Needs
from softswitch.commands.base.values import Parties
from softswitch.commands.orders.supervise import MuteOrder
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class MuteCommand(Command):
    """Let nobody hear a party of a call, or let it be heard again.

    The party goes on hearing the other one. It is muted for the other party, for supervisors and
    members of a conference, and in recordings, whose channel is silent meanwhile; its keys go on.
    It is muted until `On` is false for it, until the call ends, or until it leaves the call: a
    transfer keeps a party muted that stays, and who takes the place of a muted one is heard. A
    supervisor is muted as the party of its own call. 303 for a side without a phone, such as a
    script. Again is harmless.
    """

    contexts = HTTP | THIRD_PARTY
    right = Right.OPERATE
    needs = Needs.ANSWERED_CALL

    call_id: str | None = parameter(default=None, example="345fad34", in_example=True)
    "The call; in a script the current one."
    party: Parties = parameter(example="caller")
    "The party that is muted; all: both."
    on: bool = parameter(default=True, example="false")
    "False lets the party be heard again."

    async def run(self, context: Context) -> None:
        await context.call(self.call_id).perform(MuteOrder(self.party, self.on))
