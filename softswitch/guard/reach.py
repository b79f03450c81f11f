"""Which web servers requests may reach: judged by URL, and again by each address of its name."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from softswitch.guard.special_purpose import Network, embedded, is_public


class Reach:
    """Where requests may go: public addresses, and the networks and origins of the settings."""

    def __init__(self, allow: Iterable[Network] = (), origins: Iterable[str] = ()) -> None:
        self.allow: Sequence[Network] = tuple(allow)
        self.origins: frozenset[URL] = frozenset()
        self.trusted_hosts: frozenset[tuple[str, int]] = frozenset()
        "Hosts and ports of these origins."
        self.expect(origins)

    def expect(self, origins: Iterable[str]) -> None:
        """Take other origins from now on."""
        self.origins = frozenset(URL(origin).origin() for origin in origins)
        self.trusted_hosts = frozenset(
            (origin.host, origin.port or 0) for origin in self.origins if origin.host
        )

    def permits_url(self, url: URL) -> bool:
        """Whether the origin stands in the settings, so that its address is not judged."""
        return url.origin() in self.origins

    def permits_address(self, address: str) -> bool:
        """Whether an IP address may be connected to. Raises ValueError for other text.

        A network of the settings also lets in what embeds one of its IPv4 addresses.
        """
        numeric = address.partition("%")[0]
        parsed = ip_address(numeric)
        forms = [form for form in (parsed, embedded(parsed)) if form is not None]
        if any(form in network for form in forms for network in self.allow):
            return True
        return is_public(numeric)


class GuardedResolver(AbstractResolver):
    """Resolves names and keeps only the addresses that may be connected to."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The permitted addresses of a name. Raises OSError when there is none."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        trusted = (host.lower(), port) in self.reach.trusted_hosts
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
