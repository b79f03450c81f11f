"""Define a list of texts.

<Array ID="floors"><item>ground floor</item><item>roof</item></Array>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.codes import Code, CommandError
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

    async def run(self, context: Context) -> None:
        for item in self.items:
            if item.name.lower() != "item":
                raise CommandError(
                    Code.INVALID_PARAMETER,
                    item.name,
                    self.name(),
                    detail=f"Array: <{item.name}> is not known here, expected <item>",
                )
        context.variables.set_array(self.id, [context.replace(item.text) for item in self.items])
