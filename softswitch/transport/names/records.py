"""What is needed of the answers of name servers (RFC 3403, RFC 2782), and who gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Naptr(NamedTuple):
    """What is needed of a NAPTR record."""

    order: int
    preference: int
    service: str
    replacement: str


class Srv(NamedTuple):
    """What is needed of an SRV record."""

    priority: int
    weight: int
    port: int
    host: str


class Names(Protocol):
    """The name service. A name that does not exist has no records; an error has none either."""

    async def naptr(self, name: str) -> Sequence[Naptr]:
        """Records of the domain."""

    async def srv(self, name: str) -> Sequence[Srv]:
        """Records of `_sip._udp.example.org`."""

    async def addresses(self, host: str) -> Sequence[str]:
        """IPv4 and IPv6 addresses, the best first."""
