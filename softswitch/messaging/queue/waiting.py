"""Scripts that wait for the next message of a connection, in the order in which they began."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from softswitch.store.messages import TextMessage


@dataclass(slots=True, eq=False)
class _Waiter:
    connection: str
    address: str | None
    found: asyncio.Future[TextMessage]


class Waiting:
    """The scripts that wait, in the order in which they began."""

    def __init__(self) -> None:
        self._waiters: list[_Waiter] = []

    def __len__(self) -> int:
        return len(self._waiters)

    async def wait_for(
        self, connection: str, address: str | None, timeout: float
    ) -> TextMessage | None:
        """The next message from that connection, and from that sender where one is named."""
        found: asyncio.Future[TextMessage] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(connection, address, found)
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(timeout):
                return await found
        except TimeoutError:
            return found.result() if _has_come(found) else None
        except asyncio.CancelledError:
            if _has_come(found):
                self.arrived(found.result())
            raise
        finally:
            self._waiters.remove(waiter)

    def arrived(self, message: TextMessage) -> bool:
        """Give a message to the script that has waited longest for it; False when none waits."""
        for waiter in self._waiters:
            if waiter.found.done() or waiter.connection != message.from_connection:
                continue
            if waiter.address in (None, message.from_address):
                waiter.found.set_result(message)
                return True
        return False


def _has_come(found: asyncio.Future[TextMessage]) -> bool:
    """Whether a message came in the very moment in which its script stopped waiting."""
    return found.done() and not found.cancelled()
