"""OPTIONS to registered UDP contacts, and to nobody else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from softswitch.sip.effects import Flow
from softswitch.sip.endpoint import Endpoint
from softswitch.sip.message.message import Request, parse_message, response_to
from softswitch.sip.message.uri import SipUri, parse_uri
from softswitch.transport.driver import Driver
from softswitch.transport.keepalive import UNANSWERED, PhoneWatch
from softswitch.transport.transport import Failed

LOCAL = ("192.0.2.1", 5060)


@dataclass
class Contact:
    id: int
    uri: SipUri
    flow: Flow
    extension: str = "1000"
    registered_at: float = 1.0


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
    return Contact(int(number), uri, Flow(transport, LOCAL, ("198.51.100.7", 40_000)))


async def test_each_udp_contact_gets_one_where_it_registered_from() -> None:
    wire = Wire()
    tokens = iter(f"token{number}" for number in range(100))
    driver = Driver(Endpoint(tokens=lambda: next(tokens), pick=lambda low, high: low))
    await driver.open([wire], lambda new: None)
    contacts = [contact("udp", "1000"), contact("tcp", "1001"), contact("udp", "1002")]
    task = asyncio.create_task(PhoneWatch(driver, contacts, "example.org", 0.02).run())
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


class Phone:
    """One phone, and a watch on it that asks when the test says so."""

    def __init__(self) -> None:
        tokens = iter(f"token{number}" for number in range(100))
        self.driver = Driver(Endpoint(tokens=lambda: next(tokens), pick=lambda low, high: low))
        self.wire = Wire()
        self.contact = contact("udp", "1000")
        self.watch = PhoneWatch(self.driver, [self.contact], "example.org", 60)

    async def asked(self, *, answers: bool) -> bool:
        """Whether it is silent after one more OPTIONS."""
        self.watch.ask(self.contact)
        data, flow = await self.wire.sent.get()
        request = parse_message(data)
        assert isinstance(request, Request)
        if answers:
            self.driver.receive(response_to(request, 200, to_tag="t").to_bytes(), flow)
        return self.watch.is_silent(self.contact)


async def open_phone() -> Phone:
    phone = Phone()
    await phone.driver.open([phone.wire], lambda new: None)
    return phone


async def test_a_phone_that_answers_no_more_is_silent_until_it_answers() -> None:
    phone = await open_phone()
    assert not await phone.asked(answers=True)
    for _ in range(UNANSWERED):
        assert not await phone.asked(answers=False)
    assert await phone.asked(answers=False)
    (silent,) = [metric.read() for metric in phone.watch.metrics()]
    assert silent == 1
    assert not await phone.asked(answers=True)
    await phone.driver.close()


async def test_a_phone_that_never_answers_is_believed_to_be_there() -> None:
    phone = await open_phone()
    for _ in range(2 * UNANSWERED):
        assert not await phone.asked(answers=False)
    await phone.driver.close()


async def test_a_phone_that_registers_again_is_there() -> None:
    phone = await open_phone()
    await phone.asked(answers=True)
    for _ in range(UNANSWERED + 1):
        await phone.asked(answers=False)
    assert phone.watch.is_silent(phone.contact)
    phone.contact.registered_at = 2.0
    assert not phone.watch.is_silent(phone.contact)
    assert not await phone.asked(answers=False)
    await phone.driver.close()
