"""OPTIONS to registered UDP contacts, and to nobody else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from softswitch.sip.effects import Flow
from softswitch.sip.endpoint import Endpoint
from softswitch.sip.message.message import Request, parse_message
from softswitch.sip.message.uri import SipUri, parse_uri
from softswitch.transport.driver import Driver
from softswitch.transport.keepalive import keep_alive
from softswitch.transport.transport import Failed

LOCAL = ("192.0.2.1", 5060)


@dataclass
class Contact:
    uri: SipUri
    flow: Flow


class Wire:
    """A transport that keeps what it is given."""

    name = "udp"
    local = LOCAL

    def __init__(self) -> None:
        self.sent: asyncio.Queue[tuple[bytes, Flow]] = asyncio.Queue()

    async def open(self) -> None:
        """Nothing."""

    def flow_to(self, remote: tuple[str, int]) -> Flow:
        return Flow("udp", LOCAL, remote)

    def send(self, data: bytes, flow: Flow, failed: Failed | None) -> None:
        self.sent.put_nowait((data, flow))

    async def close(self) -> None:
        """Nothing."""


def contact(transport: str, number: str) -> Contact:
    uri = parse_uri(f"sip:{number}@10.0.0.9:5062")
    assert isinstance(uri, SipUri)
    return Contact(uri, Flow(transport, LOCAL, ("198.51.100.7", 40_000)))


async def test_each_udp_contact_gets_one_where_it_registered_from() -> None:
    wire = Wire()
    tokens = iter(f"token{number}" for number in range(100))
    driver = Driver(Endpoint(tokens=lambda: next(tokens), pick=lambda low, high: low))
    await driver.open([wire], lambda new: None)
    contacts = [contact("udp", "1000"), contact("tcp", "1001"), contact("udp", "1002")]
    task = asyncio.create_task(keep_alive(driver, contacts, "example.org", 0.02))
    sent = [await wire.sent.get() for _ in range(3)]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    requests = [parse_message(data) for data, _ in sent]
    assert [request.uri_text for request in requests if isinstance(request, Request)] == [
        "sip:1000@10.0.0.9:5062",
        "sip:1002@10.0.0.9:5062",
        "sip:1000@10.0.0.9:5062",
    ]
    assert {flow.remote for _, flow in sent} == {("198.51.100.7", 40_000)}
    await driver.close()
