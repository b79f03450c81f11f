"""Send an e-mail.

<SendEmail Recipient="a@mail.example" Subject="Alarm" Message="Zone 3"/>
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, SCRIPT
from softswitch.commands.base.values import Number, ParameterKind, matching
from softswitch.guard.rights import Right
from softswitch.messaging.queue.outgoing import Outgoing

EmailAddress = Annotated[
    str,
    ParameterKind(
        "e-mail address",
        matching(re.compile(r"[^\s@<>,;:\"\x00-\x1f\x7f]{1,64}@[A-Za-z0-9.\-]{1,255}")),
        "an e-mail address",
    ),
]
Line = Annotated[
    str,
    ParameterKind("line of text", matching(re.compile(r"[^\r\n\x00]{0,998}")), "one line of text"),
]


@dataclass(frozen=True, kw_only=True)
class SendEmail(Command):
    """Send an e-mail through the e-mail connection of the settings."""

    contexts = HTTP | SCRIPT
    right = Right.OPERATE_OWN

    api_extension: Number | None = parameter(default=None, example="9994")
    "The extension the message belongs to."
    sender: EmailAddress | None = parameter(default=None, example="desk@example.org")
    "The sender; the connection's by default."
    recipient: EmailAddress = parameter(example="a@mail.example")
    "The recipient."
    subject: Line = parameter(default="", example="Alarm")
    "The subject, one line."
    message: str = parameter(default="", text=True, example="Zone 3")
    "The text."

    async def run(self, context: Context) -> None:
        if self.api_extension is not None:
            context.switch.api_extension(self.api_extension)
        await context.switch.send_message(
            Outgoing(
                text=self.message,
                kind="email",
                to_address=self.recipient,
                from_address=self.sender or "",
                subject=self.subject,
                user=context.user,
            )
        )
