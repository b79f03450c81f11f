"""Play an audio file to a party.

<Play Repeat="false" Timeout="20">welcome.wav</Play>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter, text
from softswitch.commands.base.placement import HTTP, SCRIPT, THIRD_PARTY, Needs
from softswitch.commands.base.values import Parties, Seconds
from softswitch.commands.orders.play import PlayOrder
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class Play(Command):
    """Play an audio file; a script goes on when it has been played."""

    contexts = HTTP | SCRIPT | THIRD_PARTY
    right = Right.OPERATE_OWN
    needs = Needs.ANSWERED_CALL
    lasts = True

    audio_file: str = text(example="welcome.wav")
    "The file, below `storage.static`, an http(s) URL, or `prompt:NAME`."
    call_id: str | None = parameter(default=None, example="345fad34", in_example=True)
    "The call; in a script the current one."
    party: Parties = parameter(default=Parties.ALL, example="caller")
    "The party that hears it."
    repeat: bool = parameter(default=False, example="false")
    "Play again and again until the timeout, another `Play`, `Speak` or `Beep`, or `StopPlay`."
    timeout: Seconds | None = parameter(default=None, example="10")
    "Stop after this time."

    async def run(self, context: Context) -> None:
        sound = await context.sound(self.audio_file)
        order = PlayOrder(sound, self.repeat, self.timeout)
        parties = context.parties(self.call_id, self.party, self.name())
        endless = self.repeat and self.timeout is None
        await context.perform(*(party.perform(order) for party in parties), endless=endless)
