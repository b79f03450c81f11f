"""Define a list of texts.

<Array ID="floors"><item>ground floor</item><item>roof</item></Array>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.elements import Block, Part, elements_named
from softswitch.commands.base.parameters import children, parameter
from softswitch.commands.base.placement import SCRIPT
from softswitch.commands.base.values import VariableName
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class Array(Command):
    """Define an ordered list of texts that `ForEach` walks."""

    contexts = SCRIPT
    right = Right.OPERATE_OWN
    parts = (Part("item", only_text=True),)

    id: VariableName = parameter(name="ID", example="floors")
    "The array's name."
    items: Block = children()
    "`<item>` elements, one a text."

    async def run(self, context: Context) -> None:
        items = [context.replace(item.text) for item in elements_named(self.items, "item")]
        context.variables.set_array(self.id, items)
