"""Send text messages in the older dialect of the API.

action=sendmessage&recipient=%2B3612345678&messagetype=SMS:TEXT&messagedata=Hello+World
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP
from softswitch.commands.base.replies import Reply
from softswitch.commands.base.values import Url
from softswitch.messaging.queue.outgoing import Outgoing


@dataclass(frozen=True, kw_only=True)
class SendMessage(Command):
    """Send a text to one or several recipients; answers with a MessageId for each."""

    contexts = HTTP

    action: str | None = parameter(default=None, example="sendmessage")
    "Fixed: sendmessage."
    recipient: str = parameter(example="+36201234567")
    "The recipients, separated by commas."
    message_data: str = parameter(example="Hello World")
    "The text."
    message_type: str = parameter(default="SMS:TEXT", example="SMS:TEXT")
    "The kind of message."
    originator: str | None = parameter(default=None, example="+36201112222")
    "The sender: a number, short code or text."
    report_url: Url | None = parameter(
        default=None, name="DeliveryReportURL", example="http://app.example/report"
    )
    "Gets SMSDeliveryReport."

    async def run(self, context: Context) -> Reply:
        recipients = [part.strip() for part in self.recipient.split(",") if part.strip()]
        identities = [
            await context.switch.send_message(
                Outgoing(
                    text=self.message_data,
                    kind="sms",
                    to_address=recipient,
                    from_address=self.originator or "",
                    report_url=self.report_url,
                    user=context.user,
                )
            )
            for recipient in recipients
        ]
        return Reply({"MessageId": ",".join(identities), "Recipient": ",".join(recipients)})
