"""One SMPP exchange over one TCP connection: frames, sequence numbers, windows, silence.

Client and server use it (SMPP 3.4, chapter 2). Our requests wait for their answers within a window
and a time. The owner of the link answers the requests of the peer, as many at a time as the window
allows. A corrupt length ends the connection, since nothing behind it can be trusted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from softswitch.guard.causes import cause
from softswitch.messaging.smpp.pdu import Body, Pdu, PduError, check_length, decode, encode
from softswitch.messaging.smpp.tables import (
    GENERIC_NACK,
    LAST_SEQUENCE,
    RESPONSE,
    CommandId,
    CommandStatus,
)

_LOG = structlog.get_logger("softswitch.smpp")

LARGEST_BACKLOG = 1_000_000
"Octets that the peer may leave unread before the link is given up."
GOODBYE = 2.0
"Seconds that an unbind may take."


class LinkLost(Exception):
    """The connection broke; `sent` tells whether a request had left before."""

    def __init__(self, reason: str, *, sent: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent


@dataclass(slots=True)
class LinkCounts:
    """Events on all links of a connection, for the metrics."""

    received: int = 0
    sent: int = 0
    bad: int = 0
    "PDUs that could not be read."
    throttled: int = 0
    "Requests of peers above their window."
    duplicates: int = 0
    "Requests with the sequence number of one that is not answered yet."
    strays: int = 0
    "Answers to nothing."


Handle = Callable[[Pdu], Awaitable["Answer"]]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request of the peer."""

    status: CommandStatus = CommandStatus.ROK
    body: Body | None = None
    tlvs: Mapping[int, bytes] | None = None


class Link:
    """One connection; `run` reads until it ends."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handle: Handle,
        *,
        window: int,
        peer_window: int,
        response_timeout: float,
        enquire_interval: float,
        counts: LinkCounts,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._handle = handle
        self._window = asyncio.Semaphore(window)
        self._peer_window = peer_window
        self._response_timeout = response_timeout
        self._enquire_interval = enquire_interval
        self.counts = counts
        self._sequence = 0
        self._waiting: dict[int, asyncio.Future[Pdu]] = {}
        self._serving: dict[int, tuple[bytes, asyncio.Task[None]]] = {}
        self._received_something = False
        self.lost: str | None = None
        "Why it ended."

    @property
    def peer(self) -> str:
        """Address of the other side."""
        name = self._writer.get_extra_info("peername")
        return f"{name[0]}:{name[1]}" if name else "?"

    @property
    def host(self) -> str:
        """The same without the port."""
        name = self._writer.get_extra_info("peername")
        return str(name[0]) if name else "?"

    # -- our requests ------------------------------------------------------------------------------

    async def request(
        self, command: CommandId, body: Body | None = None, tlvs: Mapping[int, bytes] | None = None
    ) -> Pdu:
        """Send a request, wait for its answer; raises LinkLost, and ValueError for bad fields."""
        async with self._window:
            if self.lost is not None:
                raise LinkLost(self.lost)
            sequence = self._next_sequence()
            octets = encode(Pdu(command, 0, sequence, body or {}, tlvs or {}))
            answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
            self._waiting[sequence] = answer
            try:
                self._write(octets)
                async with asyncio.timeout(self._response_timeout):
                    return await answer
            except TimeoutError:
                self.abort(f"no answer to {command.name} in {self._response_timeout:g} s")
                raise LinkLost(self.lost or "", sent=True) from None
            finally:
                self._waiting.pop(sequence, None)

    def _next_sequence(self) -> int:
        while True:
            self._sequence = self._sequence % LAST_SEQUENCE + 1
            if self._sequence not in self._waiting:
                return self._sequence

    def _write(self, octets: bytes) -> None:
        if self._writer.transport.get_write_buffer_size() > LARGEST_BACKLOG:
            self.abort("the peer does not read")
            return
        self._writer.write(octets)
        self.counts.sent += 1

    # -- the connection ----------------------------------------------------------------------------

    async def run(self) -> None:
        """Read until the connection ends; our requests then raise LinkLost."""
        enquiring = asyncio.get_running_loop().create_task(self._enquire(), name="enquire_link")
        try:
            while self.lost is None:
                self._take(await self._frame())
        except (asyncio.IncompleteReadError, OSError) as error:
            self.abort(cause(error))
        except PduError as error:
            self.counts.bad += 1
            self._nack(error)
            self.abort(str(error))
        finally:
            self.abort("closed")
            enquiring.cancel()
            tasks = [task for _, task in self._serving.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(enquiring, *tasks, return_exceptions=True)

    async def _frame(self) -> bytes:
        head = await self._reader.readexactly(4)
        length = check_length(int.from_bytes(head))
        return head + await self._reader.readexactly(length - 4)

    def _take(self, frame: bytes) -> None:
        self._received_something = True
        self.counts.received += 1
        try:
            pdu = decode(frame)
        except PduError as error:
            if error.status == CommandStatus.RINVCMDLEN:
                raise
            self.counts.bad += 1
            self._refuse_unreadable(error)
            return
        if pdu.is_response:
            self._answered(pdu)
        else:
            self._asked(pdu, frame)

    def _refuse_unreadable(self, error: PduError) -> None:
        """Refuse a whole frame with bad content; the connection goes on."""
        _LOG.info("PDU refused", peer=self.peer, error=str(error))
        if error.status == CommandStatus.RINVCMDID:
            if not error.command & RESPONSE:
                self._nack(error)
        elif error.command & RESPONSE:
            waiting = self._waiting.get(error.sequence)
            if waiting is not None and not waiting.done():
                waiting.set_result(Pdu(error.command, CommandStatus.RSYSERR, error.sequence))
        else:
            self._write(encode(Pdu(error.command | RESPONSE, error.status, error.sequence)))

    def _nack(self, error: PduError) -> None:
        self._write(encode(Pdu(GENERIC_NACK, error.status, error.sequence)))

    def _answered(self, pdu: Pdu) -> None:
        waiting = self._waiting.get(pdu.sequence)
        if waiting is None or waiting.done():
            self.counts.strays += 1
            return
        waiting.set_result(pdu)

    def _asked(self, pdu: Pdu, frame: bytes) -> None:
        if pdu.command == CommandId.ENQUIRE_LINK:
            self._write(encode(Pdu(pdu.command | RESPONSE, 0, pdu.sequence)))
            return
        if pdu.command == CommandId.UNBIND:
            self._write(encode(Pdu(pdu.command | RESPONSE, 0, pdu.sequence)))
            self.abort("the peer has unbound")
            return
        serving = self._serving.get(pdu.sequence)
        if serving is not None:
            self.counts.duplicates += 1
            if serving[0] != frame:
                self._refuse(pdu, CommandStatus.RSYSERR)
            return
        if len(self._serving) >= self._peer_window:
            self.counts.throttled += 1
            self._refuse(pdu, CommandStatus.RTHROTTLED)
            return
        task = asyncio.get_running_loop().create_task(self._serve(pdu), name="smpp request")
        self._serving[pdu.sequence] = (frame, task)

    def _refuse(self, pdu: Pdu, status: CommandStatus) -> None:
        self._write(encode(Pdu(pdu.command | RESPONSE, status, pdu.sequence)))

    async def _serve(self, pdu: Pdu) -> None:
        try:
            answer = await self._handle(pdu)
        except Exception:
            _LOG.exception("request failed", peer=self.peer, command=pdu.command)
            answer = Answer(CommandStatus.RSYSERR)
        finally:
            self._serving.pop(pdu.sequence, None)
        if self.lost is None:
            self._write(
                encode(
                    Pdu(
                        pdu.command | RESPONSE,
                        answer.status,
                        pdu.sequence,
                        answer.body or {},
                        answer.tlvs or {},
                    )
                )
            )

    async def _enquire(self) -> None:
        """Ask a silent peer whether it is there."""
        while True:
            self._received_something = False
            await asyncio.sleep(self._enquire_interval)
            if not self._received_something:
                try:
                    await self.request(CommandId.ENQUIRE_LINK)
                except LinkLost:
                    return

    async def unbind(self) -> None:
        """Unbind, then end."""
        if self.lost is None:
            try:
                async with asyncio.timeout(GOODBYE):
                    await self.request(CommandId.UNBIND)
            except (LinkLost, TimeoutError):
                pass
        self.abort("unbound")

    def abort(self, reason: str) -> None:
        """End at once; requests that wait for an answer raise LinkLost."""
        if self.lost is not None:
            return
        self.lost = reason
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(LinkLost(reason, sent=True))
        self._writer.close()
        self._reader.feed_eof()
