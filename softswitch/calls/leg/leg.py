"""The seam: one party of a call as straight-line `async def` above, events of the core below.

A leg has no task of its own. What its peer does waits in a queue until `event` takes it, or goes
straight to `deliver` where one task follows several legs; what we do is a method. `ended` is done
when the dialog is over, for whatever reason, and from then on every method is harmless or raises
`LegEnded`. A waiting method may be cancelled at any time: nothing is left behind but what `hangup`
clears.

    leg = Leg.dial(stack, target=…, flow=…, from_=…, to=…, sdp=offer)
    try:
        while not isinstance(event := await leg.event(), Answered):
            …                                   # Ringing, Failed, Ended
        leg.acknowledge()
    finally:
        leg.hangup()
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol, Self

from softswitch.sip.dialog.invite_incoming import IncomingInvite
from softswitch.sip.dialog.invite_outgoing import OutgoingInvite
from softswitch.sip.dialog.invite_state import Phase
from softswitch.sip.effects import INSIDE_LINE, Effect, Flow
from softswitch.sip.endpoint import Endpoint
from softswitch.sip.events import (
    Acknowledged,
    Answered,
    Ended,
    Failed,
    InfoReceived,
    NewRequest,
    NoResponse,
    Redescribed,
    Reinvited,
    Reoffered,
    RequestReceived,
    Responded,
    Ringing,
    UsageEvent,
)
from softswitch.sip.message.address import Address
from softswitch.sip.message.message import Response
from softswitch.sip.message.uri import Uri
from softswitch.sip.requests.geolocation import Content
from softswitch.sip.requests.outside import MakeCredentials

HeaderList = Iterable[tuple[str, str]]

LegEvent = (
    Ringing
    | Answered
    | Failed
    | Acknowledged
    | Reoffered
    | Redescribed
    | InfoReceived
    | RequestReceived
    | Ended
)

Deliver = Callable[["Leg", LegEvent], None]
"Takes an event of a leg; must not wait and must not raise."

Usage = IncomingInvite | OutgoingInvite

Begin = Callable[[Callable[[UsageEvent], None], list[Effect]], Usage]
"Begins the usage that tells its events to the first argument."

QUEUE_LIMIT = 64
"INFO and provisional responses beyond this many unread events are dropped: the peer floods."


class Stack(Protocol):
    """What a leg needs of the driver."""

    endpoint: Endpoint

    def perform(self, effects: list[Effect]) -> None:
        """Carry the effects out now."""

    def now(self) -> float:
        """Seconds of a clock that never goes back."""


class LegEnded(Exception):
    """The leg is over; `ending` tells how."""

    def __init__(self, ending: Ended) -> None:
        super().__init__(ending.reason)
        self.ending = ending


class ReinviteRefused(Exception):
    """The peer refused new media; the leg goes on as it was."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status


class Leg:
    """One party: a dialog, from the INVITE to the BYE."""

    def __init__(self, stack: Stack, name: str, deliver: Deliver | None, begin: Begin) -> None:
        """Made by `incoming` and `dial`; what `begin` does to the peer is performed at once."""
        loop = asyncio.get_running_loop()
        self.stack = stack
        self.name = name
        "For logs."
        self.ended: asyncio.Future[Ended] = loop.create_future()
        "Done when the leg is over; never an exception."
        self.deliver = deliver
        "Takes every event at once, instead of the queue of `event`."
        self.dropped = 0
        "Events that found the queue full."
        self._queue: asyncio.Queue[LegEvent] | None = None
        "For `event`; made when it is first needed, which with `deliver` is never."
        self._acknowledged: asyncio.Future[Acknowledged] | None = None
        "What `answer` waits for."
        self._reinvited: asyncio.Future[Reinvited] | None = None
        "What `reinvite` waits for."
        out: list[Effect] = []
        self.usage = begin(self._receive, out)
        self.request = self.usage.transaction.request
        "The INVITE: as it came, or as it was sent first."
        stack.perform(out)

    # ---------------------------------------------------------------- incoming

    @classmethod
    def incoming(
        cls, stack: Stack, new: NewRequest, *, name: str, deliver: Deliver | None = None
    ) -> Self:
        """Accept an INVITE: its transaction is created and 100 sent."""
        return cls(stack, name, deliver, partial(stack.endpoint.incoming, new))

    def progress(self, status: int, sdp: bytes | None = None, headers: HeaderList = ()) -> None:
        """Send a provisional response (101 to 199), with early media if `sdp` is given.

        Harmless once the leg is answered or over.
        """
        self._perform(self._as_incoming().progress, status, sdp, headers)

    def accept(self, sdp: bytes, headers: HeaderList = ()) -> None:
        """Send 200, repeated until an `Acknowledged` or `Ended` event comes; harmless later."""
        self._perform(self._as_incoming().accept, sdp, headers)

    async def answer(self, sdp: bytes, headers: HeaderList = ()) -> bytes | None:
        """Send 200 and wait for the ACK; returns the ACK's description (after a late offer).

        Raises `LegEnded` when the caller cancelled or its ACK never came.
        """
        usage = self._as_incoming()
        self._raise_if_ended()
        waiting: asyncio.Future[Acknowledged] = self.ended.get_loop().create_future()
        self._acknowledged = waiting
        self._perform(usage.accept, sdp, headers)
        return (await waiting).sdp

    def reject(self, status: int, headers: HeaderList = (), reason: str | None = None) -> None:
        """End an unanswered leg with a final response (300 to 699); `reason` is its phrase.

        Harmless once the leg is answered or over.
        """
        usage = self._as_incoming()
        if usage.phase is Phase.CALLING:
            self._perform(usage.reject, status, headers, reason)
            self._end(Ended(False, str(status)))

    # ---------------------------------------------------------------- outgoing

    @classmethod
    def dial(
        cls,
        stack: Stack,
        *,
        name: str,
        target: Uri,
        flow: Flow,
        from_: Address,
        to: Address,
        route: Sequence[str] = (),
        headers: HeaderList = (),
        sdp: bytes | None = None,
        content: Content | None = None,
        max_forwards: int = 70,
        credentials: MakeCredentials | None = None,
        deliver: Deliver | None = None,
    ) -> Self:
        """Send an INVITE to `target` by `flow`; parameters of `from_` and `to` are not looked at.

        Without `sdp` the callee makes the offer, and `acknowledge(sdp)` answers it. `content` is
        the body where that holds more than `sdp`.
        """
        begin = partial(
            stack.endpoint.invite,
            target=target,
            flow=flow,
            from_=from_,
            to=to,
            route=route,
            headers=headers,
            sdp=sdp,
            content=content,
            max_forwards=max_forwards,
            credentials=credentials,
        )
        return cls(stack, name, deliver, begin)

    def acknowledge(self, sdp: bytes | None = None) -> None:
        """Send the ACK after `Answered`, or after a `reinvite` without an offer."""
        self._perform(self.usage.acknowledge, sdp)

    # ---------------------------------------------------------------- both ways

    @property
    def flow(self) -> Flow:
        """The flow of our requests in the dialog; before the answer, that of the INVITE."""
        return self.usage.dialog.flow

    @property
    def is_inside(self) -> bool:
        """Whether the switch itself is at the other end."""
        return self.flow == INSIDE_LINE

    @property
    def is_unheard(self) -> bool:
        """Whether no response at all has come to our INVITE so far."""
        return isinstance(self.usage, OutgoingInvite) and not self.usage.is_heard

    @property
    def call_id(self) -> str:
        """The Call-ID of the dialog."""
        return self.request.call_id

    @property
    def _events(self) -> asyncio.Queue[LegEvent]:
        if self._queue is None:
            self._queue = asyncio.Queue()
        return self._queue

    async def event(self) -> LegEvent:
        """Wait for the peer's next event; once the leg is over it is always `Ended`."""
        if self.ended.done() and self._events.empty():
            return self.ended.result()
        return await self._events.get()

    def hangup(self, reason: str | None = None, status: int = 480) -> None:
        """End the leg, whatever its state: CANCEL, BYE, or a final response with `status`.

        `reason` is the value of the Reason header (RFC 3326). Hanging up twice is harmless.
        """
        headers = [] if reason is None else [("Reason", reason)]
        self._perform(self.usage.hangup, headers, status)
        self._end(Ended(False, reason or "hangup"))

    @property
    def has_open_offer(self) -> bool:
        """Whether an offer of ours, perhaps withdrawn, still waits for the peer's response."""
        return self.usage.is_offering

    async def reinvite(self, sdp: bytes | None, headers: HeaderList = ()) -> bytes | None:
        """Offer new media, or with None ask for an offer; returns the peer's description.

        An offer of the peer is then answered with `acknowledge(sdp)`. Glare (491) is waited out
        and tried again. Raises `ReinviteRefused` or `LegEnded`.
        """
        self._raise_if_ended()
        usage = self.usage
        if usage.phase is not Phase.CONFIRMED:
            raise ReinviteRefused(491, "Not Answered Yet")
        if self.has_open_offer or usage.reoffer is not None:
            raise ReinviteRefused(491, "Request Pending")
        waiting: asyncio.Future[Reinvited] = self.ended.get_loop().create_future()
        self._reinvited = waiting
        self._perform(usage.offer, sdp, headers)
        try:
            event = await waiting
        except asyncio.CancelledError:
            self._perform(usage.withdraw_offer)
            raise
        if event.status >= 300:
            raise ReinviteRefused(event.status, event.reason)
        return event.sdp

    def answer_reoffer(self, sdp: bytes, headers: HeaderList = ()) -> bool:
        """Accept a `Reoffered`; False when the peer has withdrawn it meanwhile.

        After `Reoffered(None)` this is our offer, and an `Acknowledged` event brings the answer.
        """
        out: list[Effect] = []
        answered = self.usage.answer_reoffer(sdp, headers, out)
        self.stack.perform(out)
        return answered

    def refuse_reoffer(self, status: int, headers: HeaderList = ()) -> None:
        """Refuse a `Reoffered` with 488 or the like; the leg goes on as it was."""
        self._perform(self.usage.refuse_reoffer, status, headers)

    async def info(self, content_type: str, body: bytes) -> int:
        """Send INFO; returns the final status. Raises `LegEnded`."""
        response = await self.ask("INFO", [("Content-Type", content_type)], body)
        return response.status

    def send_info(self, content_type: str, body: bytes) -> None:
        """Send INFO and care for no answer, except that a dead dialog ends the leg.

        Harmless unless the leg is answered.
        """
        if self.usage.phase is Phase.CONFIRMED:
            headers = [("Content-Type", content_type)]
            self._perform(self.usage.ask, "INFO", headers, body, _nobody)

    async def ask(self, method: str, headers: HeaderList = (), body: bytes = b"") -> Response:
        """Send a request in the dialog and wait for its final response. Raises `LegEnded`.

        Only once the leg is answered; without a response the leg is over.
        """
        self._raise_if_ended()
        future: asyncio.Future[Responded | NoResponse] = self.ended.get_loop().create_future()

        def receive(event: Responded | NoResponse) -> None:
            if not future.done():
                future.set_result(event)

        self._perform(self.usage.ask, method, headers, body, receive)
        event = await future
        if isinstance(event, NoResponse):
            raise LegEnded(Ended(False, event.reason))
        return event.response

    def respond(
        self,
        event: RequestReceived,
        status: int,
        headers: HeaderList = (),
        body: bytes = b"",
    ) -> None:
        """Answer a `RequestReceived`; harmless when the leg is over and has answered by itself."""
        self._perform(self.usage.respond, event.transaction, status, headers, body)

    def take(self, *methods: str) -> None:
        """Take requests of these methods (REFER, …) as `RequestReceived`; each must be answered."""
        self.usage.wants |= frozenset(methods)

    def let_go(self) -> None:
        """Tell nobody of further events: the leg ends by itself, and keeps no call in memory."""
        self.deliver = _unheard

    # ---------------------------------------------------------------- below

    def _receive(self, event: UsageEvent) -> None:
        """Take an event of the core."""
        if isinstance(event, Acknowledged):
            waiting, self._acknowledged = self._acknowledged, None
            if waiting is not None and not waiting.done():
                waiting.set_result(event)
            else:
                self._put(event)
        elif isinstance(event, Reinvited):
            offering, self._reinvited = self._reinvited, None
            if offering is not None and not offering.done():
                offering.set_result(event)
        elif isinstance(event, Ended):
            self._end(event)
        else:
            self._put(event)
            if isinstance(event, Failed):
                self._finish(Ended(True, f"{event.status} {event.reason}", event.headers))

    def _put(self, event: LegEvent) -> None:
        if self.deliver is not None:
            self.deliver(self, event)
        elif isinstance(event, (Ringing, InfoReceived)) and self._events.qsize() >= QUEUE_LIMIT:
            self.dropped += 1
        else:
            self._events.put_nowait(event)

    def _end(self, ending: Ended) -> None:
        if not self.ended.done():
            self._put(ending)
            self._finish(ending)

    def _finish(self, ending: Ended) -> None:
        if not self.ended.done():
            self.ended.set_result(ending)
            self.usage.receiver = _nobody
        for waiting in (self._acknowledged, self._reinvited):
            if waiting is not None and not waiting.done():
                waiting.set_exception(LegEnded(ending))
        self._acknowledged = self._reinvited = None

    def _raise_if_ended(self) -> None:
        if self.ended.done():
            raise LegEnded(self.ended.result())

    def _perform(self, step: Callable[..., None], *arguments: Any) -> None:
        out: list[Effect] = []
        step(*arguments, out)
        if out:
            self.stack.perform(out)

    def _as_incoming(self) -> IncomingInvite:
        assert isinstance(self.usage, IncomingInvite), "only a leg that called us can be answered"
        return self.usage


def _nobody(event: UsageEvent | Responded | NoResponse) -> None:
    """Receive an event that nothing waits for."""


def _unheard(leg: Leg, event: LegEvent) -> None:
    """Take the events of a leg that belongs to no call any more."""
