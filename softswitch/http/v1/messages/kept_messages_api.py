"""`/v1/messages`: text messages of all folders; of an application those of its own folders."""

from __future__ import annotations

from urllib.parse import quote

import structlog
from aiohttp import web

from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer, asked
from softswitch.http.v1.bodies import body_of
from softswitch.http.v1.messages.messages_json import (
    MESSAGE_OPERATIONS,
    MessageGiven,
    MessagesAsked,
    MessagesListed,
    show_message,
)
from softswitch.http.v1.serving import Work, served
from softswitch.messaging.connections.connection import Full, MessageRefused
from softswitch.messaging.queue.messages import Messages
from softswitch.store.messages import TextMessage

log = structlog.get_logger("api")


class KeptMessagesApi:
    """Lists, sends and deletes messages."""

    def __init__(self, messages: Messages, users: Users) -> None:
        self._messages = messages
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works: dict[str, Work] = {
            "listMessages": self._list,
            "sendMessage": self._send,
            "showMessage": self._show,
            "deleteMessage": self._delete,
        }
        return served(MESSAGE_OPERATIONS, self._users, works)

    async def _list(self, request: web.Request, user: User) -> web.Response:
        wanted = asked(request, MessagesAsked)
        found = await self._messages.folders.page(wanted.of(user), wanted.part)
        shown = [show_message(each) for each in found.messages]
        listed = MessagesListed(
            total=found.total, offset=wanted.offset, limit=wanted.limit, messages=shown
        )
        return answer(200, listed)

    async def _send(self, request: web.Request, user: User) -> web.Response:
        wanted = await body_of(request, MessageGiven)
        if wanted.sender:
            user.require_own(wanted.sender)
        known = await self._messages.folders.find(wanted.id) if wanted.id else None
        try:
            identity = await self._messages.send(wanted.of(user))
        except Full as error:
            raise NotServed(503, str(error)) from None
        except MessageRefused as error:
            raise NotServed(422, str(error)) from None
        message = await self._messages.folders.find(identity)
        assert message is not None
        log.info("message", id=identity, user=user.name, source=request.remote)
        where = {"Location": f"/v1/messages/{quote(identity, safe='')}"}
        return answer(200 if known else 201, show_message(message), where)

    async def _show(self, request: web.Request, user: User) -> web.Response:
        return answer(200, show_message(await self._message(request, user)))

    async def _delete(self, request: web.Request, user: User) -> web.Response:
        message = await self._message(request, user)
        await self._messages.folders.remove(message)
        log.info("message deleted", id=message.id, user=user.name, source=request.remote)
        return web.Response(status=204)

    async def _message(self, request: web.Request, user: User) -> TextMessage:
        """The message of a path. Raises NotServed where the user has none of that id."""
        identity = request.match_info["message_id"]
        found = await self._messages.folders.find(identity)
        if found is None or (user.own is not None and found.user != user.name):
            raise NotServed(404, f"there is no message '{identity[:64]}'")
        return found
