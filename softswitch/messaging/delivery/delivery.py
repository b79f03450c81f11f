"""One attempt to hand a message to a connection, and its consequences.

Sent: the message lies in `sent`. Refused: the next connection of its route, or `notsent`. Later:
the next connection at once; when all have been tried, all of them again after the back-off, until
`valid_until`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from msgspec.structs import replace

from softswitch.messaging.connections.connection import Connection, DeliveryRefused, Later, Sent
from softswitch.messaging.delivery.backoff import BackOff
from softswitch.messaging.delivery.lane import Done
from softswitch.messaging.delivery.settlement import failed, settled
from softswitch.store.message_parts import MessagePart, save_part
from softswitch.store.messages import NEVER, MessageProgress, TextMessage, advance, drop

_LOG = structlog.get_logger("softswitch.messaging")

FAULT = "a fault of the switch, which its log describes"


@dataclass(slots=True)
class Counts:
    """Outcomes of attempts, for the metrics."""

    sent: int = 0
    retried: int = 0
    failed: int = 0
    expired: int = 0


class Delivery:
    """Makes attempts for one connection, which itself bounds the time of each."""

    def __init__(
        self,
        connection: Connection,
        backoff: BackOff,
        clock: Callable[[], float],
        taken: Callable[[TextMessage, tuple[MessagePart, ...]], None],
    ) -> None:
        """`taken` gets the network's ids of the parts of a message before they are on disk."""
        self._connection = connection
        self._backoff = backoff
        self._clock = clock
        self._taken = taken
        self.counts = Counts()

    async def attempt(self, message: TextMessage) -> Done:
        """Try once."""
        if message.valid_until <= self._clock():
            self.counts.expired += 1
            return failed(message, self._clock(), message.error or "not sent in time")
        try:
            sent = await self._connection.send(message)
        except DeliveryRefused as refused:
            return self._refused(message, refused)
        except Later as later:
            return self._later(message, str(later), later.seconds)
        except Exception:
            _LOG.exception("connection failed", connection=self._connection.name, id=message.id)
            return self._later(message, FAULT, None)
        return self._sent(message, sent)

    def _sent(self, message: TextMessage, sent: Sent) -> Done:
        self.counts.sent += 1
        if message.kind == "receipt":
            return Done((drop(message.id),))
        now = self._clock()
        count = len(sent.network_ids)
        parts = tuple(
            MessagePart(
                connection=self._connection.name,
                network_id=network_id,
                message_id=message.id,
                part=number,
                parts=count,
                state="sent",
                sent_at=now,
            )
            for number, network_id in enumerate(sent.network_ids, 1)
        )
        if sent.delivered:
            return settled(
                message, "delivered", now, folder="sent", sent_at=now, more=map(save_part, parts)
            )
        self._taken(message, parts)
        progress = MessageProgress(
            id=message.id,
            folder="sent",
            state="sent",
            next_at=NEVER,
            routes=message.routes,
            attempts=message.attempts + 1,
            error="",
            sent_at=now,
        )
        return Done((advance(progress), *map(save_part, parts)))

    def _refused(self, message: TextMessage, refused: DeliveryRefused) -> Done:
        rest = message.routes[1:]
        _LOG.info(
            "message refused", connection=self._connection.name, id=message.id, error=str(refused)
        )
        if refused.final or not rest:
            self.counts.failed += 1
            return failed(message, self._clock(), str(refused))
        return self._try_at(message, rest, self._clock(), str(refused))

    def _later(self, message: TextMessage, reason: str, seconds: float | None) -> Done:
        self.counts.retried += 1
        routes = message.routes or [self._connection.name]
        now = self._clock()
        attempts = message.attempts + 1
        rotated = [*routes[1:], routes[0]]
        if attempts % len(routes):
            return self._try_at(message, rotated, now, reason)
        wait = self._backoff.wait(attempts // len(routes)) if seconds is None else seconds
        return self._try_at(message, rotated, min(now + wait, message.valid_until), reason)

    def _try_at(self, message: TextMessage, routes: list[str], at: float, reason: str) -> Done:
        lane = routes[0]
        progress = MessageProgress(
            id=message.id,
            lane=lane,
            next_at=at,
            routes=routes,
            attempts=message.attempts + 1,
            error=reason[:500],
        )
        changed = replace(
            message,
            lane=lane,
            next_at=at,
            routes=routes,
            attempts=message.attempts + 1,
            error=reason[:500],
        )
        if lane == self._connection.name:
            return Done((advance(progress),), again_at=at)
        return Done((advance(progress),), follow=(changed,))
