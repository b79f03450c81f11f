"""The nouns of a subscription: Event and Subscription-State (RFC 6665 sections 8.2.1 and 8.2.3)."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from softswitch.sip.message.grammar import TOKEN, MessageError, shown
from softswitch.sip.message.message import Request
from softswitch.sip.message.parameters import parse_parameters

BAD_EVENT = 489
"The status for an event package that is not known."


class EventType(NamedTuple):
    """The value of Event."""

    package: str
    "In lower case, with its templates."
    id: str = ""
    "Tells several subscriptions of one dialog apart; empty where there is one."

    def __str__(self) -> str:
        return f"{self.package};id={self.id}" if self.id else self.package


def read_event(request: Request) -> EventType:
    """Read Event; raises MessageError: 489 when it is missing, 400 when it is broken."""
    text = request.headers.get("Event")
    if text is None:
        raise MessageError("Event: missing", BAD_EVENT)
    name, _, rest = text.partition(";")
    package = name.strip(" \t").lower()
    if TOKEN.fullmatch(package) is None:
        raise MessageError(f"Event: {shown(text)} is not an event")
    number = parse_parameters(rest).get("id") or ""
    if number and TOKEN.fullmatch(number) is None:
        raise MessageError(f"Event: {shown(text)} has no id that is a token")
    return EventType(package, number)


class EndReason(StrEnum):
    """Why a subscription is over, and with it what the subscriber does next (section 4.1.3)."""

    PROBATION = "probation"
    "It subscribes anew later."
    REJECTED = "rejected"
    "It does not try again."
    TIMEOUT = "timeout"
    "It subscribes anew when it likes."
    NO_RESOURCE = "noresource"
    "There is nothing to watch any more."


def active(seconds: float) -> str:
    """Write the state of a subscription that lasts for so many seconds more."""
    return f"active;expires={max(0, round(seconds))}"


def terminated(reason: EndReason, retry_after: int = 0) -> str:
    """Write the state of a subscription that is over; `retry_after` is in seconds, 0: unsaid."""
    after = f";retry-after={retry_after}" if retry_after else ""
    return f"terminated;reason={reason}{after}"
