"""What every transport offers the driver (RFC 3261 section 18)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from softswitch.sip.effects import Flow

Receive = Callable[[bytes, Flow], None]
"Takes one whole message and where it came from; never raises."

Failed = Callable[[], None]
"Called when octets that were accepted for sending could not be sent after all."

Gone = Callable[[Flow], None]
"Called when a connection is gone; never raises."


class Transport(Protocol):
    """One listening socket and what belongs to it."""

    name: str
    "As in `Flow.transport`."
    local: tuple[str, int]
    "Where it listens; the port is the real one once it is open."

    async def open(self) -> None:
        """Bind and listen; raises OSError."""

    def flow_to(self, remote: tuple[str, int]) -> Flow:
        """Make the flow from here to a numeric address of the same family."""

    def send(self, data: bytes, flow: Flow, failed: Failed | None) -> None:
        """Send octets; raises OSError at once or calls `failed` later."""

    def take_back(self, data: bytes, flow: Flow) -> bool:
        """Whether octets still waited to be sent; if so they are not sent any more."""

    async def close(self) -> None:
        """Close every socket."""
