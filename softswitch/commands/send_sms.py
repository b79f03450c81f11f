"""Send a text message to a telephone.

<SendSms Recipient="+3612345678">Your code is 4711</SendSms>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, SCRIPT
from softswitch.commands.base.replies import Reply
from softswitch.commands.base.values import Number, Url
from softswitch.guard.rights import Right
from softswitch.messaging.queue.outgoing import Outgoing


@dataclass(frozen=True, kw_only=True)
class SendSms(Command):
    """Send a text message; answers with its SmsId when the message is stored."""

    contexts = HTTP | SCRIPT
    right = Right.OPERATE_OWN
    aliases = ("SendSMS",)

    api_extension: Number | None = parameter(default=None, example="9994")
    "The extension the message belongs to; in a script its own."
    sender: str | None = parameter(default=None, example="+061554669")
    "The sender's number; the connection's by default."
    recipient: str = parameter(example="+062554670")
    "The recipient."
    message: str = parameter(text=True, example="Hello")
    "The text."
    delivery_report_url: Url | None = parameter(
        default=None, name="DeliveryReportURL", example="http://app.example/report"
    )
    "Gets SMSDeliveryReport."

    async def run(self, context: Context) -> Reply:
        extension = context.extension or ""
        if self.api_extension is not None:
            extension = context.switch.api_extension(self.api_extension)
        identity = await context.switch.send_message(
            Outgoing(
                text=self.message,
                kind="sms",
                to_address=self.recipient,
                from_address=self.sender or extension,
                report_url=self.delivery_report_url,
                user=context.user,
            )
        )
        return Reply({"SmsId": identity})
