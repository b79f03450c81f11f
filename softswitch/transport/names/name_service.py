"""Asks name servers, and keeps their answers for their time to live (RFC 1035, RFC 2308).

Nothing here blocks the event loop. While no server answers, the last answers are used on, so that a
trunk does not end with its name server (RFC 8767).
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dns.exception import DNSException

from softswitch.transport.addresses import can_reach
from softswitch.transport.names.hosts import FILE, HostsFile
from softswitch.transport.names.records import Naptr, Srv

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

PATIENCE = 3.0
"Seconds for one question, whoever of the servers answers it."
REMEMBERED = 1000
"Answers that are kept; beyond it those are forgotten that were needed longest ago."
LONGEST = 86_400.0
"Seconds that an answer is kept, whatever its time to live."
NOTHING_FOR = 30.0
"Seconds that we believe that there is nothing; small servers do not say how long it is true."
TRY_AGAIN = 5.0
"Seconds during which servers that did not answer a question are not asked it again."

Question = tuple[str, str]
"A name, and the type of record."


class _KnownRecords(NamedTuple):
    """An answer."""

    until: float
    records: Sequence[Any]


class Dns:
    """The name servers of the settings, or those of the system."""

    def __init__(
        self,
        servers: Sequence[tuple[str, int]] = (),
        *,
        hosts: Path = FILE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`servers`: numeric addresses and ports; without any, the system is asked."""
        self._servers = tuple(servers)
        self._hosts = HostsFile(hosts)
        self._now = now
        self._resolver: Resolver | None = None
        self._kept: OrderedDict[Question, _KnownRecords] = OrderedDict()

    async def naptr(self, name: str) -> Sequence[Naptr]:
        """Records whose flag says that an SRV follows."""
        records = await self._records(name, "NAPTR")
        return [_naptr(found) for found in records if found.flags.lower() == b"s"]

    async def srv(self, name: str) -> Sequence[Srv]:
        """Records of a service; the root as a target says that there is none."""
        return [
            Srv(record.priority, record.weight, record.port, str(record.target).rstrip("."))
            for record in await self._records(name, "SRV")
            if str(record.target) != "."
        ]

    async def addresses(self, host: str) -> Sequence[str]:
        """Those of /etc/hosts, else of the name servers, else what the system makes of the name.

        The family that this machine can send to comes first, IPv6 before IPv4.
        """
        written = self._hosts.addresses(host)
        if written:
            return written
        families = await asyncio.gather(self._records(host, "AAAA"), self._records(host, "A"))
        found = [str(record.address) for records in families for record in records]
        if not found and not self._servers:
            found = await _of_system(host)
        return sorted(found, key=can_reach, reverse=True)

    async def _records(self, name: str, kind: str) -> Sequence[Any]:
        """The answer of the cache, or of a server; the last one while none answers."""
        question = name.lower(), kind
        kept = self._kept.get(question)
        if kept is None or kept.until <= self._now():
            try:
                kept = await self._ask(name, kind)
            except (DNSException, OSError):
                self._resolver = None  # the system may have other servers by now
                kept = _KnownRecords(
                    self._now() + TRY_AGAIN, kept.records if kept is not None else ()
                )
            self._kept[question] = kept
        self._kept.move_to_end(question)
        if len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)
        return kept.records

    async def _ask(self, name: str, kind: str) -> _KnownRecords:
        """Ask the servers; raises DNSException and OSError when none has an answer."""
        from dns.resolver import NXDOMAIN

        try:
            answer = await self._system().resolve(
                name, kind, lifetime=PATIENCE, raise_on_no_answer=False
            )
        except NXDOMAIN:
            return _KnownRecords(self._now() + NOTHING_FOR, ())
        if answer.rrset is None:
            return _KnownRecords(self._now() + NOTHING_FOR, ())
        lifetime = min(answer.chaining_result.minimum_ttl, LONGEST)
        return _KnownRecords(self._now() + lifetime, tuple(answer))

    def _system(self) -> Resolver:
        """What asks them; raises DNSException when the system names no server."""
        from dns.asyncresolver import Resolver
        from dns.nameserver import Do53Nameserver

        if self._resolver is None:
            resolver = Resolver(configure=not self._servers)
            if self._servers:
                resolver.nameservers = [Do53Nameserver(host, port) for host, port in self._servers]
            self._resolver = resolver
        return self._resolver


async def _of_system(host: str) -> list[str]:
    """What is neither in the file nor in DNS: names of the local network, of a search domain."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(PATIENCE):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _naptr(found: Any) -> Naptr:
    service = found.service.decode("ascii", "replace").upper()
    return Naptr(found.order, found.preference, service, str(found.replacement).rstrip("."))
