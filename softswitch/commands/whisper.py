"""Let a supervisor speak to one party of a call.

<Whisper Supervisor="100"/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.calls.supervision.supervisor import SupervisionWay
from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, THIRD_PARTY, Needs
from softswitch.commands.base.replies import Reply
from softswitch.commands.base.values import Number, Parties
from softswitch.commands.orders.supervise import SuperviseOrder
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class WhisperCommand(Command):
    """Ring a supervisor, who then hears both parties of the call and is heard by one of them.

    Answers as soon as that call is under way, with its CallId. Keys and rights are as for
    `Monitor`.
    """

    contexts = HTTP | THIRD_PARTY
    right = Right.OPERATE
    needs = Needs.ANSWERED_CALL

    call_id: str | None = parameter(default=None, example="345fad34", in_example=True)
    "The call; in a script the current one."
    supervisor: Number = parameter(example="100")
    "The extension of the supervisor; its phone rings."
    party: Parties = parameter(default=Parties.ALL, example="callee")
    "The party that hears it; all: the callee if the supervisor may, else the caller."

    async def run(self, context: Context) -> Reply:
        order = SuperviseOrder("Whisper", self.supervisor, SupervisionWay.WHISPER, self.party)
        return Reply({"CallId": await context.call(self.call_id).perform(order)})
