"""Messages as JSON objects: the dialect of the API (section 3), of files, and of other switches."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from softswitch.messaging.connections.connection import Arrival
from softswitch.store.messages import MessageContent, TextMessage

STATUSES = {
    "queued": "QUEUED",
    "sent": "SENT",
    "delivered": "DELIVERED",
    "failed": "FAILED",
    "received": "RECEIVED",
}
MOST_TAGS = 50


class NotAMessage(ValueError):
    """An object that is no message; the sentence names the key."""


class MessageFields(MessageContent, frozen=True, kw_only=True):
    """The keys of an object that is handed in; times are seconds since 1970."""

    message_id: str = ""
    "The sender's own id of it."
    from_connection: str = ""
    from_station: str = ""
    to_connection: str = ""
    "`name@host`."
    to_station: str = ""
    valid_until: float | None = None

    def arrival(self, connection: str, user: str, origin: str | None = None) -> Arrival:
        """The message as that connection brings it, for the inbox of that user.

        Its own id tells it from others, or else `origin`.
        """
        if self.message_id:
            origin = f"{connection}:{self.message_id}"
        return Arrival(
            **self.content(),
            connection=connection,
            from_station=self.from_station,
            user=user,
            origin=origin,
        )


_TEXTS = (
    "message_id", "from_connection", "from_address", "from_station", "to_connection",
    "to_address", "to_station", "subject", "text",
)  # fmt: skip


def read_fields(value: object) -> MessageFields:
    """Read one object; raises NotAMessage. Unknown keys are left alone, as clients send many."""
    if not isinstance(value, Mapping):
        raise NotAMessage("expected an object for each message")
    texts = {}
    for key in _TEXTS:
        text = value.get(key)
        if text is not None and not isinstance(text, str):
            raise NotAMessage(f"expected a text for {key}")
        texts[key] = text or ""
    return MessageFields(
        **texts,
        valid_until=_moment(value, "valid_until"),
        time_to_send=_moment(value, "time_to_send"),
        tags=_tags(value.get("tags")),
    )


def _moment(value: Mapping[str, Any], key: str) -> float | None:
    text = value.get(key)
    if text in (None, ""):
        return None
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise NotAMessage(f"expected a time such as 2021-06-07T11:44:00 for {key}") from None


def _tags(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, list) or len(value) > MOST_TAGS:
        raise NotAMessage(f"expected a list of at most {MOST_TAGS} tags")
    tags = {}
    for tag in value:
        if not isinstance(tag, Mapping) or not isinstance(tag.get("name"), str):
            raise NotAMessage("expected name and value for each tag")
        tags[tag["name"]] = str(tag.get("value") or "")
    return tags


def local_time(at: float | None) -> str:
    """Local time without offset, as the API writes it; empty for None."""
    if at is None:
        return ""
    return datetime.fromtimestamp(at).isoformat(sep=" ", timespec="seconds")


def written(message: TextMessage) -> dict[str, Any]:
    """The object of a message, with its state."""
    return {
        "message_id": message.id,
        "from_connection": _at_home(message.from_connection),
        "from_address": message.from_address,
        "from_station": message.from_station,
        "to_connection": _at_home(message.to_connection),
        "to_address": message.to_address,
        "to_station": message.to_station,
        "subject": message.subject,
        "text": message.text,
        "create_date": local_time(message.created_at),
        "valid_until": local_time(message.valid_until),
        "time_to_send": local_time(message.time_to_send or message.created_at),
        "submit_report_requested": False,
        "delivery_report_requested": bool(message.report or message.report_url),
        "view_report_requested": False,
        "status": STATUSES.get(message.state, message.state.upper()),
        "error": message.error,
        "sent_date": local_time(message.sent_at),
        "delivered_date": local_time(message.delivered_at),
        "tags": [{"name": name, "value": value} for name, value in message.tags.items()],
    }


def _at_home(name: str) -> str:
    return f"{name}@localhost" if name else ""
