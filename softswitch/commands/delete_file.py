"""Delete a file that is no longer needed.

<DeleteFile SourceFile="$item.message"/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import SCRIPT, Command, parameter
from softswitch.commands.base.context import Context


@dataclass(frozen=True, kw_only=True)
class DeleteFile(Command):
    """Delete a file below the directories that the settings allow."""

    contexts = SCRIPT

    source_file: str = parameter(example="recordings/old.wav")
    "The file; links are followed before the path is judged."

    async def run(self, context: Context) -> None:
        await context.house.delete_file(self.source_file)
