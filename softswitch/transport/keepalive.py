"""OPTIONS to registered phones behind UDP: NAT bindings stay open, and silence is noticed.

RFC 3261 section 11. The packet that goes out keeps the NAT binding open. A phone that has answered
before and then leaves several unanswered is silent: calls pass it over until it answers or
registers again. One that never answers OPTIONS is believed to be there. What is measured on the way
is how long an answer takes.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import structlog

from softswitch.sip.effects import Flow
from softswitch.sip.events import Responded, ResponseEvent
from softswitch.sip.message.message import Request
from softswitch.sip.message.uri import SipUri
from softswitch.telemetry.metrics import Metric
from softswitch.transport.driver import Driver

PATIENCE = 4.0
"Seconds in which a phone must answer somebody who waits for it."
UNANSWERED = 2
"OPTIONS in a row without an answer after which a phone counts as silent."

log = structlog.get_logger()


class Contact(Protocol):
    """A registered phone."""

    @property
    def id(self) -> int:
        """Which one; the same while it stays registered."""

    @property
    def extension(self) -> str:
        """Whose phone it is."""

    @property
    def uri(self) -> SipUri:
        """Its contact."""

    @property
    def flow(self) -> Flow:
        """Where it registered from."""

    @property
    def registered_at(self) -> float:
        """When it registered last, which it does only if it is there."""


class RoundTrip(NamedTuple):
    """How long a phone took for its last answer."""

    seconds: float
    at: float
    "Unix time in seconds of the answer."


@dataclass(slots=True)
class _Known:
    """What is known of a phone."""

    registered_at: float
    answers: bool = False
    "Whether it has ever answered."
    unanswered: int = 0
    "OPTIONS since its last answer."
    round_trip: RoundTrip | None = None
    "None until it has answered."


class PhoneWatch:
    """Asks phones whether they are there."""

    def __init__(
        self, driver: Driver, contacts: Iterable[Contact], domain: str, interval: float
    ) -> None:
        """Every contact of `contacts` over UDP gets one OPTIONS in `interval` seconds."""
        self._driver = driver
        self._contacts = contacts
        self._domain = domain
        self._interval = interval
        self._known: dict[int, _Known] = {}

    async def run(self) -> None:
        """Ask, spread evenly over the interval; never ends."""
        while True:
            reached = [contact for contact in self._contacts if contact.flow.transport == "udp"]
            pause = self._interval / max(1, len(reached))
            for contact in reached:
                self.ask(contact)
                await asyncio.sleep(pause)
            if not reached:
                await asyncio.sleep(pause)
            ids = {contact.id for contact in self._contacts}
            self._known = {key: known for key, known in self._known.items() if key in ids}

    def ask(self, contact: Contact) -> None:
        """Send one OPTIONS."""
        known = self._known_of(contact)
        known.unanswered += 1
        if known.answers and known.unanswered == UNANSWERED + 1:
            log.info("phone is silent", extension=contact.extension, contact=str(contact.uri))
        self._send(contact, known, lambda _: None)

    async def ping(self, contact: Contact) -> RoundTrip | None:
        """Ask a phone now, by whatever transport; None when it does not answer in time.

        That it does not is nothing that makes it silent.
        """
        known = self._known_of(contact)
        answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def told(is_answer: bool) -> None:
            if not answered.done():
                answered.set_result(is_answer)

        self._send(contact, known, told)
        try:
            async with asyncio.timeout(PATIENCE):
                return known.round_trip if await answered else None
        except TimeoutError:
            return None

    def round_trip(self, contact: Contact) -> RoundTrip | None:
        """How long the last answer of a phone took; None where it has never been heard."""
        known = self._known.get(contact.id)
        return None if known is None else known.round_trip

    def _known_of(self, contact: Contact) -> _Known:
        known = self._known.get(contact.id)
        if known is None or known.registered_at != contact.registered_at:
            before = known or _Known(contact.registered_at)
            known = _Known(contact.registered_at, before.answers, round_trip=before.round_trip)
            self._known[contact.id] = known
        return known

    def _send(self, contact: Contact, known: _Known, told: Callable[[bool], None]) -> None:
        """Send OPTIONS, and tell whether there was an answer."""
        items = [
            ("Max-Forwards", "70"),
            ("From", f"<sip:{self._domain}>;tag={secrets.token_hex(8)}"),
            ("To", f"<{contact.uri}>"),
            ("Call-ID", secrets.token_hex(8)),
            ("CSeq", "1 OPTIONS"),
        ]
        request = Request("OPTIONS", contact.uri, items)
        began = time.monotonic()

        def receive(event: ResponseEvent) -> None:
            if isinstance(event, Responded):
                if known.unanswered > UNANSWERED:
                    log.info("phone answers again", extension=contact.extension)
                known.answers, known.unanswered = True, 0
                known.round_trip = RoundTrip(time.monotonic() - began, time.time())
            told(isinstance(event, Responded))

        self._driver.perform(self._driver.endpoint.request(request, contact.flow, receive))

    def is_silent(self, contact: Contact) -> bool:
        """Whether a phone that used to answer answers no more."""
        known = self._known.get(contact.id)
        return (
            known is not None
            and known.answers
            and known.unanswered > UNANSWERED
            and known.registered_at == contact.registered_at
        )

    def metrics(self) -> Iterator[Metric]:
        """How many phones are silent."""
        yield Metric(
            "phones_silent",
            "Registered phones that do not answer OPTIONS any more",
            lambda: sum(map(self.is_silent, self._contacts)),
        )
