"""End the recordings of a call.

<StopRecord/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, SCRIPT, THIRD_PARTY, Needs
from softswitch.commands.orders.record import StopRecordingsOrder
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class StopRecord(Command):
    """End all recordings of a call; each is told to its FinishedUrl, and its script goes on.

    An extension of the API.
    """

    contexts = HTTP | SCRIPT | THIRD_PARTY
    right = Right.OPERATE_OWN
    needs = Needs.ANSWERED_CALL

    call_id: str | None = parameter(default=None, example="345fad34", in_example=True)
    "The call; in a script the current one."

    async def run(self, context: Context) -> None:
        await context.call(self.call_id).perform(StopRecordingsOrder())
