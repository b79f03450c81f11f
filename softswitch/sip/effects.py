"""What the sans-IO core asks of its driver, as values (RFC 3261 sections 17 and 18).

Every call of the core returns a list of effects, which the driver performs in order. The core has
no clock, and it never stops a timer: one that fires in a state without a row for it is ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar


class Flow(NamedTuple):
    """The pair of addresses that a message travels between; for TCP and TLS, one connection."""

    transport: str
    "`udp`, `tcp`, `tls`, `ws`, `wss`, or `inside`; in lower case."
    local: tuple[str, int]
    "Our own address and port: answers leave from where the request arrived."
    remote: tuple[str, int]
    "The far end's address and port as the socket shows them; IPv6 without brackets."
    peer: str = ""
    "The trunk that the far end proves to be by its certificate (RFC 5922); empty for all others."

    @property
    def reliable(self) -> bool:
        """Whether the transport itself repeats what is lost (RFC 3261 section 17)."""
        return self.transport != "udp"

    @property
    def is_web_socket(self) -> bool:
        """Whether a page is at the far end, which cannot be called back (RFC 7118)."""
        return self.transport in ("ws", "wss")

    @property
    def is_secure(self) -> bool:
        """Whether nobody between the two ends can read it: TLS, or no network at all."""
        return self.transport in ("tls", "wss", "inside")


INSIDE_LINE = Flow("inside", ("127.0.0.1", 5060), ("127.0.0.1", 5060))
"""The inside line: what the switch sends to itself. No socket has that transport, so nothing comes
by this flow that the switch has not sent."""


class Owner(Protocol):
    """What a timer or a `Send` belongs to, and what is told when it fires or fails."""

    def fire(self, timer: str, out: list[Effect]) -> None: ...

    def transport_failed(self, out: list[Effect]) -> None: ...


class Send(NamedTuple):
    """Put these octets on the wire."""

    data: bytes
    flow: Flow
    owner: Owner | None = None
    "Given to `Endpoint.transport_failed` when the octets cannot be sent; None: no one is told."


class SetTimer(NamedTuple):
    """Call `Endpoint.fire(owner, timer)` after so many seconds (0: as soon as possible)."""

    owner: Owner
    timer: str
    "The RFC's letter (`A` to `N`) or a name of our own for a timer above the transactions."
    seconds: float


E = TypeVar("E")
"An event of `sip/events.py`."


class PassUp(NamedTuple, Generic[E]):
    """Tell the transaction user, the code above the core: `receiver(event)`."""

    event: E
    receiver: Callable[[E], None] | None = None
    "None: the front desk of the driver, which takes every `NewRequest`."


Effect = Send | SetTimer | PassUp[Any]
"Any event: that the receiver takes it is checked where the effect is made."
