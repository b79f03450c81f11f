"""One message after the other to each recipient, in the order in which they were sent.

A phone must not be sent a MESSAGE while another one to it is pending (RFC 3428 section 8), and an
application would otherwise get by two connections what was written one after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Turns:
    """Those who send, by recipient; each waits for those that came before."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, recipient: str) -> AsyncIterator[bool]:
        """While it lasts, nobody else sends to the recipient; whether others had to end before."""
        lock = self._locks.get(recipient)
        if lock is None:
            self._locks[recipient] = lock = asyncio.Lock()
        waits = lock.locked()
        async with lock:
            yield waits
