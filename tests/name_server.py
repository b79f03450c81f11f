"""A name server on UDP of loopback: answers from the records of a test, and counts questions."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer(asyncio.DatagramProtocol):
    """One server; its records may change while it runs."""

    def __init__(self, *records: str) -> None:
        """`records` as in a zone file: `name. TTL TYPE value`."""
        self.records: list[str] = []
        self.add(*records)
        self.asked: Counter[tuple[str, str]] = Counter()
        "How often each name and type was asked for."
        self.failure: str = ""
        "`SERVFAIL`, or `silence`: what happens in place of answers."
        self.address = ("", 0)
        self._transport: asyncio.DatagramTransport | None = None

    def add(self, *records: str) -> None:
        self.records += records

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.address = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        asked = question.question[0]
        name, kind = asked.name.to_text(), dns.rdatatype.to_text(asked.rdtype)
        self.asked[name.rstrip("."), kind] += 1
        if self.failure == "silence":
            return
        response = dns.message.make_response(question)
        response.flags |= dns.flags.RA
        if self.failure:
            response.set_rcode(dns.rcode.from_text(self.failure))
        else:
            self._answer(response, name, kind)
        assert self._transport is not None
        self._transport.sendto(response.to_wire(), address)

    def _answer(self, response: dns.message.Message, name: str, kind: str) -> None:
        found = [record.split(maxsplit=3) for record in self.records]
        ours = [each for each in found if each[0].lower() == name.lower()]
        values = [(int(ttl), value) for _, ttl, type_, value in ours if type_ == kind]
        if values:
            texts = [value for _, value in values]
            response.answer.append(dns.rrset.from_text(name, values[0][0], "IN", kind, *texts))
        elif not ours:
            response.set_rcode(dns.rcode.NXDOMAIN)


@asynccontextmanager
async def name_server(*records: str) -> AsyncIterator[NameServer]:
    """A name server for the length of a test."""
    server = NameServer(*records)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", 0))
    try:
        yield server
    finally:
        transport.close()
