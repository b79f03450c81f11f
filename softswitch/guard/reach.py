"""Which web servers requests may reach: judged by URL, and again by each address of its name."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

Network = IPv4Network | IPv6Network


class Reach:
    """Where requests may go: public addresses, and the networks and origins of the settings."""

    def __init__(self, allow: Iterable[Network] = (), origins: Iterable[str] = ()) -> None:
        self.allow: Sequence[Network] = tuple(allow)
        self.origins = {URL(origin).origin() for origin in origins}

    def permits_url(self, url: URL) -> bool:
        """Whether the origin stands in the settings, so that its address is not judged."""
        return url.origin() in self.origins

    def permits_address(self, address: str) -> bool:
        """Whether an IP address may be connected to."""
        parsed = ip_address(address.partition("%")[0])
        if isinstance(parsed, IPv6Address):
            parsed = _inner_address(parsed)
        if any(parsed.version == net.version and parsed in net for net in self.allow):
            return True
        return parsed.is_global and not parsed.is_multicast


NAT64 = IPv6Network("64:ff9b::/96")
"Addresses that carry an IPv4 address in their last 32 bits (RFC 6052)."


def _inner_address(address: IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address stands for, or the address itself."""
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


class GuardedResolver(AbstractResolver):
    """Resolves names and keeps only the addresses that may be connected to."""

    def __init__(self, reach: Reach, trusted_hosts: frozenset[tuple[str, int]]) -> None:
        self.reach = reach
        self.trusted_hosts = trusted_hosts

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The permitted addresses of a name. Raises OSError when there is none."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        trusted = (host.lower(), port) in self.trusted_hosts
        permitted = [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, protocol, _, address in found
            if trusted or self.reach.permits_address(str(address[0]))
        ]
        if found and not permitted:
            raise AddressRefused(str(found[0][4][0]))
        return permitted

    async def close(self) -> None:
        """Nothing is held."""


class AddressRefused(OSError):
    """All addresses of a name are ones that we may not connect to."""
