"""Wait for a sound of a party: the greeting of a human or a machine, silence, tones.

<Detect For="answer,tones" Timeout="10" ID="heard">
    <OnMachine><Detect For="silence" Seconds="2" Timeout="30"/></OnMachine>
    <OnNothing><Hangup/></OnNothing>
</Detect>
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.elements import Block, Part
from softswitch.commands.base.parameters import children, parameter
from softswitch.commands.base.placement import SCRIPT, THIRD_PARTY, Needs
from softswitch.commands.base.values import ParameterKind, Parties, Seconds, VariableName
from softswitch.commands.orders.detect import HEARD, DetectOrder
from softswitch.guard.rights import Right

ELEMENTS: dict[str, str] = {
    **{f"On{name.capitalize()}": name for names in HEARD.values() for name in names},
    "OnNothing": "",
}
"The elements with the commands for what is heard; empty is nothing in time."
_BY_LOWER_NAME = {element.lower(): name for element, name in ELEMENTS.items()}


def read_kinds(text: str) -> tuple[str, ...]:
    """Kinds of sounds, parted by commas, each once."""
    kinds = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",")))
    if not set(kinds) <= set(HEARD):
        raise ValueError(text)
    return kinds


Kinds = Annotated[
    tuple[str, ...],
    ParameterKind(
        "list", read_kinds, f"one or more of {', '.join(HEARD)}, with commas between them"
    ),
]


@dataclass(frozen=True, kw_only=True)
class Detect(Command):
    """Listen to a party until a sound is recognised, and keep its name in a variable.

    An extension of the API. `answer` recognises, from now on, a `human` (a short greeting, then a
    pause), a `machine` (a long greeting, or nothing for 2.5 seconds) or `unknown` (neither in 5
    seconds). `silence` must last for Seconds. `network` recognises the tones of the network:
    `dial`, `ringback`, `busy` and `congestion`. `tones` recognises a calling fax as `cng`, an
    answering fax as `ced`, special information (three rising tones: no such number) as `sit`, and
    the `beep` of a machine.

    The first sound wins. The variable is empty when nothing was recognised in time, or the party
    has left. Then `<OnHuman>`, `<OnSilence>`, … or `<OnNothing>` runs, if there is one, and the
    script goes on after the command. A party on hold is silent; a muted party is heard here.
    """

    contexts = SCRIPT | THIRD_PARTY
    right = Right.OPERATE_OWN
    needs = Needs.ANSWERED_CALL
    lasts = True
    parts = tuple(Part(name) for name in ELEMENTS)

    call_id: str | None = parameter(default=None, example="345fad34", in_example=True)
    "The call; in a script the current one."
    kinds: Kinds = parameter(name="For", example="answer,tones")
    "The kinds of sounds to listen for."
    timeout: Seconds = parameter(default=10.0, example="10")
    "How long to wait, in seconds."
    seconds: Seconds = parameter(default=2.0, example="2")
    "How long a silence must last, at least a tenth of a second."
    id: VariableName = parameter(default="heard", name="ID", example="heard")
    "The variable that gets the name of the sound."
    party: Parties = parameter(default=Parties.ALL, example="callee")
    "The party to listen to; a script of an extension listens to its other party."
    inside: Block = children()
    "Commands for each sound."

    def branches(self) -> dict[str, Block]:
        """The commands for each sound."""
        found: dict[str, Block] = {}
        for node in self.inside:
            name = _BY_LOWER_NAME.get(node.name.lower())
            if name is not None:
                found[name] = (*found.get(name, ()), *node.children)
        return found

    async def run(self, context: Context) -> None:
        branches = self.branches()
        heard = await self._first(context)
        context.variables.set(self.id, heard)
        await context.run(branches.get(heard, ()))

    async def _first(self, context: Context) -> str:
        """The first sound that is recognised; empty when none is in time."""
        order = DetectOrder(self.kinds, self.seconds)
        listening = [
            asyncio.ensure_future(party.perform(order))
            for party in context.parties(self.call_id, self.party, self.name())
        ]
        try:
            done, _ = await asyncio.wait(
                listening, timeout=self.timeout, return_when=asyncio.FIRST_COMPLETED
            )
            return next((each.result() for each in listening if each in done), "")
        finally:
            for each in listening:
                each.cancel()
            await asyncio.gather(*listening, return_exceptions=True)
