"""Messages for the administrator, shown in the log, and what the administrator answers."""

from __future__ import annotations

import structlog

from softswitch.messaging.connections.connection import (
    ADMIN,
    Arrival,
    ConnectionState,
    Hub,
    NotStarted,
    Sent,
)
from softswitch.store.messages import TextMessage

_LOG = structlog.get_logger("softswitch.admin")


class AdminConnection:
    """The built-in connection of the console."""

    name = ADMIN
    kind = ADMIN
    window = 1

    def __init__(self) -> None:
        self._hub: Hub = NotStarted()

    @property
    def state(self) -> ConnectionState:
        return ConnectionState(True)

    async def start(self, hub: Hub) -> None:
        """Begin."""
        self._hub = hub

    async def stop(self) -> None:
        """End."""
        self._hub = NotStarted()

    async def send(self, message: TextMessage) -> Sent:
        """Write a message to the log."""
        _LOG.warning("message", text=message.text, sender=message.from_address, id=message.id)
        return Sent(delivered=True)

    async def say(self, text: str, user: str) -> TextMessage:
        """Bring a text of the administrator to the scripts that wait for `admin@localhost`."""
        return await self._hub.arrived(
            Arrival(connection=ADMIN, text=text, from_address=user, user=user)
        )
