"""Define a variable.

<Var ID="greeting">Good morning</Var>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import SCRIPT
from softswitch.commands.base.values import VariableName
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class Var(Command):
    """Define a variable; `$greeting` in later texts and attributes is replaced by its value."""

    contexts = SCRIPT
    right = Right.OPERATE_OWN

    id: VariableName = parameter(name="ID", example="greeting")
    "The variable's name."
    value: str = parameter(default="", text=True, keep_empty=True, example="Good morning")
    "Its value."

    async def run(self, context: Context) -> None:
        context.variables.set(self.id, self.value)
