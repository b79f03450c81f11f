"""Read a text to a party.

<Speak Language="en-us">Please hold the line.</Speak>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, SCRIPT, THIRD_PARTY, Needs
from softswitch.commands.base.values import Parties
from softswitch.commands.orders.speak import SpeakOrder
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class Speak(Command):
    """Read a text aloud; a script goes on when it has been said."""

    contexts = HTTP | SCRIPT | THIRD_PARTY
    right = Right.OPERATE_OWN
    needs = Needs.ANSWERED_CALL
    lasts = True

    text: str = parameter(text=True, may_be_blank=True, example="Hello world")
    "The text to say; where it is blank, nothing is said."
    call_id: str | None = parameter(default=None, example="345fad34", in_example=True)
    "The call; in a script the current one."
    party: Parties = parameter(default=Parties.ALL, example="caller")
    "The party that hears it."
    language: str | None = parameter(default=None, example="en-us")
    "One of the installed languages; where it is none, the default voice speaks."
    voice: str | None = parameter(default=None, example="heart")
    """One of the installed voices, or a voice of Windows such as `Microsoft Anna`, which stands for
    its language and sex. An unknown one is told of (notification Error, `Warning` in the reply),
    and the best voice of the language speaks."""

    async def run(self, context: Context) -> None:
        text = " ".join(self.text.split())
        if not text:
            return
        parties = context.parties(self.call_id, self.party, self.name())
        chosen = await context.switch.voice(self.language, self.voice)
        for parameter_name, sentence in chosen.unknown:
            detail = f"Speak: {sentence}, another one speaks"
            await context.warn(
                CommandError(Code.INVALID_PARAMETER, parameter_name, "Speak", detail=detail)
            )
        order = SpeakOrder(text, chosen.language, chosen.voice)
        await context.perform(*(party.perform(order) for party in parties))
