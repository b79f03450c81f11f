"""The older dialect of messages: `sendmessage` and `receivemessage` (API reference, section 7.6).

It reads what the commands `SendMessage` and `ReceiveMessage` read, and answers in XML of its own,
or in HTML or JSON where `ResponseFormat` says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from aiohttp import web

from softswitch.commands.base.codes import CommandError
from softswitch.commands.base.rights import forbidding
from softswitch.commands.base.values import ResponseFormat
from softswitch.commands.receive_message import ReceiveMessage
from softswitch.commands.running.messages import message_row
from softswitch.commands.send_message import SendMessage
from softswitch.guard.rights import VIEWS, User
from softswitch.http.access.asked_changes import AskedChange, ask_change, refuse_change
from softswitch.http.fields import REQUEST_FIELDS
from softswitch.http.messages.message_requests import require_own_sender
from softswitch.http.replies import XML_HEAD, html_page, html_table, xml_text
from softswitch.http.users import Users
from softswitch.messaging.connections.connection import MessageRefused
from softswitch.messaging.queue.messages import Messages
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.store.errors import StoreError

log = structlog.get_logger("api")

Row = Mapping[str, str]
"The members of one element, by name."


@dataclass(frozen=True, slots=True)
class ActionAnswer:
    """What an action answers: elements of one name."""

    element: str
    "Empty for an error, whose members stand alone."
    rows: Sequence[Row]


class XmlMessages:
    """Sends and lists messages."""

    def __init__(self, messages: Messages, users: Users) -> None:
        self._messages = messages
        self._users = users
        self.actions = {"sendmessage": self._send, "receivemessage": self._receive}
        self.rights = {"sendmessage": SendMessage.right, "receivemessage": ReceiveMessage.right}

    async def handle(
        self, request: web.Request, action: str, fields: Mapping[str, str]
    ) -> web.Response:
        """Answer a request with one of the actions."""
        try:
            user = self._users.of_request(request, fields, runs_commands=True)
            if self.rights[action] not in VIEWS:
                ask_change(request, AskedChange(user, action, fields.get("recipient", "")))
            with forbidding(action):
                user.require(self.rights[action])
            answer = await self.actions[action](user, fields)
        except CommandError as error:
            refuse_change(request, int(error.code))
            answer = _error(int(error.code), error.message)
        except StoreError as error:
            refuse_change(request, 501)
            answer = _error(501, str(error))
        log.info("messages", action=action, source=request.remote)
        return _written(action, answer, fields)

    async def _send(self, user: User, fields: Mapping[str, str]) -> ActionAnswer:
        command = SendMessage.parse(fields, ignored=REQUEST_FIELDS, skipped=_pass_over)
        orders = command.messages(user.name)
        for order in orders:
            with forbidding("Originator"):
                require_own_sender(user, order.from_address)
        reports = [await self._report(order) for order in orders]
        return ActionAnswer("acceptreport", reports[: command.max_response])

    async def _report(self, order: Outgoing) -> Row:
        """Send a message; what became of it."""
        status, sentence, identity = 0, "Message accepted for delivery", ""
        try:
            identity = await self._messages.send(order)
        except (MessageRefused, StoreError) as error:
            status, sentence = 501, str(error)
        return {
            "statuscode": str(status),
            "statusmessage": sentence,
            "messageid": identity,
            "recipient": order.to_address,
        }

    async def _receive(self, user: User, fields: Mapping[str, str]) -> ActionAnswer:
        command = ReceiveMessage.parse(fields, ignored=REQUEST_FIELDS, skipped=_pass_over)
        found = await self._messages.folders.fetch(
            user.name, command.folder, command.limit, command.after_download
        )
        rows = [message_row(message) for message in found]
        return ActionAnswer(
            "message", [{name.lower(): v for name, v in row.items()} for row in rows]
        )


def _pass_over(_mistake: object) -> None:
    """Nothing: this dialect has no place for warnings."""


def _error(code: int, sentence: str) -> ActionAnswer:
    return ActionAnswer("", [{"errorcode": str(code), "errormessage": sentence}])


def _written(action: str, answer: ActionAnswer, fields: Mapping[str, str]) -> web.Response:
    """The answer in the format that is asked for."""
    match fields.get("responseformat", "").lower():
        case ResponseFormat.HTML:
            text = html_page(action, [html_table(answer.rows)], fields.get("continueurl", ""))
            kind = "text/html"
        case ResponseFormat.JSON:
            text, kind = _json(action, answer), "application/json"
        case _:
            text, kind = _xml(action, answer), "application/xml"
    return web.Response(text=text, content_type=kind, charset="utf-8")


def _xml(action: str, answer: ActionAnswer) -> str:
    lines = [f"{XML_HEAD}<response>", f"  <action>{action}</action>", "  <data>"]
    for row in answer.rows:
        indent = "      " if answer.element else "    "
        members = [f"{indent}<{name}>{xml_text(text)}</{name}>" for name, text in row.items()]
        if answer.element:
            members = [f"    <{answer.element}>", *members, f"    </{answer.element}>"]
        lines += members
    return "\n".join((*lines, "  </data>", "</response>", ""))


def _json(action: str, answer: ActionAnswer) -> str:
    rows = [dict(row) for row in answer.rows]
    data: object = {answer.element: rows} if answer.element else rows[0]
    text = json.dumps({"response": {"action": action, "data": data}}, ensure_ascii=False)
    return text.encode(errors="replace").decode()
