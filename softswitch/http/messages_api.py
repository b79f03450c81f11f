"""The two message dialects of `/api`: JSON (`sendmsg` …) and the older XML (`sendmessage` …).

API reference, section 3 and 7.6. JSON is authenticated by HTTP Basic; what it answers has the
code in the status as well. The HTTP user of an `http` connection brings messages through it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from aiohttp import web

from softswitch.commands.base.codes import CommandError
from softswitch.commands.running.messages import message_row
from softswitch.http.replies import XML_HEAD, xml_text
from softswitch.http.users import Users
from softswitch.messaging.connections.admin import AdminConnection
from softswitch.messaging.connections.connection import ADMIN, Full, MessageRefused, NoRoute
from softswitch.messaging.connections.http import HttpConnection
from softswitch.messaging.connections.message_json import (
    MessageFields,
    NotAMessage,
    read_fields,
    written,
)
from softswitch.messaging.queue.folders import FOLDERS
from softswitch.messaging.queue.messages import Messages
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.store.errors import StoreError

log = structlog.get_logger("api")

MOST_MESSAGES = 1_000
"Messages in one request."
LIMIT = 1_000
"Messages of one answer, where the request does not say."
SENT = "Messages queued for delivery."


FolderChange = Callable[[str, str, Sequence[str]], Awaitable[Sequence[str]]]
"Changes messages of a user's folder; the ids of those that it held."


class _Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        self.status = status
        self.code = code
        self.sentence = sentence


class MessagesApi:
    """Serves `action=…` of `/api`."""

    def __init__(self, messages: Messages, users: Users) -> None:
        self._messages = messages
        self._users = users
        self._partners = {
            connection.username: connection
            for connection in messages.connections.values()
            if isinstance(connection, HttpConnection) and connection.username
        }
        self._json = {
            "sendmsg": self._send,
            "receivemsg": self._receive,
            "deletemsg": self._delete,
            "markmsg": self._mark,
        }
        self._xml = {"sendmessage": self._send_xml, "receivemessage": self._receive_xml}

    async def handle(self, request: web.Request, fields: Mapping[str, str]) -> web.Response | None:
        """Answer a request with an action that is ours; `fields` have lower-case names."""
        action = fields.get("action", "").lower()
        if action in self._json:
            return await self._handle_json(request, action, fields)
        if action in self._xml:
            return await self._handle_xml(request, action, fields)
        return None

    # -- JSON --------------------------------------------------------------------------------------

    async def _handle_json(
        self, request: web.Request, action: str, fields: Mapping[str, str]
    ) -> web.Response:
        try:
            user = self._users.of_request(request, fields)
            data = await self._json[action](request, user, fields)
            status, code, sentence = 200, "SUCCESS", SENT if action == "sendmsg" else ""
        except CommandError as error:
            status, code, sentence, data = 401, "AUTHENTICATION_FAILED", error.message, {}
        except _Refusal as refusal:
            status, code, sentence, data = refusal.status, refusal.code, refusal.sentence, {}
        except (StoreError, Full) as error:
            status, code, sentence, data = 503, "STORAGE_FAILED", str(error), {}
        log.info("messages", action=action, status=status, source=request.remote)
        body = {"http_code": status, "response_code": code, "response_msg": sentence, "data": data}
        headers = {"WWW-Authenticate": 'Basic realm="softswitch"'} if status == 401 else None
        return web.json_response(
            text=json.dumps(body, ensure_ascii=False), status=status, headers=headers
        )

    async def _send(
        self, request: web.Request, user: str, fields: Mapping[str, str]
    ) -> dict[str, Any]:
        body = await _object(request)
        wanted = body.get("messages")
        if not isinstance(wanted, list) or not 0 < len(wanted) <= MOST_MESSAGES:
            raise _bad(f"expected messages, a list of 1 to {MOST_MESSAGES}")
        answers = [await self._send_one(value, user) for value in wanted]
        failed = sum(answer["status"] != "SUCCESS" for answer in answers)
        return _counted(len(answers), failed) | {"messages": answers}

    async def _send_one(self, value: object, user: str) -> dict[str, Any]:
        """Send one of the messages; a bad one does not keep the others back."""
        shown = dict(value) if isinstance(value, Mapping) else {}
        try:
            fields = read_fields(value)
            partner = self._partners.get(user)
            if fields.from_connection.partition("@")[0] == ADMIN and not fields.to_address:
                identity = await self._said(fields.text, user)
            elif partner is not None:
                identity = (await partner.bring(fields)).id
            else:
                identity = await self._messages.send(outgoing(fields, user))
        except (NotAMessage, MessageRefused, StoreError) as error:
            return {**shown, "status": "FAILED", "status_message": str(error)}
        return {**shown, "message_id": identity, "status": "SUCCESS"}

    async def _said(self, text: str, user: str) -> str:
        """Bring a text of an administrator to the scripts that wait for `admin@localhost`."""
        admin = self._messages.connections.get(ADMIN)
        if not isinstance(admin, AdminConnection):
            raise NoRoute(f"no connection {ADMIN}")
        return (await admin.say(text, user)).id

    async def _receive(
        self, request: web.Request, user: str, fields: Mapping[str, str]
    ) -> dict[str, Any]:
        folder = _folder(fields.get("folder", "inbox"))
        text = fields.get("limit") or str(LIMIT)
        limit = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
        if not 0 < limit <= LIMIT:
            raise _bad(f"expected a limit of 1 to {LIMIT}")
        found = await self._messages.folders.fetch(user, folder, limit)
        rows = [written(message) for message in found]
        return {
            **_counted(len(rows), 0),
            "folder": folder,
            "limit": str(limit),
            "data": rows,
            "messages": rows,
        }

    async def _delete(
        self, request: web.Request, user: str, fields: Mapping[str, str]
    ) -> dict[str, Any]:
        return await self._change(request, user, self._messages.folders.delete)

    async def _mark(
        self, request: web.Request, user: str, fields: Mapping[str, str]
    ) -> dict[str, Any]:
        return await self._change(request, user, self._messages.folders.mark)

    async def _change(
        self, request: web.Request, user: str, change: FolderChange
    ) -> dict[str, Any]:
        folder, ids = _ids(await _object(request))
        done = await change(user, folder, ids)
        return _counted(len(ids), len(ids) - len(done)) | {"folder": folder, "message_ids": done}

    # -- XML ---------------------------------------------------------------------------------------

    async def _handle_xml(
        self, request: web.Request, action: str, fields: Mapping[str, str]
    ) -> web.Response:
        try:
            user = self._users.of_request(request, fields)
            lines = await self._xml[action](user, fields)
        except CommandError as error:
            lines = _xml_error(int(error.code), error.message)
        except _Refusal as refusal:
            lines = _xml_error(302, refusal.sentence)
        except StoreError as error:
            lines = _xml_error(501, str(error))
        log.info("messages", action=action, source=request.remote)
        text = "\n".join(
            (
                f"{XML_HEAD}<response>",
                f"  <action>{action}</action>",
                "  <data>",
                *lines,
                "  </data>",
                "</response>",
                "",
            )
        )
        return web.Response(text=text, content_type="application/xml", charset="utf-8")

    async def _send_xml(self, user: str, fields: Mapping[str, str]) -> list[str]:
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
            raise _bad("expected recipient and messagedata")
        return lines

    async def _receive_xml(self, user: str, fields: Mapping[str, str]) -> list[str]:
        folder = _folder(fields.get("folder") or "inbox")
        text = fields.get("limit") or "100"
        if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) <= LIMIT):
            raise _bad(f"expected a limit of 1 to {LIMIT}")
        after = fields.get("afterdownload", "").lower() or "leave"
        found = await self._messages.folders.fetch(user, folder, int(text), after)
        lines = []
        for message in found:
            lines.append("    <message>")
            for name, value in message_row(message).items():
                lines.append(f"      <{name.lower()}>{xml_text(value)}</{name.lower()}>")
            lines.append("    </message>")
        return lines


def outgoing(fields: MessageFields, user: str) -> Outgoing:
    """The message to be sent that an object of the JSON dialect describes."""
    return Outgoing(
        **fields.content(),
        connection=fields.to_connection or None,
        user=user,
        id=fields.message_id or None,
        valid_until=fields.valid_until,
    )


def _orders(fields: Mapping[str, str]) -> list[tuple[str, str]]:
    """Recipients and texts, of one message or of several that carry an index."""
    count = fields.get("messagecount", "")
    if not count:
        recipients = [part.strip() for part in fields.get("recipient", "").split(",")]
        text = fields.get("messagedata")
        return [(one, text) for one in recipients[:MOST_MESSAGES] if one and text is not None]
    if not (count.isascii() and count.isdigit() and int(count[:6]) <= MOST_MESSAGES):
        raise _bad(f"expected a messagecount of at most {MOST_MESSAGES}")
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


def _xml_error(code: int, sentence: str) -> list[str]:
    return [
        f"    <errorcode>{code}</errorcode>",
        f"    <errormessage>{xml_text(sentence)}</errormessage>",
    ]


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        value = json.loads(await request.text())
    except (ValueError, RecursionError, LookupError):
        raise _bad("expected a JSON object") from None
    if not isinstance(value, dict):
        raise _bad("expected a JSON object")
    return value


def _ids(body: Mapping[str, Any]) -> tuple[str, list[str]]:
    ids = body.get("message_ids")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise _bad("expected message_ids, a list of ids")
    if len(ids) > MOST_MESSAGES:
        raise _bad(f"expected at most {MOST_MESSAGES} ids")
    return _folder(body.get("folder", "inbox")), ids


def _folder(name: object) -> str:
    folder = str(name).lower()
    if folder not in FOLDERS:
        raise _bad(f"expected a folder, one of {', '.join(FOLDERS)}")
    return folder


def _counted(total: int, failed: int) -> dict[str, Any]:
    return {"total_count": total, "success_count": total - failed, "failed_count": failed}


def _bad(sentence: str) -> _Refusal:
    return _Refusal(400, "BAD_REQUEST", sentence)
