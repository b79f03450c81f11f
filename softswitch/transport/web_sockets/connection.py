"""One WebSocket that carries SIP: a message of ours is a frame, a message of theirs may be several.

RFC 7118 section 5 has text and binary messages; RFC 6455 the frames, which the library `websockets`
reads and writes without input or output. It refuses frames that are unmasked, too long or malformed
with the close codes of RFC 6455 section 7.4.1.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Protocol, cast

from websockets import protocol
from websockets.exceptions import InvalidState
from websockets.frames import CloseCode, Frame, Opcode

from softswitch.sip import limits
from softswitch.sip.effects import Flow
from softswitch.sip.message.framing import PING, PONG

MOST_FRAGMENTS = 256
"Frames of one message; a browser sends one."
UNSENT = 1024 * 1024
"Octets that a page may leave unread before its WebSocket is closed."
LINGERING = 1.0
"Seconds that a page has to take the close of its WebSocket."
LOST_PINGS = 2
"Pings in a row without a Pong after which the page is gone."

_logger = logging.getLogger("softswitch.transport.web_sockets")
"Where the library reports; it has nothing to say that the switch does not say itself."
_logger.setLevel(logging.CRITICAL)


class WebSocketTable(Protocol):
    """What a WebSocket tells those who keep it."""

    def received(self, connection: WebSocketConnection, data: bytes) -> None:
        """A SIP message has come."""

    def lost(self, connection: WebSocketConnection) -> None:
        """The page does not answer any more."""

    def forget(self, connection: WebSocketConnection) -> None:
        """The WebSocket has ended."""


class WebSocketConnection(asyncio.Protocol):
    """One WebSocket after its handshake."""

    __slots__ = (
        "_fragments",
        "_frames",
        "_is_text",
        "_table",
        "_unanswered",
        "flow",
        "since",
        "started",
        "transport",
        "turn",
    )

    def __init__(
        self, table: WebSocketTable, transport: asyncio.Transport, flow: Flow, turn: int
    ) -> None:
        """`turn` is the second in which the table pings it."""
        self._table = table
        self._frames = protocol.Protocol(protocol.SERVER, max_size=limits.MESSAGE, logger=_logger)
        self._fragments: list[bytes] = []
        self._is_text = True
        self._unanswered = 0
        "Pings since the last Pong."
        self.transport = transport
        self.flow = flow
        self.turn = turn
        self.since = asyncio.get_running_loop().time()
        "When it came."
        self.started = False
        "Whether a message has come; one that has not may have to give way."

    def data_received(self, data: bytes) -> None:
        """Take frames; those that break the rules close the WebSocket."""
        self._frames.receive_data(data)
        for event in self._frames.events_received():
            self._take(cast(Frame, event))
        with contextlib.suppress(OSError):  # a page that sends pings and reads no answer
            self._write_frames()

    def eof_received(self) -> bool:
        """End: a WebSocket has no half."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place in the table back."""
        self._table.forget(self)

    # ------------------------------------------------------------------ what goes out

    def write(self, message: bytes) -> None:
        """Send one SIP message; raises OSError for a page that is gone or does not read."""
        if self.transport.is_closing():
            raise ConnectionResetError("the WebSocket is closed")
        try:
            # A message with octets that are no text must not be in a text frame.
            if message.isascii() or _is_text(message):
                self._frames.send_text(message)
            else:
                self._frames.send_binary(message)
        except InvalidState:
            raise ConnectionResetError("the WebSocket is being closed") from None
        self._write_frames()

    def ping(self) -> None:
        """Ask whether the page is there; one that has not answered the last times is closed.

        Browsers answer by themselves, whatever the scripts of the page do.
        """
        if self._frames.state is not protocol.OPEN:
            return
        if self._unanswered >= LOST_PINGS:
            self._table.lost(self)
            return
        self._unanswered += 1
        with contextlib.suppress(InvalidState, OSError):
            self._frames.send_ping(b"")
            self._write_frames()

    def close(self, code: CloseCode, reason: str = "") -> None:
        """Say that it ends, and close."""
        self._frames.fail(code, reason)
        with contextlib.suppress(OSError):
            self._write_frames()
        self.transport.close()

    def _write_frames(self) -> None:
        chunks = self._frames.data_to_send()
        if not chunks or self.transport.is_closing():
            return
        self.transport.write(b"".join(chunks))
        if chunks[-1] == protocol.SEND_EOF:
            self._end_gently()
        elif self.transport.get_write_buffer_size() > UNSENT:
            self.transport.abort()
            raise ConnectionAbortedError("the far end does not read")

    def _end_gently(self) -> None:
        """Let the page read why: a socket that is closed with octets unread is reset at once."""
        if self.transport.can_write_eof():
            self.transport.write_eof()
        asyncio.get_running_loop().call_later(LINGERING, self.transport.abort)

    # ------------------------------------------------------------------ what comes in

    def _take(self, frame: Frame) -> None:
        if frame.opcode is Opcode.PONG:
            self._unanswered = 0
        elif frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            if frame.opcode is not Opcode.CONT:
                self._is_text = frame.opcode is Opcode.TEXT
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                message, self._fragments = b"".join(self._fragments), []
                self._take_message(message)
            elif len(self._fragments) >= MOST_FRAGMENTS:
                self._fragments.clear()
                self._fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")

    def _take_message(self, message: bytes) -> None:
        """Hand a message on, or answer the keep-alive of RFC 5626 section 3.5.1."""
        if self._is_text and not message.isascii() and not _is_text(message):
            self._fail(CloseCode.INVALID_DATA, "a text that is not UTF-8")
        elif message == PING.value:
            with contextlib.suppress(OSError):
                self.write(PONG.value)
        elif data := message.lstrip(b"\r\n"):
            self.started = True
            self._table.received(self, data)

    def _fail(self, code: CloseCode, reason: str) -> None:
        with contextlib.suppress(InvalidState):
            self._frames.fail(code, reason)


def _is_text(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True
