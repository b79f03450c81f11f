"""The messages between a speech engine's process and the media worker, on its two pipes.

A message is four octets of length and msgpack, as on the worker's own control socket.
"""

from __future__ import annotations

from typing import BinaryIO, TypeVar

import msgspec

from media.speech.engine import Voice

MAX_MESSAGE = 16 << 20


class Say(msgspec.Struct, frozen=True):
    """Synthesise a sentence; answered by `Said`."""

    text: str
    voice: str | None
    language: str
    rate: int


class EngineHello(msgspec.Struct, frozen=True):
    """The first message of a process."""

    voices: list[Voice] = []
    error: str | None = None
    "Why the engine cannot be used here."


class Said(msgspec.Struct, frozen=True):
    """The sound of a sentence, or why there is none."""

    samples: bytes = b""
    "16-bit samples in the order of the machine, at the rate that was asked for."
    error: str | None = None
    no_such_voice: bool = False
    "Whether another engine might have the voice."


_Message = TypeVar("_Message", bound=msgspec.Struct)


def send(pipe: BinaryIO, message: msgspec.Struct) -> None:
    """Write one message."""
    body = msgspec.msgpack.encode(message)
    pipe.write(len(body).to_bytes(4, "big") + body)
    pipe.flush()


def receive(pipe: BinaryIO, kind: type[_Message]) -> _Message:
    """Read one message; raises EOFError when the other end is gone."""
    head = pipe.read(4)
    length = int.from_bytes(head, "big")
    body = pipe.read(length) if len(head) == 4 and length <= MAX_MESSAGE else b""
    if not body or len(body) < length:
        raise EOFError
    return msgspec.msgpack.decode(body, type=kind)
