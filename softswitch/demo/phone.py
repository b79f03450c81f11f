"""A small phone on our own core: it registers, calls, answers, and shows every message it sees.

RFC 3261 sections 10 (registering), 13 (calling) and 22 (answering a challenge).
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable
from typing import Any

from softswitch.calls.leg.leg import Leg
from softswitch.demo.sound import PhoneSound
from softswitch.sdp.codecs import PCMU
from softswitch.sdp.description import parse_description
from softswitch.sdp.session import Session
from softswitch.sip.effects import Flow
from softswitch.sip.endpoint import Endpoint
from softswitch.sip.events import NewRequest, NoResponse, Responded
from softswitch.sip.message.address import Address
from softswitch.sip.message.message import Request, Response
from softswitch.sip.message.uri import sip_uri
from softswitch.sip.requests.digest import answer
from softswitch.transport.datagrams.udp import UdpTransport
from softswitch.transport.driver import Driver
from softswitch.transport.transport import Failed, Receive

Watch = Callable[["Phone", bool, bytes], None]
"Is shown every message: the phone, whether it sends it, its octets."


class PhoneRefuses(Exception):
    """The switch did not do what the phone asked for."""


class _Watched(UdpTransport):
    """A UDP socket whose messages are shown to `watch`."""

    def __init__(self, receive: Receive, watch: Callable[[bool, bytes], None]) -> None:
        def take(data: bytes, flow: Flow) -> None:
            watch(False, data)
            receive(data, flow)

        super().__init__("127.0.0.1", 0, take)
        self._watch = watch

    def send(self, data: bytes, flow: Flow, failed: Failed | None = None) -> None:
        """Show it, then send it."""
        self._watch(True, data)
        super().send(data, flow, failed)


class Phone:
    """One phone of the demo."""

    def __init__(
        self,
        name: str,
        account: tuple[str, str],
        server: tuple[str, int],
        *,
        tone: float,
        watch: Watch,
    ) -> None:
        """`account` is number and password, `server` where the switch listens, `tone` in Hz."""
        self.name = name
        self.number, self._password = account
        self.sound = PhoneSound(tone)
        self.calls: asyncio.Queue[Leg] = asyncio.Queue()
        "Calls that come in."
        self._domain = server[0]
        endpoint = Endpoint(tokens=lambda: secrets.token_hex(8), pick=random.randint)
        self._driver = Driver(endpoint)
        self._transport = _Watched(self._driver.receive, lambda sent, data: watch(self, sent, data))
        self._server = server

    async def open(self) -> None:
        """Take ports."""
        await self.sound.open()
        await self._driver.open([self._transport], self._take)

    @property
    def address(self) -> tuple[str, int]:
        """Where it speaks SIP."""
        return self._transport.local

    @property
    def _flow(self) -> Flow:
        return self._driver.flow("udp", self._server)

    def _uri(self, number: str) -> Address:
        return Address(sip_uri(number, self._domain))

    async def register(self) -> None:
        """Register with the switch; raises PhoneRefuses."""
        endpoint = self._driver.endpoint
        me = str(self._uri(self.number))
        request = Request(
            "REGISTER",
            sip_uri(None, self._domain),
            [
                ("Max-Forwards", "70"),
                ("From", f"{me};tag={endpoint.token()}"),
                ("To", me),
                ("Call-ID", endpoint.token()),
                ("CSeq", "1 REGISTER"),
                ("Contact", endpoint.contact(self._flow, self.number)),
                ("Expires", "60"),
            ],
            b"",
        )
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._driver.perform(
            endpoint.request(request, self._flow, answered.set_result, self._credentials)
        )
        event = await answered
        if not isinstance(event, Responded) or event.response.status != 200:
            raise PhoneRefuses(f"{self.name} could not register: {_said(event)}")

    def _credentials(self, request: Request, response: Response) -> list[tuple[str, str]]:
        header = answer(
            response.headers.items(),
            request.method,
            request.uri_text,
            self.number,
            self._password,
            realm_expected=self._domain,
            cnonce=secrets.token_hex(8),
        )
        return [header] if header else []

    def call(self, number: str) -> Leg:
        """Call a number."""
        return Leg.dial(
            self._driver,
            name=self.name,
            target=sip_uri(number, *self._server),
            flow=self._flow,
            from_=self._uri(self.number),
            to=self._uri(number),
            sdp=self.description(),
            credentials=self._credentials,
        )

    def description(self) -> bytes:
        """Offer or answer: one codec, which is all that this phone can do."""
        address, port = self.sound.address
        session = Session(str(random.getrandbits(31)))
        return session.offer(address=address, port=port, codecs=[PCMU]).description.to_bytes()

    def speak(self, description: bytes | None) -> None:
        """Send our tone to where the other side's description says."""
        if description is None:
            raise PhoneRefuses(f"nobody told {self.name} where to send its sound")
        media = parse_description(description).media[0]
        assert media.address is not None
        self.sound.speak((media.address, media.port))

    def _take(self, new: NewRequest) -> None:
        """Take a request from the switch: calls ring, everything else is not answered."""
        if new.request.method == "INVITE":
            self.calls.put_nowait(Leg.incoming(self._driver, new, name=self.name))

    async def close(self) -> None:
        """Give the ports back."""
        await self.sound.close()
        await self._driver.close()


def _said(event: Responded | NoResponse) -> str:
    """How a request ended, for a person."""
    if isinstance(event, NoResponse):
        return event.reason
    return f"{event.response.status} {event.response.reason}"
