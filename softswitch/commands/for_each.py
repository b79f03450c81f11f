"""Run commands once for each element of an array.

<ForEach Source="floors"><Speak>Lift stops at $item</Speak></ForEach>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.elements import Block
from softswitch.commands.base.parameters import children, parameter
from softswitch.commands.base.placement import SCRIPT
from softswitch.commands.base.values import VariableName
from softswitch.guard.rights import Right

VOICEMAILS, MESSAGE = "voicemails", "item.message"
"The array of the files of a mailbox, and another name of its elements."


@dataclass(frozen=True, kw_only=True)
class ForEach(Command):
    """Run the commands inside once for each element, which is `$item` meanwhile.

    Elements of `voicemails`, the files of the caller's new messages, are `$item.message`, too.
    """

    contexts = SCRIPT
    right = Right.OPERATE_OWN

    source: VariableName = parameter(example="floors")
    "The array's name, without the dollar sign."
    commands: Block = children()
    "The commands to run."

    async def run(self, context: Context) -> None:
        elements = context.variables.array(self.source)
        if elements is None:
            raise CommandError(
                Code.INVALID_PARAMETER,
                "Source",
                self.name(),
                detail=f"ForEach: there is no array {self.source!r}",
            )
        message = MESSAGE if self.source.lower() == VOICEMAILS else "item"
        with context.variables.loop("item") as assign, context.variables.loop(message) as again:
            for element in elements:
                assign(element)
                again(element)
                await context.run(self.commands)
