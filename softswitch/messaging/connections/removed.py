"""A connection that is no longer in the settings: its messages go elsewhere, or nowhere."""

from __future__ import annotations

from softswitch.messaging.connections.connection import ConnectionState, DeliveryRefused, Hub, Sent
from softswitch.store.messages import TextMessage


class RemovedConnection:
    """Refuses the messages that wait for it: the next connection of the route takes them."""

    kind = "removed"
    window = 4

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def state(self) -> ConnectionState:
        return ConnectionState(False, "no longer in the settings")

    async def start(self, hub: Hub) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    async def send(self, message: TextMessage) -> Sent:
        """Refuse."""
        raise DeliveryRefused(f"the connection {self.name} is no longer in the settings")
