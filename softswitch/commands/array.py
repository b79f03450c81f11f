"""Define a list of texts.

<Array ID="floors"><item>ground floor</item><item>roof</item></Array>
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from softswitch.commands.base.codes import CommandError
from softswitch.commands.base.command import SCRIPT, Block, Command, children, parameter
from softswitch.commands.base.context import Context
from softswitch.commands.base.values import VariableName


@dataclass(frozen=True, kw_only=True)
class Array(Command):
    """Define an ordered list of texts that `ForEach` walks."""

    contexts = SCRIPT

    id: VariableName = parameter(name="ID", example="floors")
    "The array's name."
    items: Block = children()
    "`<item>` elements, one a text."

    @classmethod
    def misplaced(cls, inside: Block) -> Iterator[CommandError]:
        for item in inside:
            if item.name.lower() != "item":
                yield cls._misplaced(item, "item")

    async def run(self, context: Context) -> None:
        for error in self.misplaced(self.items):
            raise error
        context.variables.set_array(self.id, [context.replace(item.text) for item in self.items])
