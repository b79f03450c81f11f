"""An event: its number, when it happened, what it is about; and all types of events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from softswitch.store.events.event_rows import EventRow
from softswitch.store.texts import storable_json

TYPES: Mapping[str, str] = {
    "call.started": "A call has begun.",
    "call.changed": "Its state or its parties are others.",
    "call.ended": "It is over, and why.",
    "leg.changed": "A phone rings for a call or no more; an extension is in use or no more.",
    "registration.changed": "A contact of an extension is bound, has moved, or is gone.",
    "trunk.changed": "A trunk is up, down, or refused by its registrar.",
    "queue.changed": "Callers and agents of a queue; logins and pauses of agents.",
    "conference.changed": "Somebody has come into a conference, has left it, or is muted.",
    "message.received": "A text message has arrived.",
    "message.changed": "A message was accepted, sent, delivered, or has failed.",
    "voicemail.changed": "A message in a mailbox is new, moved or removed.",
    "alarm.received": "A report of an alarm system.",
    "alarm.changed": "Somebody has acknowledged it.",
    "recording.started": "A call is recorded from now on.",
    "recording.finished": "The file of a recording is closed.",
    "ban.began": "A source that guessed passwords is banned.",
    "ban.ended": "It is taken again.",
    "settings.changed": "An entry was made, changed or removed, or the file was read again.",
    "application.asked": "A web application was notified or asked, and what it answered.",
    "error": "The log has a line of level error.",
}
"All types, and what each tells."
LOST = "events.lost"
"Of what is sent in place of events that are kept no more; it has no row."
HEARTBEAT = "heartbeat"
"Of what is sent where nothing has happened for a while; it has no row either."

Data = msgspec.Struct | Mapping[str, object]
"What an event tells, as an object of JSON."


@dataclass(frozen=True, slots=True)
class NumberedEvent:
    """One event."""

    id: int
    "Its number; those of later events are larger, though not always the next one."
    type: str
    call: str
    "The id of the call that it is about; empty where it is about none."
    numbers: tuple[str, ...]
    "The extensions that it concerns."
    body: str
    "The whole of it as a JSON object in one line."

    @classmethod
    def of_row(cls, row: EventRow) -> NumberedEvent:
        """The event of a row."""
        return cls(row.id, row.type, row.call, tuple(row.numbers.split()), row.body)


class EventBody(msgspec.Struct, frozen=True, kw_only=True):
    """An event as JSON."""

    id: int
    at: str
    "ISO 8601 in UTC, with milliseconds."
    type: str
    subject: str
    "What it is about: the id of a call or a message, a number, a name."
    data: Data


def written(shape: EventBody) -> str:
    """The JSON of an event; what is no text in it, because a peer sent it so, becomes U+FFFD."""
    try:
        return msgspec.json.encode(shape).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(storable_json(msgspec.to_builtins(shape))).decode()


def moment(seconds: float) -> str:
    """Unix time as events show it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def joined(numbers: Iterable[str]) -> str:
    """Numbers as a row has them; what holds a blank or is empty is none."""
    kept = [number for number in dict.fromkeys(numbers) if number and len(number.split()) == 1]
    return f" {' '.join(kept)} " if kept else ""
