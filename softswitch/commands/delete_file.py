"""Delete a file that is no longer needed.

<DeleteFile SourceFile="$item.message"/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import SCRIPT
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class DeleteFile(Command):
    """Delete a file below the directories that the settings allow."""

    contexts = SCRIPT
    right = Right.ADMINISTER

    source_file: str = parameter(example="recordings/old.wav")
    "The file; links are followed before the path is judged."

    async def run(self, context: Context) -> None:
        await context.switch.delete_file(self.source_file)
