"""Wait for a sound of a party: who answers, silence, tones.

<Detect For="answer,tones" Timeout="10" ID="heard">
    <OnMachine><Detect For="silence" Seconds="2" Timeout="30"/></OnMachine>
    <OnNothing><Hangup/></OnNothing>
</Detect>
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from softswitch.commands.base.codes import CommandError
from softswitch.commands.base.command import (
    SCRIPT,
    THIRD_PARTY,
    Block,
    Command,
    Needs,
    children,
    parameter,
)
from softswitch.commands.base.context import Context
from softswitch.commands.base.values import ParameterKind, Parties, Seconds, VariableName

HEARD: dict[str, tuple[str, ...]] = {
    "answer": ("human", "machine", "unknown"),
    "silence": ("silence",),
    "network": ("dial", "ringback", "busy", "congestion"),
    "tones": ("cng", "ced", "sit", "beep"),
}
"What can be listened for, and what is heard then."

PARTS: dict[str, str] = {
    **{f"On{name.capitalize()}": name for names in HEARD.values() for name in names},
    "OnNothing": "",
}
"The elements with the commands for what is heard."
_BY_LOWER_NAME = {element.lower(): name for element, name in PARTS.items()}


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
    """Wait until a sound is heard of a party, and keep in a variable what it was.

    An extension of the API. `answer` judges who speaks, from now on: `human` (a short greeting,
    then a pause), `machine` (a long one, or nothing for 2.5 seconds) or `unknown` (neither in 5
    seconds). `silence` is heard when it has lasted for Seconds. `network` hears the tones of the
    network as `dial`, `ringback`, `busy` or `congestion`. `tones` hears a calling fax as `cng`, an
    answering one as `ced`, special information (three rising tones: no such number) as `sit`, and
    the `beep` of a machine.

    What is heard first wins. The variable is empty when nothing was heard in time, or the party has
    left. Then `<OnHuman>`, `<OnSilence>`, … or `<OnNothing>` runs, if there is one, and the script
    goes on behind the command. A party on hold is silent; one that others do not hear is heard.
    """

    contexts = SCRIPT | THIRD_PARTY
    needs = Needs.ANSWERED_CALL

    call_id: str | None = parameter(default=None, example="345fad34")
    "The call; in a script the current one."
    kinds: Kinds = parameter(name="For", example="answer,tones")
    "What to listen for."
    timeout: Seconds = parameter(default=10.0, example="10")
    "How long to wait, in seconds."
    seconds: Seconds = parameter(default=2.0, example="2")
    "How long a silence must last, at least a tenth of a second."
    id: VariableName = parameter(default="heard", name="ID", example="heard")
    "The variable that gets what was heard."
    party: Parties = parameter(default=Parties.ALL, example="callee")
    "Who is listened to; a script of an extension listens to its other party."
    parts: Block = children()
    "Commands for what is heard."

    @classmethod
    def blocks(cls, inside: Block) -> Iterator[Block]:
        for node in inside:
            yield tuple(node.children)

    @classmethod
    def misplaced(cls, inside: Block) -> Iterator[CommandError]:
        for node in inside:
            if node.name.lower() not in _BY_LOWER_NAME:
                yield cls._misplaced(node, *PARTS)

    @classmethod
    def branches(cls, inside: Block) -> dict[str, Block]:
        """The commands for each sound. Raises CommandError 302."""
        for error in cls.misplaced(inside):
            raise error
        found: dict[str, Block] = {}
        for node in inside:
            name = _BY_LOWER_NAME[node.name.lower()]
            found[name] = (*found.get(name, ()), *node.children)
        return found

    async def run(self, context: Context) -> None:
        branches = self.branches(self.parts)
        heard = await self._first(context)
        context.variables.set(self.id, heard)
        await context.run(branches.get(heard, ()))

    async def _first(self, context: Context) -> str:
        """What is heard first; empty when nothing is in time."""
        hearing = [
            asyncio.ensure_future(party.hear(self.kinds, self.seconds))
            for party in context.parties(self.call_id, self.party, self.name())
        ]
        try:
            done, _ = await asyncio.wait(
                hearing, timeout=self.timeout, return_when=asyncio.FIRST_COMPLETED
            )
            return next((each.result() for each in hearing if each in done), "")
        finally:
            for each in hearing:
                each.cancel()
            await asyncio.gather(*hearing, return_exceptions=True)
