"""The frames of the local socket: each holds one message, as msgpack behind its length.

The length has four octets in network order. The message is a map whose `type` names its class. A
frame that cannot be read is answered with `OrderRefused`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from media.control.message import TICKETLESS
from media.control.session import Reply, Request

MAX_FRAME = 1 << 20
"Octets of one message; a longer one means that the stream is out of step."

_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


class ControlError(ValueError):
    """A frame that cannot be read; `ticket` is that of the request, when there was one."""

    def __init__(self, reason: str, ticket: int = TICKETLESS) -> None:
        super().__init__(reason)
        self.ticket = ticket


def encode(message: Request | Reply) -> bytes:
    """Return the message as one frame; raises `ControlError` when it would be too long."""
    body = _encoder.encode(message)
    if len(body) > MAX_FRAME:
        raise ControlError(f"a message of {len(body)} octets; {MAX_FRAME} are possible")
    return len(body).to_bytes(4, "big") + body


def decode_request(body: bytes) -> Request:
    """Read what the signalling process sent; raises `ControlError`."""
    try:
        return _requests.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ControlError(f"request not understood: {error}", ticket_of(body)) from None


def decode_reply(body: bytes) -> Reply:
    """Read what the worker sent; raises `ControlError`."""
    try:
        return _replies.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ControlError(f"reply not understood: {error}", ticket_of(body)) from None


def ticket_of(body: bytes) -> int:
    """Find the ticket of a message that cannot be carried out, for the answer to it."""
    try:
        raw: Any = msgspec.msgpack.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return TICKETLESS
    ticket = raw.get("ticket") if isinstance(raw, dict) else None
    return ticket if type(ticket) is int else TICKETLESS


class Frames:
    """Cuts the octets of a stream into the bodies of frames."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed_octets(self, data: bytes) -> Iterator[bytes]:
        """Add what was read; yield every body that is complete. Raises `ControlError`."""
        self._buffer += data
        while len(self._buffer) >= 4:
            length = int.from_bytes(self._buffer[:4], "big")
            if length > MAX_FRAME:
                raise ControlError(f"a frame of {length} octets: the stream is out of step")
            if len(self._buffer) < 4 + length:
                return
            body = bytes(self._buffer[4 : 4 + length])
            del self._buffer[: 4 + length]
            yield body
