"""The keys that a party presses, kept until somebody asks for them; keys in SIP INFO bodies.

`application/dtmf-relay` (`Signal=5`, `Duration=160`) and `application/dtmf` (the key alone) are no
standard but what phones send (RFC 6086 section 2 keeps them).
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable

from softswitch.sip.message.body import DTMF, DTMF_RELAY

MOST_WAITING = 256
"Keys that nobody has asked for; later ones are dropped."

_RELAY = re.compile(rb"^\s*signal\s*=\s*([0-9*#a-d]{1,2})\s*$", re.IGNORECASE | re.MULTILINE)
_NAMES = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}
"What some phones write in place of the key."
_PLAIN = re.compile(rb"\s*([0-9*#a-d])\s*", re.IGNORECASE)


def key_of_info(content_type: str, body: bytes) -> str | None:
    """The key that an INFO reports; None when it reports none."""
    if content_type == DTMF_RELAY:
        match = _RELAY.search(body)
        if match is None:
            return None
        name = match[1].decode().upper()
        return _NAMES.get(name, name if len(name) == 1 else None)
    if content_type == DTMF and (match := _PLAIN.fullmatch(body)):
        return match[1].decode().upper()
    return None


PAUSE_SECONDS = 1.0
"What a comma among the keys stands for."


def info_of(key: str, milliseconds: int) -> bytes:
    """The body of an INFO that reports a key."""
    return f"Signal={key}\r\nDuration={milliseconds}\r\n".encode()


async def send_by_info(
    send: Callable[[str, bytes], None], keys: str, *, tone_ms: int = 100, gap_ms: int = 100
) -> None:
    """Send keys one after the other in INFO requests, at the pace at which they would sound."""
    for key in keys:
        if key == ",":
            await asyncio.sleep(PAUSE_SECONDS)
            continue
        send(DTMF_RELAY, info_of(key, tone_ms))
        await asyncio.sleep((tone_ms + gap_ms) / 1000)


class Keys:
    """The keys of one party, in the order in which they were pressed."""

    __slots__ = ("_listeners", "_waiter", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._listeners: list[Callable[[str], None]] = []

    def press(self, key: str) -> None:
        """Take a key."""
        for listener in list(self._listeners):
            listener(key)
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(key)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def next(self) -> str:
        """The next key, waiting for one if there is none."""
        while not self._waiting:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._waiting.popleft()

    def forget(self) -> None:
        """Drop the keys that nobody has asked for."""
        self._waiting.clear()

    def listen(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Hear of every key as well; returns what ends the listening."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)
