"""Where a URI's requests go: transport, address and port by DNS (RFC 3263, RFC 2782).

A numeric host or a port in the URI needs addresses only. Else NAPTR names the transports in the
order that the domain prefers, SRV the hosts and ports of each, A and AAAA their addresses. What
comes out is a list of flows to try one after the other: on a 503, a timeout or a transport error
the next one.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import dns.asyncresolver
import dns.exception
import dns.resolver

from softswitch.sip.effects import Flow
from softswitch.sip.message.uri import SipUri

PORTS = {"tls": 5061}
"Where neither URI nor SRV name one …"
PORT = 5060
"… and of all other transports."
SERVICES = {"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}
"NAPTR services of the transports that we have."
RECORDS = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}
"The names of their SRV records; where there is no NAPTR, they are asked for in this order."
UNRESOLVED = (".invalid", ".local")
"""Domains of which nobody is asked: pages call themselves something in the first (RFC 7118 section
5.4), browsers hide their addresses behind the second (RFC 6762)."""
PATIENCE = 3.0
"Seconds for one question."
TARGETS = 16
"Flows of one answer; a domain with a thousand addresses does not occupy us longer."
REMEMBERED = 1000
"Answers that are kept for their time to live."


class Unresolvable(Exception):
    """The name leads nowhere, or nowhere that we can reach."""


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


class Dns:
    """The name service of the system; answers are kept for their time to live."""

    def __init__(self) -> None:
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def naptr(self, name: str) -> Sequence[Naptr]:
        """Records whose flag says that an SRV follows."""
        records = await self._ask(name, "NAPTR")
        return [_naptr(found) for found in records if found.flags.lower() == b"s"]

    async def srv(self, name: str) -> Sequence[Srv]:
        """Records of a service; the root as a target says that there is none."""
        return [
            Srv(record.priority, record.weight, record.port, str(record.target).rstrip("."))
            for record in await self._ask(name, "SRV")
            if str(record.target) != "."
        ]

    async def addresses(self, host: str) -> Sequence[str]:
        """As the system sees it, /etc/hosts included."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(PATIENCE):
                found = await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError):
            return []
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    async def _ask(self, name: str, kind: str) -> Iterable[Any]:
        try:
            if self._resolver is None:
                self._resolver = dns.asyncresolver.Resolver()
                self._resolver.cache = dns.resolver.LRUCache(REMEMBERED)
            return await self._resolver.resolve(name, kind, lifetime=PATIENCE)
        except (dns.exception.DNSException, OSError):
            return []


def _naptr(found: Any) -> Naptr:
    service = found.service.decode("ascii", "replace").upper()
    return Naptr(found.order, found.preference, service, str(found.replacement))


class Resolver:
    """URIs to flows."""

    def __init__(
        self,
        flow: Callable[[str, tuple[str, int]], Flow],
        names: Names | None = None,
        pick: Callable[[int, int], int] = random.randint,
    ) -> None:
        """`flow(transport, address)` is `Driver.flow`; `pick(low, high)` a random integer."""
        self._flow = flow
        self._names = names or Dns()
        self._pick = pick

    async def resolve(self, uri: SipUri) -> list[Flow]:
        """The flows to try, in order; raises Unresolvable when there is none."""
        if uri.host.rstrip(".").endswith(UNRESOLVED):
            raise Unresolvable(f"{uri.host} is no name of a host")
        flows: list[Flow] = []
        for transport, host, port in await self._targets(uri):
            for address in await self._addresses(host):
                try:
                    flow = self._flow(transport, (address, port))
                except OSError:
                    continue  # nothing of ours speaks that transport and family
                if flow not in flows:
                    flows.append(flow)
            if len(flows) >= TARGETS:
                break
        if not flows:
            raise Unresolvable(f"{uri.host} leads nowhere")
        return flows[:TARGETS]

    async def _addresses(self, host: str) -> Sequence[str]:
        return [host] if is_numeric(host) else await self._names.addresses(host)

    async def _targets(self, uri: SipUri) -> list[tuple[str, str, int]]:
        """Transport, host and port, in the order of RFC 3263 section 4."""
        host, transport = uri.address, uri.transport
        if uri.scheme == "sips":
            transport = "tls"
        port = PORTS.get(transport or "", PORT)
        if uri.port is not None or is_numeric(host):
            return [(transport or "udp", host, uri.port or port)]
        if transport is None:
            services = await self._services(host)
        elif transport in RECORDS:
            services = [(transport, f"{RECORDS[transport]}.{host}")]
        else:
            services = []
        targets: list[tuple[str, str, int]] = []
        for name_of_transport, name in services:
            records = in_order(await self._names.srv(name), self._pick)
            targets += [(name_of_transport, record.host, record.port) for record in records]
        return targets or [(transport or "udp", host, port)]

    async def _services(self, host: str) -> list[tuple[str, str]]:
        """Transports and the names of their SRV records, in the domain's order of preference."""
        records = sorted(await self._names.naptr(host))
        ours = [
            (SERVICES[record.service], record.replacement)
            for record in records
            if record.service in SERVICES
        ]
        return ours or [(transport, f"{record}.{host}") for transport, record in RECORDS.items()]


def is_numeric(host: str) -> bool:
    """Whether the host is an address already."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def in_order(records: Iterable[Srv], pick: Callable[[int, int], int]) -> list[Srv]:
    """By priority, and among equals at random in proportion to their weights (RFC 2782)."""
    waiting = sorted(records, key=lambda record: (record.priority, record.weight))
    ordered: list[Srv] = []
    while waiting:
        equals = [record for record in waiting if record.priority == waiting[0].priority]
        chosen = pick(0, sum(record.weight for record in equals))
        for record in equals:
            chosen -= record.weight
            if chosen <= 0:
                break
        ordered.append(record)
        waiting.remove(record)
    return ordered
