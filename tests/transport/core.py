"""A core that only writes down what it was given and answers with what the test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from softswitch.sip.effects import Effect, Flow, Owner
from softswitch.sip.events import NewRequest

OPTIONS = (
    b"OPTIONS sip:switch@127.0.0.1 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1\r\n"
    b"From: <sip:a@example.org>;tag=1\r\n"
    b"To: <sip:switch@127.0.0.1>\r\n"
    b"Call-ID: one@example.org\r\n"
    b"CSeq: 1 OPTIONS\r\n"
    b"Max-Forwards: 70\r\n"
    b"Content-Length: 0\r\n\r\n"
)


def padded(size: int) -> bytes:
    """An OPTIONS of exactly so many octets."""
    start, rest = OPTIONS.split(b"\r\n", 1)
    filler = b"X-Filler: " + b"x" * (size - len(OPTIONS) - len(b"X-Filler: \r\n"))
    head, end = rest.rsplit(b"\r\n\r\n", 1)
    return b"\r\n".join((start, head, filler)) + b"\r\n\r\n" + end


def nobody(new: NewRequest) -> None:
    """A front desk to which nothing should come."""
    raise AssertionError(new)


class OwnerOfNothing:
    """A key for timers and failures."""

    def fire(self, timer: str, out: list[Effect]) -> None:
        """Nothing."""

    def transport_failed(self, out: list[Effect]) -> None:
        """Nothing."""


class RecordingCore:
    """Takes everything, keeps it, and answers a message with `answer(data, flow)`."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[tuple[bytes, Flow]] = asyncio.Queue()
        self.fired: asyncio.Queue[tuple[Owner, str]] = asyncio.Queue()
        self.failed: asyncio.Queue[Owner] = asyncio.Queue()
        self.gone: list[Flow] = []
        self.answer: Callable[[bytes, Flow], list[Effect]] = lambda data, flow: []

    def receive(self, data: bytes, flow: Flow) -> list[Effect]:
        """Keep the message."""
        self.messages.put_nowait((data, flow))
        return self.answer(data, flow)

    def fire(self, owner: Owner, timer: str) -> list[Effect]:
        """Keep the timer."""
        self.fired.put_nowait((owner, timer))
        return []

    def connection_gone(self, flow: Flow) -> list[Effect]:
        """Keep the flow."""
        self.gone.append(flow)
        return []

    def transport_failed(self, owner: Owner) -> list[Effect]:
        """Keep the owner."""
        self.failed.put_nowait(owner)
        return []
