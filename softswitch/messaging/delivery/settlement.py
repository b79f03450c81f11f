"""A final state of a message: the change of its row, a notification, a receipt for its sender.

All of it is written in one transaction, so that a crash leaves nothing half done.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from msgspec.structs import replace

from softswitch.messaging.delivery.lane import Done
from softswitch.store.database.changes import Change
from softswitch.store.messages import (
    NEVER,
    MessageProgress,
    TextMessage,
    advance,
    drop,
    insert_message,
)

NOTIFIER = "(notify)"
"The lane of notifications; no connection can have this name."
RECEIPT = "receipt"
"The kind of a message that is a delivery receipt for a peer."
RECEIPT_LIFE = 86_400.0
"Seconds that a receipt is tried."


def settled(
    message: TextMessage,
    state: str,
    now: float,
    *,
    folder: str,
    error: str = "",
    sent_at: float | None = None,
    more: Iterable[Change] = (),
) -> Done:
    """The changes that a final state makes, and the messages that follow from it."""
    if message.kind == RECEIPT:
        return Done((drop(message.id),))
    told = bool(message.report_url)
    progress = MessageProgress(
        id=message.id,
        folder=folder,
        state=state,
        lane=NOTIFIER if told else None,
        next_at=now if told else NEVER,
        attempts=0 if told else message.attempts + 1,
        error=error[:500],
        sent_at=sent_at,
        delivered_at=now if state == "delivered" else None,
    )
    changes = [advance(progress), *more]
    follow = []
    if told:
        follow.append(
            replace(
                message,
                folder=folder,
                state=state,
                lane=NOTIFIER,
                next_at=now,
                attempts=0,
                error=error,
            )
        )
    if message.report and message.from_connection:
        receipt = receipt_for(message, state, error, now)
        changes.append(insert_message(receipt))
        follow.append(receipt)
    return Done(tuple(changes), follow=tuple(follow))


def failed(message: TextMessage, now: float, error: str) -> Done:
    """The final state of a message that is given up."""
    return settled(message, "failed", now, folder="notsent", error=error)


def receipt_for(message: TextMessage, state: str, error: str, now: float) -> TextMessage:
    """The message back to the connection that a message came by; `tags` say what it is about."""
    return TextMessage(
        id=uuid.uuid4().hex,
        created_at=now,
        user=message.user,
        folder="outbox",
        kind=RECEIPT,
        from_connection=message.to_connection,
        from_address=message.to_address,
        to_connection=message.from_connection,
        to_address=message.from_address,
        to_station=message.from_station,
        text=message.text[:20],
        state="queued",
        lane=message.from_connection,
        next_at=now,
        routes=[message.from_connection],
        valid_until=now + RECEIPT_LIFE,
        tags={
            "id": message.tags.get("parts") or message.id,
            "state": state,
            "error": error[:100],
            "submitted": str(message.created_at),
        },
    )
