"""Move a file to another directory.

<MoveFile SourceFile="$item.message" TargetDirectory="$oldmessagepath"/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import SCRIPT
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class MoveFile(Command):
    """Move a file; both ends must lie below the directories that the settings allow."""

    contexts = SCRIPT
    right = Right.ADMINISTER

    source_file: str = parameter(example="recordings/new.wav")
    "The file to move."
    target_directory: str = parameter(example="recordings/old")
    "The new path."

    async def run(self, context: Context) -> None:
        await context.switch.move_file(self.source_file, self.target_directory)
