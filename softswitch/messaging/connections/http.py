"""Messages to and from web applications: JSON in the dialect of the API (section 3).

Out: `{"messages": [...]}` is posted to a URL; any 2xx takes the message. Each carries its id, also
as Idempotency-Key, so that a second delivery can be told from a second message. In: what the HTTP
user of this connection sends with `action=sendmsg` arrives here.
"""

from __future__ import annotations

import json

import aiohttp
import structlog
from msgspec.structs import replace

from softswitch.guard.causes import cause
from softswitch.messaging.connections.connection import (
    ConnectionState,
    DeliveryRefused,
    Hub,
    Later,
    NotStarted,
    Sent,
)
from softswitch.messaging.connections.message_json import MessageFields, written
from softswitch.messaging.connections.turns import Turns
from softswitch.store.messages import TextMessage

_LOG = structlog.get_logger("softswitch.messaging")

TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
PASSING = frozenset((408, 425, 429))
"Refusals with 4xx that may be over at the next attempt."


class HttpConnection:
    """One web application."""

    kind = "http"
    window = 8

    def __init__(
        self, name: str, url: str, *, username: str = "", password: str = "", user: str = ""
    ) -> None:
        self.name = name
        self.username = username
        self._url = url
        self._headers = {"Content-Type": "application/json; charset=utf-8"}
        if username:
            self._headers["Authorization"] = aiohttp.encode_basic_auth(username, password)
        self._user = user
        self._turns = Turns()
        self._hub: Hub = NotStarted()
        self._session: aiohttp.ClientSession | None = None
        self._error = ""

    @property
    def state(self) -> ConnectionState:
        return ConnectionState(not self._error, self._error)

    async def start(self, hub: Hub) -> None:
        """Begin."""
        self._hub = hub
        self._session = aiohttp.ClientSession(timeout=TIMEOUT, headers=self._headers)

    async def stop(self) -> None:
        """Close what is open."""
        if self._session is not None:
            await self._session.close()

    async def send(self, message: TextMessage) -> Sent:
        """Post a message, behind the earlier ones to its recipient."""
        async with self._turns.turn(message.to_address):
            return await self._post(message)

    async def _post(self, message: TextMessage) -> Sent:
        if self._session is None:
            raise Later("the connection has not been started")
        body = json.dumps({"messages": [written(message)]}, ensure_ascii=False)
        try:
            async with self._session.post(
                self._url,
                data=body.encode("utf-8", "replace"),
                headers={"Idempotency-Key": message.id},
                allow_redirects=False,
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._error = f"{self._url}: {cause(error)}"
            _LOG.debug("not posted", connection=self.name, error=repr(error))
            raise Later(self._error) from None
        if 200 <= status < 300:
            self._error = ""
            return Sent(delivered=True)
        self._error = f"{self._url} answers {status}"
        if status >= 500 or status in PASSING:
            raise Later(self._error)
        raise DeliveryRefused(self._error)

    async def bring(self, fields: MessageFields) -> TextMessage:
        """Keep a message that the application sends. Raises MessageRefused, StoreError."""
        arrival = fields.arrival(self.name, self._user)
        return await self._hub.arrived(replace(arrival, valid_until=fields.valid_until))
