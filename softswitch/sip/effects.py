"""What the sans-IO core asks of its driver, as values (RFC 3261 sections 17 and 18).

Every door of the core returns a list of effects; the driver performs them in order. The core keeps
no clock: a timer that fires in a state that no longer cares is ignored, so none is ever stopped.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple


class Flow(NamedTuple):
    """The pair of addresses that a message travels between; for TCP and TLS, one connection."""

    transport: str
    "`udp`, `tcp`, `tls`, `ws` or `wss`, in lower case."
    local: tuple[str, int]
    "Our own address and port: answers leave from where the request arrived."
    remote: tuple[str, int]
    "The far end's address and port as the socket shows them; IPv6 without brackets."

    @property
    def reliable(self) -> bool:
        """Whether the transport itself repeats what is lost (RFC 3261 section 17)."""
        return self.transport != "udp"


@dataclass(frozen=True, slots=True)
class Send:
    """Put these octets on the wire."""

    data: bytes
    flow: Flow
    owner: Hashable = None
    "The key that `Endpoint.transport_failed` is called with when the octets cannot be sent."


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Call `Endpoint.fire(owner, timer)` after so many seconds."""

    owner: Hashable
    timer: str
    "The RFC's letter (`A` to `N`) or a name of our own for a timer above the transactions."
    seconds: float


@dataclass(frozen=True, slots=True)
class PassUp:
    """Tell the transaction user, the code above the core."""

    event: object


Effect = Send | SetTimer | PassUp
