"""Messages out of a stream of octets: TCP, TLS (RFC 3261 section 18.3, RFC 5626 section 4.4.1)."""

from __future__ import annotations

import enum
import re
from typing import Final

from softswitch.sip import limits
from softswitch.sip.message.grammar import MessageError, number


class KeepAlive(enum.Enum):
    """The two signals that may stand between messages; the values are their octets."""

    PING = b"\r\n\r\n"
    PONG = b"\r\n"


PING: Final = KeepAlive.PING
"To be answered with the octets of PONG."
PONG: Final = KeepAlive.PONG
"The answer to our own ping, or an idle line end; needs no answer."

_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*+:((?:[^\r\n]++|\r\n[ \t])*+)")
"Over a head in lower case; the same lines that `read_lines` takes for Content-Length."
_FIRST, _LAST = ord("!"), ord("~")
"Bounds of what a start line may begin with; a TLS hello, for one, does not."
_FOLD = re.compile(r"\r\n[ \t]")


class FramingError(MessageError):
    """The stream cannot be cut into messages any more, so the connection must be closed."""

    def __init__(self, text: str, status: int = 400, head: bytes = b"") -> None:
        super().__init__(text, status)
        self.head = head
        "Start line and headers of the message that broke it, for a last answer; may be empty."
        self.complete: list[bytes | KeepAlive] = []
        "What the same read completed before it."


class StreamFramer:
    """Cuts one connection's octets into messages; holds at most one unfinished message."""

    __slots__ = ("_buffer", "_half_ping", "_searched", "_size")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._size = 0
        self._half_ping = False

    @property
    def pending(self) -> int:
        """Octets of a message that is not complete; while it is above 0 a time limit should run."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes | KeepAlive]:
        """Take what one read gave; return the complete messages and keep-alives in order.

        Raises FramingError when the length of a message is missing, contradictory or too large.
        """
        self._buffer += data
        complete: list[bytes | KeepAlive] = []
        try:
            while (item := self._next()) is not None:
                complete.append(item)
        except FramingError as error:
            error.complete = complete
            self._buffer.clear()
            raise
        return complete

    def _next(self) -> bytes | KeepAlive | None:
        buffer = self._buffer
        if not self._size:
            if buffer[:1] == b"\r":
                return self._keep_alive()
            if not buffer:
                return None
            if not _FIRST <= buffer[0] <= _LAST:
                raise FramingError(f"a message cannot begin with octet {buffer[0]}")
            self._half_ping = False
            self._size = self._measure()
        if not self._size or len(buffer) < self._size:
            return None
        message = bytes(buffer[: self._size])
        del buffer[: self._size]
        self._size = self._searched = 0
        return message

    def _keep_alive(self) -> KeepAlive | None:
        """Take line ends; one that ends a read may be a pong or half a ping."""
        buffer = self._buffer
        if buffer == b"\r" or (buffer == b"\r\n\r" and not self._half_ping):
            return None
        if not buffer.startswith(b"\r\n"):
            raise FramingError("a carriage return that ends no line")
        if self._half_ping or buffer.startswith(b"\r\n\r\n"):
            del buffer[: 2 if self._half_ping else 4]
            self._half_ping = False
            return PING
        del buffer[:2]
        self._half_ping = not buffer
        return PONG

    def _measure(self) -> int:
        """Return the size of the message at the front, 0 while its headers are incomplete."""
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n", max(0, self._searched - 3))
        if end < 0:
            self._searched = len(buffer)
            if len(buffer) > limits.MESSAGE:
                raise FramingError(f"more than {limits.MESSAGE} octets of headers", 513)
            return 0
        head = bytes(buffer[: end + 4])
        lengths = {
            _FOLD.sub(" ", value.decode("latin-1")).strip(" \t")
            for value in _LENGTH.findall(head.lower())
        }
        if not lengths:
            raise FramingError("Content-Length: missing", 400, head)
        if len(lengths) > 1:
            raise FramingError("Content-Length: two different values", 400, head)
        try:
            length = number(lengths.pop())
        except MessageError as error:
            raise FramingError(f"Content-Length: {error}", 400, head) from None
        if length > limits.BODY or end + 4 + length > limits.MESSAGE:
            raise FramingError(f"a body of {length} octets", 413, head)
        return end + 4 + length
