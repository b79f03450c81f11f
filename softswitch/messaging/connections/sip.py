"""Messages to and from the phones: SIP MESSAGE, kept until the phone registers (RFC 3428).

A text from a phone is on disk before it is answered: with 200 when the recipient's phone has taken
it meanwhile, else with 202. A phone that is away gets its messages when it registers. The Call-ID
of a copy is made of message and phone, so that a phone recognises a second copy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from zlib import crc32

import structlog

from softswitch.calls.leg.header_passthrough import fewer_hops
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.extension import ExtensionKind
from softswitch.calls.numbers.registrations import Binding
from softswitch.calls.numbers.routing import Unroutable, flow_to
from softswitch.calls.pager import Pager, refusal_of
from softswitch.messaging.connections.connection import (
    SIP,
    Arrival,
    ConnectionState,
    DeliveryRefused,
    Full,
    Hub,
    Later,
    MessageRefused,
    NoRoute,
    NotStarted,
    Sent,
)
from softswitch.messaging.connections.sip_body import content_type_tags, expiry, text_of
from softswitch.messaging.connections.turns import Turns
from softswitch.sip.events import NewRequest
from softswitch.sip.message.address import Address
from softswitch.sip.message.message import Request, Response, response_to
from softswitch.sip.message.uri import sip_uri
from softswitch.store.errors import StoreError
from softswitch.store.messages import TextMessage

_LOG = structlog.get_logger("softswitch.messaging")

WINDOW = 50
"Messages to phones under way at a time."
AWAY = 3_600.0
"Seconds between attempts at a phone that is not registered; its registration comes first."
ANSWER_WITHIN = 4.0
"Seconds that a sender waits for 200; then it gets 202 and the delivery goes on."
FINAL_REFUSALS = frozenset((400, 403, 404, 405, 410, 413, 414, 415, 416, 501, 505, 603, 604, 606))
"Answers of a phone that will never take the message."
RETRY_AFTER = ("Retry-After", "30")

Waiting = Callable[[str], Awaitable[set[str]]]


class PhoneRefused(DeliveryRefused):
    """A phone will never take the message; `status` is its answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the phone answers {status}")
        self.status = status


class _Answered(Exception):
    """A MESSAGE that is answered and not kept."""

    def __init__(self, status: int, *headers: tuple[str, str]) -> None:
        self.status = status
        self.headers = headers


class SipConnection:
    """The built-in connection of the phones."""

    name = SIP
    kind = SIP
    window = WINDOW

    def __init__(
        self,
        plan: DialPlan,
        pager: Pager,
        now: Callable[[], float],
        waiting_addresses: Waiting,
    ) -> None:
        """`now`: Unix time in seconds.

        `waiting_addresses`: the recipients for whom messages of a lane lie on disk.
        """
        self._plan = plan
        self._pager = pager
        self._now = now
        self._waiting_addresses = waiting_addresses
        self._absent: set[str] = set()
        "Extensions whose messages wait for a registration."
        self._failing: set[str] = set()
        "Those whose phones have not taken the last message."
        self._results: dict[str, asyncio.Future[int]] = {}
        "Senders that wait for the status of a message, by its origin."
        self._turns = Turns()
        self._hub: Hub = NotStarted()

    @property
    def state(self) -> ConnectionState:
        return ConnectionState(True, f"{len(self._absent)} phones awaited")

    async def start(self, hub: Hub) -> None:
        """Await the phones that were awaited before the restart; registered ones get theirs."""
        self._hub = hub
        self._absent = await self._waiting_addresses(SIP)
        for number in list(self._absent):
            self.registered(number)

    async def stop(self) -> None:
        """Senders stop waiting for a status."""
        for result in self._results.values():
            result.cancel()

    def registered(self, number: str) -> None:
        """The contacts of an extension have changed: try what waits for it if it is registered."""
        if self._absent and self._plan.registrations.contacts(number):
            for waiting in [number, *self._groups_of(number)]:
                if waiting in self._absent:
                    self._try_again(waiting)

    def kept(self) -> Iterable[str]:
        """The extensions whose messages wait for a registration."""
        return tuple(self._absent)

    def forget(self, numbers: Iterable[str]) -> None:
        """Let what waits for extensions that are gone be tried now, and fail."""
        for number in self._absent.intersection(numbers):
            self._try_again(number)

    def _try_again(self, number: str) -> None:
        self._absent.discard(number)
        self._failing.discard(number)
        self._hub.wake(SIP, number)

    def _groups_of(self, number: str) -> Iterator[str]:
        for waiting in list(self._absent):
            extension = self._plan.directory.find(waiting)
            plan = None if extension is None else extension.ring_plan
            if plan is not None and waiting != number and number in plan.numbers:
                yield waiting

    # -- out ---------------------------------------------------------------------------------------

    async def send(self, message: TextMessage) -> Sent:
        """Give a message to the phones or the application of its recipient."""
        result = self._results.get(message.origin or "")
        try:
            await self._send(message)
        except DeliveryRefused as refused:
            _settle(result, refused.status if isinstance(refused, PhoneRefused) else 404)
            raise
        except Later:
            _settle(result, 202)
            raise
        _settle(result, 200)
        return Sent(delivered=True)

    async def _send(self, message: TextMessage) -> None:
        number = message.to_address
        extension = self._plan.directory.find(number)
        if extension is None:
            raise DeliveryRefused(f"no extension {number}")
        if extension.kind.takes_messages:
            await self._hand_in(message)
            return
        plan = extension.ring_plan
        if plan is None:
            raise DeliveryRefused(f"{number} takes no messages")
        bindings = [
            binding
            for member in plan.numbers
            for binding in self._plan.registrations.contacts(member)
        ]
        if not bindings:
            self._absent.add(number)
            raise Later(f"{number} is not registered", seconds=AWAY)
        copies = [self._copy(message, binding) for binding in bindings]
        async with self._turns.turn(number) as has_waited:
            if has_waited and number in self._failing:
                self._absent.add(number)
                raise Later("the phone has not taken an earlier message")
            status = await self._pager.first_success(copies, list(map(flow_to, bindings)))
            if status < 300:
                self._failing.discard(number)
                return
            if status in FINAL_REFUSALS:
                raise PhoneRefused(status)
            self._failing.add(number)
        self._absent.add(number)
        raise Later(f"the phone answers {status}")

    async def _hand_in(self, message: TextMessage) -> None:
        """A message of a command to an API extension arrives in its inbox."""
        try:
            await self._hub.arrived(
                Arrival(
                    connection=SIP,
                    text=message.text,
                    subject=message.subject,
                    from_address=message.from_address,
                    to_address=message.to_address,
                    origin=f"message:{message.id}",
                )
            )
        except (StoreError, Full) as error:
            raise Later(str(error)) from None
        except MessageRefused as error:
            raise DeliveryRefused(str(error)) from None

    def _copy(self, message: TextMessage, binding: Binding) -> Request:
        domain = self._pager.domain
        sender = message.from_address or "anonymous"
        extension = self._plan.directory.find(sender)
        from_ = Address(sip_uri(sender, domain), extension.name if extension else "")
        headers = [
            ("Max-Forwards", "70"),
            ("From", f"{from_};tag={message.id[:16]}"),
            ("To", str(Address(sip_uri(message.to_address, domain)))),
            ("Call-ID", f"{message.id}-{crc32(str(binding.uri).encode()):08x}"),
            ("CSeq", "1 MESSAGE"),
            *[("Route", hop) for hop in binding.path],
            ("Content-Type", message.tags.get("content_type", "text/plain;charset=UTF-8")),
        ]
        if message.subject:
            headers.append(("Subject", message.subject))
        return Request("MESSAGE", binding.uri, headers, message.text.encode())

    # -- in ----------------------------------------------------------------------------------------

    async def receive(self, new: NewRequest, sender: Address) -> Response:
        """Answer an authenticated MESSAGE of a phone."""
        request = new.request
        refusal = refusal_of(request)
        if refusal is not None:
            return refusal
        if not (request.content_type or "").startswith("text/"):
            return await self._pager.relay(new, sender)
        try:
            number, text = self._read(new)
        except _Answered as answer:
            return response_to(request, answer.status, to_tag=None, headers=answer.headers)
        return await self._accept(request, sender, number, text)

    def _read(self, new: NewRequest) -> tuple[str, str]:
        """Recipient and text. Raises _Answered."""
        request = new.request
        if fewer_hops(request.max_forwards) is None:
            raise _Answered(483)
        try:
            number = self._plan.routing.dialled(request.uri, new.flow)
            text = text_of(request)
        except Unroutable as error:
            raise _Answered(error.status) from None
        except (UnicodeDecodeError, LookupError):
            raise _Answered(415, ("Accept", "text/plain")) from None
        extension = self._plan.directory.find(number)
        if extension is not None and not _takes_messages(extension.kind):
            raise _Answered(405, ("Allow", "INVITE, OPTIONS"))
        return number, text

    async def _accept(self, request: Request, sender: Address, number: str, text: str) -> Response:
        user = getattr(sender.uri, "user", None) or ""
        tag = request.from_.tag or ""
        origin = f"sip:{request.call_id}:{request.cseq.number}:{tag}"[:500]
        arrival = Arrival(
            connection=SIP,
            text=text,
            from_address=user,
            to_address=number,
            subject=request.headers.get("Subject") or "",
            origin=origin,
            must_route=True,
            valid_until=expiry(request, self._now()),
            tags=content_type_tags(request),
        )
        # The phone may answer before the message is known here: its status is awaited first.
        with self._awaited(origin) as result:
            try:
                message = await self._hub.arrived(arrival)
            except NoRoute:
                return response_to(request, 404, to_tag=None)
            except (StoreError, Full) as error:
                _LOG.error("message not stored", sender=user, error=str(error))
                return response_to(request, 503, to_tag=None, headers=[RETRY_AFTER])
            except MessageRefused:
                return response_to(request, 400, to_tag=None)
            return response_to(request, await self._status(message, result), to_tag=None)

    async def _status(self, message: TextMessage, result: asyncio.Future[int]) -> int:
        """200 when the recipient has it, 202 while it is on its way, else the final refusal."""
        if message.folder == "inbox" or message.state == "delivered":
            return 200
        if message.lane != SIP or message.state == "failed":
            return 202
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_WITHIN):
                return await asyncio.shield(result)
        return 202

    @contextmanager
    def _awaited(self, origin: str) -> Iterator[asyncio.Future[int]]:
        """The status of the message; one that is sent twice at once has one status."""
        result = self._results.get(origin)
        if result is not None:
            yield result
            return
        result = self._results[origin] = asyncio.get_running_loop().create_future()
        try:
            yield result
        finally:
            self._results.pop(origin, None)


def _takes_messages(kind: ExtensionKind) -> bool:
    """Whether its phones or its application get messages."""
    return kind.takes_messages or kind.ring is not None


def _settle(result: asyncio.Future[int] | None, status: int) -> None:
    if result is not None and not result.done():
        result.set_result(status)
