"""The signalling process's end of a media worker: starts it, asks it, notices its death."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from typing import cast

import msgspec

from media.control.frames import ControlError, Frames, decode_reply, encode
from media.control.message import TICKETLESS
from media.control.process import WorkerProcess, WorkerSettings
from media.control.session import (
    VERSION,
    Ask,
    Close,
    Counted,
    Event,
    Open,
    Opened,
    OrderRefused,
    Ready,
    Reply,
    Request,
    Statistics,
    WorkerHello,
    WorkerReport,
)
from media.control.sound import FindVoices, InstalledVoice, VoicesFound

START_TIMEOUT = 15.0
"Seconds until a worker must be ready."
STOCK = 64
"Legs that are kept open in advance, so that a call need not wait for its ports: 32 calls at once."
ORDER = 16
"Legs that are ordered at a time; opening them holds the worker up for about a millisecond."
SILENT_REPORTS = 5
"Reports of one second that may fail to come before a worker counts as dead."


class WorkerGone(Exception):
    """The worker died, or could not be started."""


class NoPortFree(Exception):
    """No pair of ports can be had: all in use or in quarantine, or the address cannot be bound."""


class MediaError(Exception):
    """The worker refused a request."""


class WorkerClient(asyncio.Protocol):
    """One worker process and the local socket to it."""

    def __init__(
        self,
        settings: WorkerSettings,
        on_event: Callable[[Event], None],
        on_refused: Callable[[OrderRefused], None],
        numbers: Iterator[int],
    ) -> None:
        """Call `on_event` with events of legs, and `on_refused` with refusals of other requests.

        Legs are named with what `numbers` yields.
        """
        self._settings = settings
        self._numbers = numbers
        self._on_event, self._on_refused = on_event, on_refused
        self._frames = Frames()
        self._tickets = count(TICKETLESS + 1)
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._stock: deque[Opened] = deque()
        self._ordered: set[asyncio.Future[Reply]] = set()
        "Legs for the stock that the worker has not opened yet."
        self._takers: deque[asyncio.Future[None]] = deque()
        "Callers that wait for one of them, the first one first."
        self._unsent = bytearray()
        self._transport: asyncio.Transport | None = None
        self._process: WorkerProcess | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stocked_ipv6 = ":" in settings.hosts[0][0]
        self._silent = 0
        self._watchdog: asyncio.TimerHandle | None = None
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        "Done as soon as the socket to the worker is closed, from whichever side."
        self.legs = 0
        "Legs that were opened and not yet closed, the stock left out."
        self.report: WorkerReport | None = None
        "Its last report."
        self.load = 0.0
        "The share of a processor that it used between its last two reports."
        self._reported_at = 0.0
        self.fingerprint = ""
        "Of its certificate, as in `a=fingerprint`; empty until it is ready, and without DTLS."

    @property
    def ports(self) -> tuple[int, int]:
        """The first and the last port of the range that it has a share of."""
        return self._settings.ports

    @property
    def pid(self) -> int | None:
        """The worker's process, once it was started."""
        return None if self._process is None else self._process.pid

    def bound_at(self, announced: str) -> str:
        """Return the address that is bound where SDP announces this one."""
        return dict(self._settings.hosts).get(announced, announced)

    async def start(self) -> None:
        """Start the process and wait until it is ready; raises `WorkerGone`."""
        try:
            await self._start()
        except asyncio.CancelledError:
            self.kill()
            raise
        self._watchdog = asyncio.get_running_loop().call_later(1.0, self._look)
        self._order(STOCK)

    async def _start(self) -> None:
        self._process, ours = await WorkerProcess.start(self._settings)
        await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=ours)
        self.tell(WorkerHello(version=VERSION))
        try:
            async with asyncio.timeout(START_TIMEOUT):
                await self._ready
        except TimeoutError:
            await self.stop()
            raise WorkerGone(f"a media worker was not ready within {START_TIMEOUT} s") from None
        except WorkerGone:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the process; it says goodbye to the far ends by itself."""
        self._lose()
        if self._process is not None:
            await self._process.end()

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()

    @property
    def fate(self) -> str:
        """How the process ended, for the log; to be asked after `stop`."""
        if self._silent > SILENT_REPORTS:
            return f"did not report for {self._silent} s and was ended"
        return "ended" if self._process is None else self._process.fate

    def tell(self, request: Request) -> None:
        """Send a request that is not answered; those of one turn of the loop leave together."""
        if not self.gone.done():
            if not self._unsent:
                asyncio.get_running_loop().call_soon(self._flush)
            self._unsent += encode(request)

    async def open(self, *, ipv6: bool = False, is_urgent: bool = False) -> Opened:
        """Open a leg, or take one from the stock; raises `NoPortFree` or `WorkerGone`.

        One that `is_urgent` also gets a pair of ports that is kept for emergency calls.
        """
        if ipv6 == self._stocked_ipv6:
            while self._ordered and not self._stock:
                await self._next_stored()
            if self._stock:
                self._order()
                self.legs += 1
                return self._stock.popleft()
        leg = next(self._numbers)
        try:
            reply = await self._ask(
                lambda ticket: Open(ticket=ticket, leg=leg, ipv6=ipv6, is_urgent=is_urgent)
            )
        except MediaError as error:
            raise NoPortFree(str(error)) from None
        except asyncio.CancelledError:
            # the caller has gone and never learns of the leg, so it is closed here
            self.tell(Close(ticket=TICKETLESS, leg=leg))
            raise
        self.legs += 1
        return cast(Opened, reply)

    def _order(self, legs: int = ORDER) -> None:
        """Order so many legs for the stock if they are missing; refused ones stay missing."""
        if len(self._stock) + len(self._ordered) + legs > STOCK:
            return
        for _ in range(legs):
            order = Open(
                ticket=next(self._tickets), leg=next(self._numbers), ipv6=self._stocked_ipv6
            )
            answer = self._wait_for(order.ticket)
            answer.add_done_callback(self._store)
            self._ordered.add(answer)
            self.tell(order)

    def _store(self, answer: asyncio.Future[Reply]) -> None:
        self._ordered.discard(answer)
        reply = answer.result()
        if isinstance(reply, Opened):
            self._stock.append(reply)
        self._wake_taker()
        while self._takers and not self._ordered:
            self._wake_taker()

    async def _next_stored(self) -> None:
        """Wait until an order has been answered, one way or the other."""
        taker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._takers.append(taker)
        try:
            await taker
        except asyncio.CancelledError:
            if taker.done() and not taker.cancelled():
                self._wake_taker()
            raise

    def _wake_taker(self) -> None:
        while self._takers:
            taker = self._takers.popleft()
            if not taker.done():
                taker.set_result(None)
                return

    async def statistics(self, leg: int) -> Statistics:
        """Return a leg's statistics; raises `MediaError` or `WorkerGone`."""
        reply = await self._ask(lambda ticket: Ask(ticket=ticket, leg=leg))
        return cast(Counted, reply).statistics

    async def voices(self) -> list[InstalledVoice]:
        """Return the voices that can be asked for; raises `WorkerGone`."""
        reply = await self._ask(lambda ticket: FindVoices(ticket=ticket))
        return list(cast(VoicesFound, reply).voices)

    def close(self, leg: int) -> asyncio.Future[Reply]:
        """Close a leg; the answer is `Counted`, its last statistics, or `OrderRefused`."""
        self.legs -= 1
        return self._request(lambda ticket: Close(ticket=ticket, leg=leg))

    async def _ask(self, request: Callable[[int], Request]) -> Reply:
        reply = await self._request(request)
        if isinstance(reply, OrderRefused):
            if self.gone.done():
                raise WorkerGone(reply.reason)
            raise MediaError(reply.reason)
        return reply

    def _request(self, request: Callable[[int], Request]) -> asyncio.Future[Reply]:
        """Send a request; the answer never is an exception, a dead worker refuses everything."""
        ticket = next(self._tickets)
        answer = self._wait_for(ticket)
        if self.gone.done():
            del self._waiting[ticket]
            answer.set_result(OrderRefused(reason="the media worker is gone"))
        else:
            self.tell(request(ticket))
        return answer

    def _wait_for(self, ticket: int) -> asyncio.Future[Reply]:
        """Return what will be the answer to a ticket."""
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = answer
        return answer

    # ---- asyncio.Protocol ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take what the worker says."""
        try:
            for body in self._frames.feed_octets(data):
                self._take(decode_reply(body))
        except ControlError:
            self._lose()

    def connection_lost(self, exc: Exception | None) -> None:
        """Notice that the worker is gone."""
        self._lose()

    def _take(self, reply: Reply) -> None:
        match reply:
            case WorkerReport():
                self._note(reply)
            case Opened() | Counted() | VoicesFound() | OrderRefused() if (
                reply.ticket in self._waiting
            ):
                answer = self._waiting.pop(reply.ticket)
                if not answer.done():
                    answer.set_result(reply)
            case OrderRefused() if not self._ready.done():
                self._ready.set_exception(WorkerGone(reply.reason))
            case OrderRefused():
                self._on_refused(reply)
            case Ready():
                if not self._ready.done():
                    self._get_ready(reply)
            case _ if isinstance(reply, Event):
                self._on_event(reply)

    def _note(self, report: WorkerReport) -> None:
        """Keep the worker's report; legs that nobody has taken yet count as free."""
        self._silent = 0
        now = asyncio.get_running_loop().time()
        if self.report is not None and now > self._reported_at:
            used = report.cpu_seconds - self.report.cpu_seconds
            self.load = used / (now - self._reported_at)
        self._reported_at = now
        waiting = len(self._stock)
        self.report = msgspec.structs.replace(
            report, legs=report.legs - waiting, ports_free=report.ports_free + waiting
        )

    def _get_ready(self, reply: Ready) -> None:
        if reply.version == VERSION:
            self.fingerprint = reply.fingerprint
            self._ready.set_result(None)
        else:
            versions = f"the worker speaks version {reply.version}, this is version {VERSION}"
            self._ready.set_exception(WorkerGone(versions))

    def _flush(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(bytes(self._unsent))
        self._unsent.clear()

    def _look(self) -> None:
        """Count the seconds without a report; a worker that hangs is as good as dead."""
        self._silent += 1
        if self._silent > SILENT_REPORTS:
            self.kill()
        elif not self.gone.done():
            self._watchdog = asyncio.get_running_loop().call_later(1.0, self._look)

    def _lose(self) -> None:
        """Close the socket, and fail all futures that wait."""
        if self._watchdog is not None:
            self._watchdog.cancel()
        if self._transport is not None:
            self._flush()
            self._transport.close()
        if not self._ready.done():
            self._ready.set_exception(WorkerGone("a media worker ended before it was ready"))
            # the caller may have been cancelled
            self._ready.exception()
        self._stock.clear()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_result(OrderRefused(reason="the media worker died"))
        self._waiting.clear()
        if not self.gone.done():
            self.gone.set_result(None)
