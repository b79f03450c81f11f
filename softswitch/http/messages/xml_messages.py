"""The older XML dialect of messages: `sendmessage` and `receivemessage` (section 7.6)."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from aiohttp import web

from softswitch.commands.base.codes import CommandError
from softswitch.commands.running.messages import message_row
from softswitch.http.messages.message_requests import (
    MOST_MESSAGES,
    BadMessageRequest,
    folder_of,
    limit_of,
)
from softswitch.http.replies import XML_HEAD, xml_text
from softswitch.http.users import Users
from softswitch.messaging.connections.connection import MessageRefused
from softswitch.messaging.queue.messages import Messages
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.store.errors import StoreError

log = structlog.get_logger("api")


class XmlMessages:
    """Sends and lists messages."""

    def __init__(self, messages: Messages, users: Users) -> None:
        self._messages = messages
        self._users = users
        self.actions = {"sendmessage": self._send, "receivemessage": self._receive}

    async def handle(
        self, request: web.Request, action: str, fields: Mapping[str, str]
    ) -> web.Response:
        """Answer a request with one of the actions."""
        try:
            user = self._users.of_request(request, fields)
            lines = await self.actions[action](user, fields)
        except CommandError as error:
            lines = _error(int(error.code), error.message)
        except BadMessageRequest as error:
            lines = _error(302, str(error))
        except StoreError as error:
            lines = _error(501, str(error))
        log.info("messages", action=action, source=request.remote)
        head = (f"{XML_HEAD}<response>", f"  <action>{action}</action>", "  <data>")
        text = "\n".join((*head, *lines, "  </data>", "</response>", ""))
        return web.Response(text=text, content_type="application/xml", charset="utf-8")

    async def _send(self, user: str, fields: Mapping[str, str]) -> list[str]:
        lines = []
        for recipient, text in _orders(fields):
            order = Outgoing(
                text=text,
                to_address=recipient,
                from_address=fields.get("originator", ""),
                report_url=fields.get("deliveryreporturl"),
                user=user,
            )
            try:
                report = (0, "Message accepted for delivery", await self._messages.send(order))
            except (MessageRefused, StoreError) as error:
                report = (501, str(error), "")
            lines += _accept_report(*report, recipient)
        if not lines:
            raise BadMessageRequest("expected recipient and messagedata")
        return lines

    async def _receive(self, user: str, fields: Mapping[str, str]) -> list[str]:
        folder = folder_of(fields.get("folder") or "inbox")
        limit = limit_of(fields.get("limit") or "100")
        after = fields.get("afterdownload", "").lower() or "leave"
        found = await self._messages.folders.fetch(user, folder, limit, after)
        lines = []
        for message in found:
            lines.append("    <message>")
            for name, value in message_row(message).items():
                lines.append(f"      <{name.lower()}>{xml_text(value)}</{name.lower()}>")
            lines.append("    </message>")
        return lines


def _orders(fields: Mapping[str, str]) -> list[tuple[str, str]]:
    """Recipients and texts, of one message or of several that carry an index."""
    count = fields.get("messagecount", "")
    if not count:
        recipients = [part.strip() for part in fields.get("recipient", "").split(",")]
        text = fields.get("messagedata")
        return [(one, text) for one in recipients[:MOST_MESSAGES] if one and text is not None]
    if not (count.isascii() and count.isdigit() and int(count[:6]) <= MOST_MESSAGES):
        raise BadMessageRequest(f"expected a messagecount of at most {MOST_MESSAGES}")
    orders = []
    for index in range(int(count) + 1):
        recipient, text = fields.get(f"recipient{index}"), fields.get(f"messagedata{index}")
        if recipient and text is not None:
            orders.append((recipient, text))
    return orders


def _accept_report(code: int, sentence: str, identity: str, recipient: str) -> list[str]:
    return [
        "    <acceptreport>",
        f"      <statuscode>{code}</statuscode>",
        f"      <statusmessage>{xml_text(sentence)}</statusmessage>",
        f"      <messageid>{xml_text(identity)}</messageid>",
        f"      <recipient>{xml_text(recipient)}</recipient>",
        "    </acceptreport>",
    ]


def _error(code: int, sentence: str) -> list[str]:
    return [
        f"    <errorcode>{code}</errorcode>",
        f"    <errormessage>{xml_text(sentence)}</errormessage>",
    ]
