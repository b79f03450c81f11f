"""The interface of every kind of connection, and the values and errors that pass through it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from softswitch.store.errors import StoreError
from softswitch.store.messages import MessageContent, TextMessage

SIP = "sip"
"The built-in connection of the phones."
ADMIN = "admin"
"The built-in connection of the console."
API = "api"
"The name of commands and scripts in the rules of routes."

LONGEST_TEXT = 65_536
"Characters of a text."
LONGEST_ADDRESS = 320
"Characters of an address; the longest e-mail address has 320 (RFC 3696, erratum 1690)."


class MessageRefused(Exception):
    """A message that is not accepted; the sentence says why."""


class NoRoute(MessageRefused):
    """There is no connection for the recipient."""


class Full(MessageRefused):
    """There is no room to keep it; the sender may try again later."""


class DeliveryRefused(Exception):
    """A connection will never take this message; another one may, unless `final`."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


class Later(Exception):
    """A connection cannot take this message now; `seconds` where it knows when it can."""

    def __init__(self, reason: str, *, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Sent(NamedTuple):
    """A connection has taken a message."""

    network_ids: tuple[str, ...] = ()
    "The network's ids of its parts, in order; receipts name them."
    delivered: bool = False
    "Whether the recipient has it already."


class Arrival(MessageContent, frozen=True, kw_only=True):
    """A message that a connection brings."""

    connection: str
    from_station: str = ""
    "The account of the connection that it came by."
    user: str = ""
    "Whose inbox; empty for the setting of the switch."
    origin: str | None = None
    "What tells it from others, where the sender gives that."
    must_route: bool = False
    "Whether an unknown recipient is refused; otherwise the message is kept in the inbox."
    report: bool = False
    "Whether the sender wants a delivery receipt."
    valid_until: float | None = None
    "Seconds since 1970; None for as long as the settings say."


class Receipt(NamedTuple):
    """A report of a network about a message that it has taken."""

    network_id: str
    state: str
    "delivered, failed, or sent while it is on its way."
    error: str = ""


class ConnectionState(NamedTuple):
    """Whether a connection can carry messages at this moment."""

    up: bool
    detail: str = ""


class Hub(Protocol):
    """What connections may ask of the queue."""

    async def arrived(self, arrival: Arrival) -> TextMessage:
        """Keep a message that came; on disk on return. Raises MessageRefused, StoreError."""

    async def reported(self, connection: str, receipt: Receipt) -> None:
        """Record a report about a message; it is on disk on return. Raises StoreError."""

    def wake(self, connection: str, address: str | None = None) -> None:
        """Try waiting messages again: those for one recipient, or all."""


class NotStarted:
    """The hub of a connection before its start: senders have to try again."""

    async def arrived(self, arrival: Arrival) -> TextMessage:
        """Raises Full."""
        raise Full("the connection has not been started")

    async def reported(self, connection: str, receipt: Receipt) -> None:
        """Raises StoreError."""
        raise StoreError("the connection has not been started")

    def wake(self, connection: str, address: str | None = None) -> None:
        """Nothing waits yet."""


class Connection(Protocol):
    """One way that messages come and go."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str:
        """The type in the settings."""

    @property
    def window(self) -> int:
        """How many messages it takes at a time."""

    @property
    def state(self) -> ConnectionState: ...

    async def start(self, hub: Hub) -> None:
        """Begin; returns at once where the other side may be away. Raises OSError."""

    async def stop(self) -> None:
        """End, and leave nothing running."""

    async def send(self, message: TextMessage) -> Sent:
        """Hand a message over to the other side. Raises DeliveryRefused, Later."""
