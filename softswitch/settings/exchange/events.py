"""[events] and [[webhooks]]: how long events are kept, and which web servers are told of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from softswitch.settings.values import Count, Seconds, Section, Url, read_signing_secret

EVENT_TYPES = (
    *("call.started", "call.changed", "call.ended", "leg.changed", "registration.changed"),
    *("trunk.changed", "queue.changed", "conference.changed", "message.received"),
    *("message.changed", "voicemail.changed", "alarm.received", "alarm.changed"),
    *("recording.started", "recording.finished", "ban.began", "ban.ended"),
    *("settings.changed", "application.asked", "error"),
)
"All types of events; `events/event.py` says what each tells."


def types_named(name: str) -> list[str]:
    """The types that a name stands for: itself, or all that begin with it and a dot."""
    return [each for each in EVENT_TYPES if each == name or each.startswith(f"{name}.")]


def read_type(name: str) -> str:
    """A name of types; raises ValueError."""
    if not types_named(name):
        groups = dict.fromkeys(each.partition(".")[0] for each in EVENT_TYPES)
        raise ValueError(f"expected one of {', '.join(groups)}, or one such as call.ended")
    return name


class EventSettings(Section):
    """The events of `/v1/events`."""

    keep_hours: Annotated[float, Field(gt=0)] = 72
    "Hours that events are kept for readers that come back and for webhooks."
    rows: Annotated[int, Field(ge=1_000)] = 200_000
    "The most events that are kept; the oldest go first."
    clients: Count = 100
    "Readers of /v1/events at a time; more are answered 503."
    send_time: Seconds = 30
    "Seconds in which a reader must take what it was sent; then it is cut off, and may come back."


class WebhookSettings(Section):
    """A web server that is told of events."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    url: Url
    types: tuple[Annotated[str, AfterValidator(read_type)], ...] = ()
    "Types of events, such as `call.ended`, or `call` for all of calls; without any, all."
    number: str = ""
    "Only what concerns this extension; empty for everything."
    secret: Annotated[str | None, Field(repr=False)] = None
    "What the signatures are made with, at least 16 characters."
    secret_file: Path | None = None
    "A file whose first line is the secret."
    give_up_hours: Annotated[float, Field(gt=0)] = 24
    "Hours after which an event is put aside that the server does not take."

    @model_validator(mode="after")
    def _read_secret(self) -> Self:
        secret = read_signing_secret(self.secret, self.secret_file)
        if secret is None:
            raise ValueError("expected secret or secret_file: what the signatures are made with")
        object.__setattr__(self, "secret", secret)
        return self
