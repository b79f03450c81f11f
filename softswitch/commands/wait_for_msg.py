"""Wait for a message and keep its text in a variable.

<WaitForMsg FromConnection="admin@localhost" ID="reply" Timeout="60"/>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import SCRIPT
from softswitch.commands.base.values import Seconds, VariableName
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class WaitForMsg(Command):
    """Wait for the next message that arrives after the command began.

    When none comes in time the variable is empty and the script goes on.
    """

    contexts = SCRIPT
    right = Right.OPERATE
    lasts = True
    aliases = ("WaitForMSG",)

    from_connection: str = parameter(example="sip@localhost")
    "The connection, as name@host."
    from_address: str | None = parameter(default=None, example="1001")
    "The sender; without it anybody."
    id: VariableName = parameter(default="message", name="ID", example="reply")
    "The variable that gets the text."
    timeout: Seconds = parameter(default=60.0, example="60")
    "How long to wait, in seconds."

    async def run(self, context: Context) -> None:
        text = await context.switch.wait_for_message(
            self.from_connection, self.from_address, self.timeout
        )
        context.variables.set(self.id, text or "")
