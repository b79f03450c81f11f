"""The message dialects of `/api`, chosen by `action`: JSON (`sendmsg` …) and XML (`sendmessage` …).

API reference, sections 3 and 7.6.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from softswitch.http.messages.json_messages import JsonMessages
from softswitch.http.messages.xml_messages import XmlMessages
from softswitch.http.users import Users
from softswitch.messaging.queue.messages import Messages


class MessagesApi:
    """Serves `action=…` of `/api`."""

    def __init__(self, messages: Messages, users: Users) -> None:
        self._dialects = (JsonMessages(messages, users), XmlMessages(messages, users))

    async def handle(self, request: web.Request, fields: Mapping[str, str]) -> web.Response | None:
        """Answer a request with an action that is ours; `fields` have lower-case names."""
        action = fields.get("action", "").lower()
        for dialect in self._dialects:
            if action in dialect.actions:
                return await dialect.handle(request, action, fields)
        return None
