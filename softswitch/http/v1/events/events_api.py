"""`/v1/events`: what happens, as SSE (WHATWG HTML, section 9.2), over a WebSocket, or as JSON.

A reader has a number and nothing else: it is sent what comes behind. It asks with the last number
that it has, so it misses nothing when either side breaks off.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec
import structlog
from aiohttp import WSCloseCode, web

from softswitch.events.event import NumberedEvent
from softswitch.events.event_journal import EventJournal
from softswitch.events.filters import EventFilter, UnknownType
from softswitch.events.following import Following, heartbeat
from softswitch.guard.rights import User
from softswitch.http.cross_site import is_cross_site
from softswitch.http.users import Users
from softswitch.http.v1.asking import BadQuery, NotServed, answer, asked, is_still
from softswitch.http.v1.events.events_json import (
    EVENT_OPERATIONS,
    NUMBER,
    EventShown,
    EventsShown,
    EventsWanted,
)
from softswitch.http.v1.events.streams import EventStreams
from softswitch.http.v1.serving import served

log = structlog.get_logger("softswitch.events")

HEARTBEAT = 15.0
"Seconds without an event after which a reader hears that the connection stands."
RECONNECT = b"retry: 2000\n\n"
"Milliseconds after which a browser connects again."
CHUNK = 100
"Events that are sent at once."
LARGEST_FRAME = 1024
"Octets of a WebSocket frame of a reader, which has nothing to say."

Send = Callable[[list[NumberedEvent], int], Awaitable[None]]


class EventsApi:
    """Serves the events to users."""

    def __init__(self, events: EventJournal, streams: EventStreams, users: Users) -> None:
        self._events = events
        self._streams = streams
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        return served(EVENT_OPERATIONS, self._users, {"followEvents": self.follow})

    async def follow(self, request: web.Request, user: User) -> web.StreamResponse:
        """The events that the query wants, in the way that the request asks for."""
        wanted = asked(request, EventsWanted)
        try:
            wants = EventFilter.of(wanted.types, wanted.number, wanted.call)
        except UnknownType as error:
            raise BadQuery(str(error)) from None
        following = Following(self._events, _after(request, wanted), wants, user)
        if web.WebSocketResponse().can_prepare(request):
            if is_cross_site(request):
                log.warning("cross-site WebSocket", source=request.remote, user=user.name)
                raise NotServed(403, "a page of another site has asked for this WebSocket")
            with self._streams.place():
                return await self._over_web_socket(request, user, following)
        if request.method == "HEAD":
            return web.Response(content_type="text/event-stream")
        if "application/json" in request.headers.get("Accept", ""):
            return await self._page(following, wanted.limit)
        with self._streams.place():
            return await self._as_stream(request, user, following)

    async def _page(self, following: Following, limit: int) -> web.Response:
        """What is there now, without waiting."""
        events: list[NumberedEvent] = []
        number = following.number
        while len(events) < limit:
            portion = await following.next(0)
            if not portion.events:
                number = portion.number
                break
            room = limit - len(events)
            events += portion.events[:room]
            is_whole = len(portion.events) <= room
            number = portion.number if is_whole else events[-1].id
        shown = [msgspec.json.decode(each.body, type=EventShown) for each in events]
        return answer(200, EventsShown(events=shown, next=max(0, number)))

    async def _as_stream(
        self, request: web.Request, user: User, following: Following
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        # A proxy in front must not gather what is to be seen at once.
        response.headers["X-Accel-Buffering"] = "no"

        async def send(events: list[NumberedEvent], number: int) -> None:
            text = "".join(map(_as_sse, events)) or f": heartbeat\nid: {number}\n\n"
            await response.write(text.encode())

        with suppress(ConnectionResetError):
            await response.prepare(request)
            await response.write(RECONNECT)
            await self._send_all(request, user, following, send)
        return response

    async def _over_web_socket(
        self, request: web.Request, user: User, following: Following
    ) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=LARGEST_FRAME)
        await socket.prepare(request)

        async def send(events: list[NumberedEvent], number: int) -> None:
            for event in events or (heartbeat(number),):
                await socket.send_str(event.body)

        sending = asyncio.ensure_future(self._send_all(request, user, following, send))
        try:
            hearing = asyncio.ensure_future(_until_closed(socket))
            await asyncio.wait((sending, hearing), return_when=asyncio.FIRST_COMPLETED)
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
        finally:
            sending.cancel()
            [result] = await asyncio.gather(sending, return_exceptions=True)
            with suppress(ConnectionResetError):
                await socket.close(code=WSCloseCode.GOING_AWAY)
        if isinstance(result, Exception) and not isinstance(result, ConnectionResetError):
            raise result
        return socket

    async def _send_all(
        self, request: web.Request, user: User, following: Following, send: Send
    ) -> None:
        """Send until the reader has gone, does not read, or is no such user any more."""
        as_it_was, look_at = self._users.as_now(user), time.monotonic() + HEARTBEAT
        while not self._events.is_over:
            if time.monotonic() >= look_at:
                if not is_still(request, self._users, user):
                    return
                look_at = time.monotonic() + HEARTBEAT
            portion = await following.next(HEARTBEAT)
            if self._users.as_now(user) != as_it_was:
                return
            events = list(portion.events)
            if not events and self._events.is_over:
                return
            for start in range(0, max(1, len(events)), CHUNK):
                try:
                    async with asyncio.timeout(self._streams.send_time):
                        await send(events[start : start + CHUNK], portion.number)
                except TimeoutError:
                    self._streams.cut_off += 1
                    log.info("reader of events cut off", user=user.name, source=request.remote)
                    if request.transport is not None:
                        request.transport.abort()
                    return


async def _until_closed(socket: web.WebSocketResponse) -> None:
    """Take what the reader says, which means nothing, until it closes."""
    async for _ in socket:
        pass


def _as_sse(event: NumberedEvent) -> str:
    return f"id: {event.id}\nevent: {event.type}\ndata: {event.body}\n\n"


def _after(request: web.Request, wanted: EventsWanted) -> int | None:
    """The number behind which the reader wants to go on. Raises BadQuery."""
    text = request.headers.get("Last-Event-ID", "")
    if not text:
        return None if wanted.after is msgspec.UNSET else wanted.after
    digits = text.lstrip("0")[:20] or "0"  # Python reads no number of thousands of digits
    if not text.isascii() or not text.isdigit() or int(digits) > NUMBER:
        raise BadQuery(f"Last-Event-ID cannot be {text[:40]!r}, expected the number of an event")
    return int(digits)
