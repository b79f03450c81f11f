"""Send text messages in the older dialect of the API.

command=SendMessage&Recipient=%2B36201234567&MessageType=SMS:TEXT&MessageData=Hello+World
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import numbered, parameter
from softswitch.commands.base.placement import HTTP
from softswitch.commands.base.replies import Listing, Reply
from softswitch.commands.base.values import ResponseFormat, Url, whole
from softswitch.guard.rights import Right
from softswitch.messaging.queue.outgoing import Outgoing

MOST_MESSAGES = 1_000
"Messages in one request."

Count = Annotated[int, whole(1, MOST_MESSAGES)]


@dataclass(frozen=True, kw_only=True)
class SendMessage(Command):
    """Send a text to one or several recipients; answers with a MessageId for each.

    Several texts in one request carry numbers, from 0 or 1: `MessageCount=2`, then `Recipient0`,
    `MessageData0`, `Recipient1`, `MessageData1`. Where one of several cannot be sent, the others
    are, and its report says why.
    """

    contexts = HTTP
    right = Right.OPERATE_OWN

    action: str | None = parameter(default=None, example="sendmessage")
    "Fixed: sendmessage."
    recipient: str | None = parameter(default=None, numbered=True, example="+36201234567")
    "The recipients, separated by commas."
    message_data: str | None = parameter(default=None, numbered=True, example="Hello World")
    "The text."
    message_type: str = parameter(default="SMS:TEXT", numbered=True, example="SMS:TEXT")
    "The kind of message."
    originator: str | None = parameter(default=None, numbered=True, example="+36201112222")
    "The sender: a number, short code or text."
    report_url: Url | None = parameter(
        default=None, name="DeliveryReportURL", example="http://app.example/report"
    )
    "Gets SMSDeliveryReport."
    message_count: Count | None = parameter(default=None, example="2")
    "How many numbered messages there are."
    max_response: Annotated[int, whole(0, MOST_MESSAGES)] | None = parameter(
        default=None, example="1000"
    )
    "The most reports in the answer; all messages are sent."
    continue_url: Url | None = parameter(default=None, example="http://app.example/next")
    "A link in an answer in HTML."
    response_format: ResponseFormat = parameter(default=ResponseFormat.XML, example="html")
    "xml, html or json."
    several: Mapping[int, Mapping[str, str]] = numbered()
    "Numbered messages."

    def messages(self, user: str) -> list[Outgoing]:
        """The messages to be sent. Raises CommandError 302 where there is none."""
        if self.message_count is None:
            return self._addressed("", self.recipient, self.message_data, self.originator, user)
        orders: list[Outgoing] = []
        for number, texts in sorted(self.several.items())[: self.message_count]:
            orders += self._addressed(
                str(number),
                texts.get("recipient"),
                texts.get("message_data", self.message_data),
                texts.get("originator", self.originator),
                user,
            )
        if not orders:
            raise self._missing("Recipient0")
        return orders[:MOST_MESSAGES]

    def _addressed(
        self,
        number: str,
        recipients: str | None,
        text: str | None,
        originator: str | None,
        user: str,
    ) -> list[Outgoing]:
        """One text to each of some recipients."""
        addresses = [part.strip() for part in (recipients or "").split(",") if part.strip()]
        if not addresses:
            raise self._missing(f"Recipient{number}")
        if text is None:
            raise self._missing(f"MessageData{number}")
        return [
            Outgoing(
                text=text,
                kind="sms",
                to_address=address,
                from_address=originator or "",
                report_url=self.report_url,
                user=user,
            )
            for address in addresses[:MOST_MESSAGES]
        ]

    def _missing(self, name: str) -> CommandError:
        detail = f"{self.name()}: {name} is missing, expected text"
        return CommandError(Code.INVALID_PARAMETER, name, self.name(), detail=detail)

    async def run(self, context: Context) -> Reply:
        orders = self.messages(context.user)
        if len(orders) == 1:
            identity = await context.switch.send_message(orders[0])
            return Reply({"MessageId": identity, "Recipient": orders[0].to_address})
        rows = [await _report(context, order) for order in orders]
        sent = [row for row in rows if row["MessageId"]]
        fields = {
            "MessageId": ",".join(row["MessageId"] for row in sent),
            "Recipient": ",".join(row["Recipient"] for row in sent),
        }
        shown = rows if self.max_response is None else rows[: self.max_response]
        return Reply(fields, Listing("AcceptReports", "AcceptReport", shown, len(rows)))


async def _report(context: Context, order: Outgoing) -> Mapping[str, str]:
    """Send one of several messages; what became of it."""
    status, sentence, identity = 0, "Message accepted for delivery", ""
    try:
        identity = await context.switch.send_message(order)
    except CommandError as error:
        status, sentence = int(error.code), error.message
    return {
        "StatusCode": str(status),
        "StatusMessage": sentence,
        "MessageId": identity,
        "Recipient": order.to_address,
    }
