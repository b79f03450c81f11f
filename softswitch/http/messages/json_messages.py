"""The JSON dialect of messages: `sendmsg`, `receivemsg`, `deletemsg`, `markmsg` (section 7.6).

It is authenticated by HTTP Basic; what it answers has the code in the status as well. The HTTP user
of an `http` connection brings messages through it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from aiohttp import web

from softswitch.commands.base.codes import Code, CommandError
from softswitch.guard.rights import VIEWS, NotAllowed, Right, User
from softswitch.http.access.asked_changes import AskedChange, ask_change
from softswitch.http.messages.message_requests import (
    MOST_MESSAGES,
    BadMessageRequest,
    folder_of,
    limit_of,
    require_own_sender,
)
from softswitch.http.users import Users, challenge
from softswitch.messaging.connections.admin import AdminConnection
from softswitch.messaging.connections.connection import ADMIN, Full, MessageRefused, NoRoute
from softswitch.messaging.connections.http import HttpConnection
from softswitch.messaging.connections.message_json import (
    MessageFields,
    NotAMessage,
    read_fields,
    written,
)
from softswitch.messaging.queue.messages import Messages
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.store.errors import StoreError
from softswitch.store.texts import half_character

log = structlog.get_logger("api")

SENT = "Messages queued for delivery."

FolderChange = Callable[[str, str, Sequence[str]], Awaitable[Sequence[str]]]
"Changes messages of a user's folder; the ids of those that it held."


class JsonMessages:
    """Sends, lists, deletes and marks messages."""

    def __init__(self, messages: Messages, users: Users) -> None:
        self._messages = messages
        self._users = users
        self._partners = {
            connection.username: connection
            for connection in messages.connections.values()
            if isinstance(connection, HttpConnection) and connection.username
        }
        self.actions = {
            "sendmsg": self._send,
            "receivemsg": self._receive,
            "deletemsg": self._delete,
            "markmsg": self._mark,
        }
        self.rights = {
            "sendmsg": Right.OPERATE_OWN,
            "receivemsg": Right.SEE_OWN,
            "deletemsg": Right.OPERATE_OWN,
            "markmsg": Right.OPERATE_OWN,
        }

    async def handle(
        self, request: web.Request, action: str, fields: Mapping[str, str]
    ) -> web.Response:
        """Answer a request with one of the actions."""
        data: dict[str, Any] = {}
        try:
            user = self._users.of_request(request, fields, runs_commands=True)
            if self.rights[action] not in VIEWS:
                ask_change(request, AskedChange(user, action, ""))
            user.require(self.rights[action])
            data = await self.actions[action](request, user, fields)
            status, code, sentence = 200, "SUCCESS", SENT if action == "sendmsg" else ""
        except NotAllowed as error:
            status, code, sentence = 403, "FORBIDDEN_USER", str(error)
        except CommandError as error:
            status, code, sentence = 401, "AUTHENTICATION_FAILED", error.message
            if error.code is Code.FORBIDDEN_ADDRESS:
                status, code = 403, "FORBIDDEN_ADDRESS"
        except BadMessageRequest as error:
            status, code, sentence = 400, "BAD_REQUEST", str(error)
        except (StoreError, Full) as error:
            status, code, sentence = 503, "STORAGE_FAILED", str(error)
        log.info("messages", action=action, status=status, source=request.remote)
        body = {"http_code": status, "response_code": code, "response_msg": sentence, "data": data}
        headers = challenge(request, runs_commands=True) if status == 401 else None
        text = json.dumps(body, ensure_ascii=False)
        return web.json_response(text=text, status=status, headers=headers)

    async def _send(
        self, request: web.Request, user: User, fields: Mapping[str, str]
    ) -> dict[str, Any]:
        body = await _object(request)
        wanted = body.get("messages")
        if not isinstance(wanted, list) or not 0 < len(wanted) <= MOST_MESSAGES:
            raise BadMessageRequest(f"expected messages, a list of 1 to {MOST_MESSAGES}")
        answers = [await self._send_one(value, user) for value in wanted]
        failed = sum(answer["status"] != "SUCCESS" for answer in answers)
        return _counted(len(answers), failed) | {"messages": answers}

    async def _send_one(self, value: object, user: User) -> dict[str, Any]:
        """Send one of the messages; a bad one does not keep the others back."""
        shown = dict(value) if isinstance(value, Mapping) else {}
        try:
            fields = read_fields(value)
            partner = self._partners.get(user.name)
            if fields.from_connection.partition("@")[0] == ADMIN and not fields.to_address:
                user.require(Right.OPERATE)  # any script may wait for it
                identity = await self._said(fields.text, user.name)
            elif partner is not None:
                identity = (await partner.bring(fields)).id
            else:
                require_own_sender(user, fields.from_address)
                identity = await self._messages.send(outgoing(fields, user.name))
        except (NotAMessage, MessageRefused, NotAllowed, StoreError) as error:
            return {**shown, "status": "FAILED", "status_message": str(error)}
        return {**shown, "message_id": identity, "status": "SUCCESS"}

    async def _said(self, text: str, user: str) -> str:
        """Bring a text of an administrator to the scripts that wait for `admin@localhost`."""
        admin = self._messages.connections.get(ADMIN)
        if not isinstance(admin, AdminConnection):
            raise NoRoute(f"no connection {ADMIN}")
        return (await admin.say(text, user)).id

    async def _receive(
        self, request: web.Request, user: User, fields: Mapping[str, str]
    ) -> dict[str, Any]:
        folder = folder_of(fields.get("folder", "inbox"))
        limit = limit_of(fields.get("limit") or str(MOST_MESSAGES))
        found = await self._messages.folders.fetch(user.name, folder, limit)
        rows = [written(message) for message in found]
        return {
            **_counted(len(rows), 0),
            "folder": folder,
            "limit": str(limit),
            "data": rows,
            "messages": rows,
        }

    async def _delete(
        self, request: web.Request, user: User, fields: Mapping[str, str]
    ) -> dict[str, Any]:
        return await self._change(request, user.name, self._messages.folders.delete)

    async def _mark(
        self, request: web.Request, user: User, fields: Mapping[str, str]
    ) -> dict[str, Any]:
        return await self._change(request, user.name, self._messages.folders.mark)

    async def _change(
        self, request: web.Request, user: str, change: FolderChange
    ) -> dict[str, Any]:
        folder, ids = _ids(await _object(request))
        done = await change(user, folder, ids)
        return _counted(len(ids), len(ids) - len(done)) | {"folder": folder, "message_ids": done}


def outgoing(fields: MessageFields, user: str) -> Outgoing:
    """The message to be sent that an object of the JSON dialect describes."""
    return Outgoing(
        **fields.content(),
        connection=fields.to_connection or None,
        user=user,
        id=fields.message_id or None,
        valid_until=fields.valid_until,
    )


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        value = json.loads(await request.text())
    except (ValueError, RecursionError, LookupError):
        raise BadMessageRequest("expected a JSON object") from None
    if not isinstance(value, dict):
        raise BadMessageRequest("expected a JSON object")
    half = half_character(json.dumps(value, ensure_ascii=False))
    if half is not None:  # no answer could repeat it (RFC 8259 section 8.2)
        raise BadMessageRequest(f"a text of the JSON object holds {half}")
    return value


def _ids(body: Mapping[str, Any]) -> tuple[str, list[str]]:
    ids = body.get("message_ids")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise BadMessageRequest("expected message_ids, a list of ids")
    if len(ids) > MOST_MESSAGES:
        raise BadMessageRequest(f"expected at most {MOST_MESSAGES} ids")
    return folder_of(body.get("folder", "inbox")), ids


def _counted(total: int, failed: int) -> dict[str, Any]:
    return {"total_count": total, "success_count": total - failed, "failed_count": failed}
