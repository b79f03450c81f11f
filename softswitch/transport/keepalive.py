"""OPTIONS to registered phones behind UDP, so that NAT bindings stay open (RFC 3261 section 11).

The answer does not matter, and a phone that does not answer keeps its registration: the packet that
goes out keeps the NAT binding open.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from typing import Protocol

from softswitch.sip.effects import Flow
from softswitch.sip.message.message import Request
from softswitch.sip.message.uri import SipUri
from softswitch.transport.driver import Driver


class Contact(Protocol):
    """A registered phone."""

    @property
    def uri(self) -> SipUri:
        """Its contact."""

    @property
    def flow(self) -> Flow:
        """Where it registered from."""


async def keep_alive(
    driver: Driver, contacts: Iterable[Contact], domain: str, interval: float
) -> None:
    """Send one OPTIONS to every UDP contact in `interval` seconds, spread evenly; never ends."""
    while True:
        reached = [contact for contact in contacts if contact.flow.transport == "udp"]
        pause = interval / max(1, len(reached))
        for contact in reached:
            ping(driver, contact, domain)
            await asyncio.sleep(pause)
        if not reached:
            await asyncio.sleep(pause)


def ping(driver: Driver, contact: Contact, domain: str) -> None:
    """Send one OPTIONS."""
    items = [
        ("Max-Forwards", "70"),
        ("From", f"<sip:{domain}>;tag={secrets.token_hex(8)}"),
        ("To", f"<{contact.uri}>"),
        ("Call-ID", secrets.token_hex(8)),
        ("CSeq", "1 OPTIONS"),
    ]
    request = Request("OPTIONS", contact.uri, items)
    driver.perform(driver.endpoint.request(request, contact.flow, lambda event: None))
