"""Messages that commands, scripts and terminals hand over, and the rows that they become."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from softswitch.messaging.queue.bounds import Bounds
from softswitch.store.messages import MessageContent, TextMessage


class Outgoing(MessageContent, frozen=True, kw_only=True):
    """A message that is to be sent."""

    connection: str | None = None
    "`name@host`; None lets the rules choose."
    report_url: str | None = None
    "Gets SMSDeliveryReport."
    user: str = ""
    "In whose folders it lies; empty for the setting of the switch."
    id: str | None = None
    "The sender's own id; a second message with it is the same message."
    valid_until: float | None = None
    "Seconds since 1970; None for as long as the settings say."
    extension: str = ""
    "The API extension that it is from."


def waiting_for(names: Sequence[str], at: float) -> dict[str, Any]:
    """The columns of a message that the first of these connections is to take at that time."""
    return {
        "folder": "outbox",
        "to_connection": names[0],
        "state": "queued",
        "lane": names[0],
        "next_at": at,
        "routes": list(names),
    }


def queued(
    outgoing: Outgoing,
    identity: str,
    *,
    names: tuple[str, ...],
    to_address: str,
    extension: str,
    now: float,
    bounds: Bounds,
) -> TextMessage:
    """The row of a message that waits for the first of the connections `names`."""
    at = max(now, outgoing.time_to_send or 0.0)
    content = outgoing.content() | {"to_address": to_address}
    return TextMessage(
        **content | waiting_for(names, at),
        id=identity,
        created_at=now,
        user=outgoing.user or bounds.user,
        valid_until=outgoing.valid_until or at + bounds.valid_for,
        report_url=outgoing.report_url or "",
        extension=outgoing.extension or extension,
    )
