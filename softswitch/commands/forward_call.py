"""Redirect a call that still rings.

<ForwardCall Destination="102"/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import (
    HTTP,
    SCRIPT,
    THIRD_PARTY,
    Command,
    Contexts,
    Needs,
    parameter,
)
from softswitch.commands.base.context import Context, ScriptLeaves
from softswitch.commands.base.values import Number


@dataclass(frozen=True, kw_only=True)
class ForwardCall(Command):
    """Ring another number instead; 303 when the call no longer rings.

    A script that does it to its own call ends with it, and the call goes on without the script.
    """

    contexts = HTTP | SCRIPT | THIRD_PARTY
    needs = Needs.RINGING_CALL
    aliases = ("Forward",)

    call_id: str | None = parameter(default=None, example="345fad34")
    "The call; in a script the current one."
    destination: Number = parameter(example="500")
    "The new number."

    async def run(self, context: Context) -> None:
        await context.call(self.call_id).forward(self.destination)
        if context.door is Contexts.SCRIPT:
            raise ScriptLeaves
