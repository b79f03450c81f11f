"""Hand a message to a connection.

<SendMsg ToConnection="mail_1@localhost" ToAddress="someone@mail.example">Door opened</SendMsg>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter, text
from softswitch.commands.base.placement import SCRIPT
from softswitch.guard.rights import Right
from softswitch.messaging.queue.outgoing import Outgoing


@dataclass(frozen=True, kw_only=True)
class SendMsg(Command):
    """Hand a message to a named connection; goes on when the message is stored."""

    contexts = SCRIPT
    right = Right.OPERATE_OWN

    text: str = text(example="Hello world!")
    "The content."
    to_connection: str = parameter(example="admin@localhost")
    "The connection that gets the message, as name@host."
    to_address: str | None = parameter(default=None, example="1001")
    "The address within that connection, if it needs one."

    async def run(self, context: Context) -> None:
        await context.switch.send_message(
            Outgoing(
                text=self.text,
                connection=self.to_connection,
                to_address=self.to_address or "",
                from_address=context.extension or "",
                kind="any",
                user=context.user,
            )
        )
