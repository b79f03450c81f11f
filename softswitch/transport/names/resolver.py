"""Where a URI's requests go: transport, address and port by DNS (RFC 3263, RFC 2782).

A numeric host or a port in the URI needs addresses only, and no transport means UDP. Else NAPTR
names the transports in the order that the domain prefers, SRV the hosts and ports of each, A and
AAAA their addresses. What comes out is a list of flows to try one after the other: on a 503, a
timeout or a transport error the next one.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Iterable, Sequence

from softswitch.sip.effects import Flow
from softswitch.sip.message.uri import SipUri
from softswitch.transport.addresses import is_numeric
from softswitch.transport.names.records import Names, Srv

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
TARGETS = 16
"Flows of one answer; a domain with a thousand addresses does not occupy us longer."


class Unresolvable(Exception):
    """The name leads nowhere, or nowhere that we can reach."""


class Resolver:
    """URIs to flows."""

    def __init__(
        self,
        flow: Callable[[str, tuple[str, int]], Flow],
        names: Names,
        pick: Callable[[int, int], int] = random.randint,
    ) -> None:
        """`flow(transport, address)` is `Driver.flow`; `pick(low, high)` a random integer."""
        self._flow = flow
        self._names = names
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
        host, is_sips = uri.address, uri.scheme == "sips"
        transport = "tls" if is_sips else uri.transport
        port = PORTS.get(transport or "", PORT)
        if uri.port is not None or is_numeric(host):
            return [(transport or "udp", host, uri.port or port)]
        if uri.transport is None:
            services = await self._services(host, RECORDS if transport is None else ("tls",))
        elif transport in RECORDS:
            services = [(transport, f"{RECORDS[transport]}.{host}")]
        else:
            services = []
        targets: list[tuple[str, str, int]] = []
        answers = await asyncio.gather(*(self._names.srv(name) for _, name in services))
        for (by, _), records in zip(services, answers, strict=True):
            targets += [(by, record.host, record.port) for record in in_order(records, self._pick)]
        return targets or [(transport or "udp", host, port)]

    async def _services(self, host: str, transports: Collection[str]) -> list[tuple[str, str]]:
        """These transports and the names of their SRV records, as the domain prefers them."""
        records = sorted(await self._names.naptr(host))
        ours = [
            (SERVICES[record.service], record.replacement)
            for record in records
            if SERVICES.get(record.service) in transports
        ]
        return ours or [(transport, f"{RECORDS[transport]}.{host}") for transport in transports]


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
