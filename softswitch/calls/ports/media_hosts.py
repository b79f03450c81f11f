"""Far ends that a description names in place of giving their address (RFC 8866 section 5.7)."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Sequence

from softswitch.transport.addresses import is_numeric

Names = Callable[[str], Awaitable[Sequence[str]]]
"The addresses of a host, the best first; none when there is no such host."


async def no_names(host: str) -> Sequence[str]:
    """Know no host at all."""
    return ()


class UnknownHost(Exception):
    """A host has no address that packets of ours could be sent to."""


async def address_of(names: Names, host: str, *, near: str, ipv6: bool | None = None) -> str:
    """Return the address of a host, of one family if that is given. Raises UnknownHost.

    `near` is an address of ours: only from a loopback address does a name lead to another, for a
    name that means this machine does not mean the phone's.
    """
    if is_numeric(host):
        return host
    for found in await names(host):
        address = ipaddress.ip_address(found.partition("%")[0])
        wrong_family = ipv6 is not None and (address.version == 6) != ipv6
        if wrong_family or (address.is_loopback and not ipaddress.ip_address(near).is_loopback):
            continue
        return str(address)
    raise UnknownHost(f"{host} has no address that we can send to")


class HostLookup:
    """Finds the far end of one port, which is not kept waiting meanwhile."""

    __slots__ = ("_names", "_near", "_task")

    def __init__(self, names: Names, near: str) -> None:
        """`near` is the port's own address, whose family the far end must have."""
        self._names = names
        self._near = near
        self._task: asyncio.Task[None] | None = None

    def begin(self, host: str, found: Callable[[str], None], unknown: Callable[[], None]) -> None:
        """Look a host up, instead of the one before, and call one of the two."""
        self.stop()
        self._task = asyncio.create_task(self._look_up(host, found, unknown), name="media host")

    def stop(self) -> None:
        """Look nothing up any more; safe to call again."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _look_up(
        self, host: str, found: Callable[[str], None], unknown: Callable[[], None]
    ) -> None:
        try:
            ipv6 = ":" in self._near
            address = await address_of(self._names, host, near=self._near, ipv6=ipv6)
        except UnknownHost:
            unknown()
        else:
            found(address)
