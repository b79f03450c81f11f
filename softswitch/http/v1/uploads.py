"""How much of what is uploaded is in memory, and decoded, at a time: calls come first (RFC 9110
section 15.6.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from aiohttp import web

from softswitch.http.v1.asking import NotServed

T = TypeVar("T")

MOST_OCTETS = 128 * 1024 * 1024
"Octets of all bodies together that are read and not yet answered."
FREE = 64 * 1024
"Octets of each body that are not counted: ordinary requests go on beside large ones."
MOST_WAITING = 4
"Uploads that wait until another one is done."
RETRY_SECONDS = 10
"What is told to who comes when there is no room."
_HELD = web.RequestKey("held", int)


class BodyMemory:
    """The octets of bodies, of which each request gives its own back when it is answered."""

    def __init__(self, most: int = MOST_OCTETS) -> None:
        self._most = most
        self.held = 0

    def hold(self, request: web.Request, octets: int) -> None:
        """Have that many octets of the body of this request. Raises NotServed without room."""
        before = request.get(_HELD, 0)
        counted = max(before, octets - FREE)
        if self.held - before + counted > self._most:
            raise _later("much is uploaded already")
        request[_HELD] = counted
        self.held += counted - before

    def give_back(self, request: web.Request) -> None:
        """Have none of this request any more."""
        self.held -= request.get(_HELD, 0)
        request[_HELD] = 0


class OneByOne:
    """One upload at a time is worked on, in a thread of its own: the other cores are for others."""

    def __init__(self, waiting: int = MOST_WAITING, name: str = "sounds") -> None:
        """`name`: what they are, in the plural."""
        self._waiting = waiting
        self._name = name
        self._thread = ThreadPoolExecutor(1, name)
        self._asked: set[Future[Any]] = set()

    async def run(self, work: Callable[[], T]) -> T:
        """Do that in its turn. Raises NotServed where too many wait, and what `work` raises."""
        self._asked = {each for each in self._asked if not each.done()}
        if len(self._asked) > self._waiting:
            raise _later(f"many {self._name} are uploaded already")
        future = self._thread.submit(work)
        self._asked.add(future)
        return await asyncio.wrap_future(future)


def _later(why: str) -> NotServed:
    sentence = f"{why}, ask again in {RETRY_SECONDS} seconds"
    return NotServed(503, sentence, {"Retry-After": str(RETRY_SECONDS)})


BODIES = BodyMemory()
DECODING = OneByOne()
