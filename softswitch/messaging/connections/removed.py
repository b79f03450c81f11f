"""A connection that the settings had and have no more: its messages go elsewhere, or nowhere."""

from __future__ import annotations

from softswitch.messaging.connections.connection import ConnectionState, DeliveryRefused, Hub, Sent
from softswitch.store.messages import TextMessage


class RemovedConnection:
    """Refuses what still waits for it, so that the next connection of the route takes it."""

    kind = "removed"
    window = 4

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def state(self) -> ConnectionState:
        return ConnectionState(False, "no longer in the settings")

    async def start(self, hub: Hub) -> None:
        """Nothing is to be started."""

    async def stop(self) -> None:
        """Nor stopped."""

    async def send(self, message: TextMessage) -> Sent:
        """Refuse."""
        raise DeliveryRefused(f"the connection {self.name} is no longer in the settings")
