"""End what a party hears of sounds.

<StopPlay Party="caller"/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, SCRIPT, THIRD_PARTY, Needs
from softswitch.commands.base.values import Parties
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class StopPlay(Command):
    """End the sounds of `Play`, `Speak` and `Beep`, those that wait, and keys that are being sent.

    An extension of the API. A script that waits for one of them goes on. If the sound was the last
    command of the script, the script then ends, and the call with it. The music on hold and that of
    conferences stays.
    """

    contexts = HTTP | SCRIPT | THIRD_PARTY
    right = Right.OPERATE_OWN
    needs = Needs.ANSWERED_CALL

    call_id: str | None = parameter(default=None, example="345fad34", in_example=True)
    "The call; in a script the current one."
    party: Parties = parameter(default=Parties.ALL, example="caller")
    "The party that hears them."

    async def run(self, context: Context) -> None:
        for party in context.parties(self.call_id, self.party, self.name()):
            party.stop_sound()
