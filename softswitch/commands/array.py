"""Define a list of texts.

<Array ID="floors"><item>ground floor</item><item>roof</item></Array>
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from softswitch.commands.context import Context
from softswitch.commands.values import VariableName
from softswitch.commands.verb import SCRIPT, Block, Command, children, parameter


@dataclass(frozen=True, kw_only=True)
class Array(Command):
    """Define an ordered list of texts that `ForEach` walks."""

    contexts = SCRIPT

    id: VariableName = parameter(name="ID", example="floors")
    "The array's name."
    items: Block = children()
    "`<item>` elements, one a text."

    @classmethod
    def blocks(cls, inside: Block) -> Iterator[Block]:
        for item in inside:
            if item.name.lower() != "item":
                raise cls._misplaced(item, "item")
        return iter(())

    async def run(self, context: Context) -> None:
        self.blocks(self.items)
        context.variables.set_array(self.id, [context.replace(item.text) for item in self.items])
