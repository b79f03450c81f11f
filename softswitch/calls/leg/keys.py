"""The keys that a party presses, kept until somebody asks for them; keys in SIP INFO bodies.

`application/dtmf-relay` (`Signal=5`, `Duration=160`), `application/dtmf` (the key alone) and their
kin are no standard but what phones send (RFC 6086 section 2 keeps them).
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from softswitch.sip.message.body import DTMF_RELAY, EVENT, KEY_INFO

MOST_WAITING = 256
"Keys that nobody has asked for; later ones are dropped."

EVENT_KEYS = "0123456789*#ABCD"
"The keys in the order of their events."

_FIELD = re.compile(
    rb"""^\s*(?:signal|d|e|digits)\s*[=:]\s*(?:digits\s*=\s*)?(.*?)\s*$""", re.I | re.M
)
"The line of a body that names the key, as in `Signal=5`, `d=5`, `d=Digits=5`."
_NAME = re.compile(rb"""["']?([0-9*#a-d]|1[0-5])["']?""", re.IGNORECASE)
_EVENT_OCTETS = 4
"Octets of an event as RTP carries it (RFC 4733 section 2.3)."
_HEXADECIMAL = re.compile(rb"\s*(?:0x)?([0-9a-f]{8})\s*", re.IGNORECASE)
"The same as some gateways write it."


def key_of_info(content_type: str, body: bytes) -> str | None:
    """The key that an INFO reports; None when it reports none.

    Any of the forms counts in any of the types, for phones mix them: a line `Signal=5`, the key
    alone, the number of its event (RFC 4733 section 3.2), and an event as RTP carries it.
    """
    if content_type not in KEY_INFO:
        return None
    if content_type == EVENT and len(body) == _EVENT_OCTETS and body[0] < len(EVENT_KEYS):
        return EVENT_KEYS[body[0]]
    if (event := _HEXADECIMAL.fullmatch(body)) is not None:
        number = int(event[1][:2], 16)
        return EVENT_KEYS[number] if number < len(EVENT_KEYS) else None
    field = _FIELD.search(body)
    name = _NAME.fullmatch(field[1] if field is not None else body.strip())
    if name is None:
        return None
    text = name[1].decode().upper()
    return EVENT_KEYS[int(text)] if text.isdecimal() else text


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


PRIVATE = "?"
"What a trace shows of a key that nobody is to know."


class Keys:
    """The keys of one party, in the order in which they were pressed."""

    __slots__ = ("_listeners", "_private", "_waiter", "_waiting", "told")

    def __init__(self, told: Callable[[str], None] | None = None) -> None:
        """`told` hears of every key for the trace, of a private one as `PRIVATE`."""
        self.told = told
        self._private = 0
        self._waiting: deque[str] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._listeners: list[Callable[[str], None]] = []

    def press(self, key: str) -> None:
        """Take a key."""
        if self.told is not None:
            self.told(PRIVATE if self._private else key)
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(key)
        for listener in list(self._listeners):
            listener(key)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @contextmanager
    def privately(self) -> Iterator[None]:
        """Let no trace tell which keys are pressed meanwhile: a PIN is asked."""
        self._private += 1
        try:
            yield
        finally:
            self._private -= 1

    async def next(self) -> str:
        """The next key, waiting for one if there is none."""
        while not self._waiting:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._waiting.popleft()

    def put_back(self, key: str) -> None:
        """Let a key be the next one again."""
        self._waiting.appendleft(key)

    def drop(self, key: str) -> None:
        """Let nobody ask for the key that was just pressed: who listens has done what it is for."""
        if self._waiting and self._waiting[-1] == key:
            self._waiting.pop()

    def forget(self) -> None:
        """Drop the keys that nobody has asked for."""
        self._waiting.clear()

    def listen(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Hear of every key as well; returns what ends the listening."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)
