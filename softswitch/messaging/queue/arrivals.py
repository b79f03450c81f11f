"""Messages that connections bring, and the rows that they become: routed on, or in an inbox."""

from __future__ import annotations

import uuid
from typing import Any

from softswitch.messaging.connections.connection import Arrival, NoRoute
from softswitch.messaging.delivery.settlement import NOTIFIER
from softswitch.messaging.queue.bounds import Bounds
from softswitch.messaging.queue.outgoing import waiting_for
from softswitch.messaging.queue.routing import MessageRouting
from softswitch.store.messages import TextMessage


def placed(arrival: Arrival, routing: MessageRouting, *, now: float, bounds: Bounds) -> TextMessage:
    """The row of a message that has arrived, in the outbox or in an inbox. Raises NoRoute."""
    for_application = routing.is_application(arrival.to_address)
    names: tuple[str, ...] = ()
    if not for_application:
        names = routing.connections_for(
            to=arrival.to_address,
            sender=arrival.from_address,
            source=arrival.connection,
            kind=arrival.kind,
        )
        if not names and arrival.must_route:
            raise NoRoute(f"no route to {arrival.to_address}")
    at = max(now, arrival.time_to_send or 0.0)
    common = arrival.content() | {
        "id": str(uuid.uuid4()),
        "created_at": now,
        "user": arrival.user or bounds.user,
        "from_connection": arrival.connection,
        "from_station": arrival.from_station,
        "valid_until": arrival.valid_until or at + bounds.valid_for,
        "origin": arrival.origin,
        "report": arrival.report,
    }
    if names:
        return TextMessage(**common | waiting_for(names, at))
    return _in_inbox(common, for_application, now)


def _in_inbox(common: dict[str, Any], for_application: bool, now: float) -> TextMessage:
    """What is for an application is due at once: the application is told."""
    return TextMessage(
        **common | {"time_to_send": None},
        folder="inbox",
        state="received",
        lane=NOTIFIER if for_application else "",
        next_at=now if for_application else None,
        extension=common["to_address"] if for_application else "",
    )
