"""What `/v1/events` is asked with and answers; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.events.event import TYPES
from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.operations import Operation

NUMBER = 2**53 - 1
"The largest number of an event that programs in JavaScript count right."

Number = Annotated[int, Meta(ge=0, le=NUMBER)]


class EventsWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which events are wanted."""

    after: Annotated[
        Number | msgspec.UnsetType,
        Meta(
            description="The number of the last event that the reader has; 0 for all that are "
            "kept. Without it, and without Last-Event-ID, what happens from now on."
        ),
    ] = msgspec.UNSET
    types: Annotated[
        str,
        Meta(
            description="Types divided by commas; `call` stands for all that begin with `call.`. "
            "There are: " + ", ".join(TYPES)
        ),
    ] = ""
    number: Annotated[str, Meta(description="Only what concerns this extension.")] = ""
    call: Annotated[str, Meta(description="Only what concerns the call with this id.")] = ""
    limit: Annotated[int, Meta(ge=1, le=1000, description="The most events in a page of JSON.")] = (
        100
    )


class EventShown(msgspec.Struct, frozen=True, kw_only=True):
    """An event."""

    id: Annotated[int, Meta(description="Its number; those of later events are larger.")]
    at: Annotated[str, Meta(description="ISO 8601 in UTC, with milliseconds.")]
    type: str
    subject: Annotated[str, Meta(description="What it is about: an id, a number, a name.")]
    data: Annotated[dict[str, object], Meta(description="What it tells; docs/events.md.")]


class EventsShown(msgspec.Struct, frozen=True, kw_only=True):
    """A page of events, for programs that ask again and again."""

    events: list[EventShown]
    next: Annotated[int, Meta(description="What to ask with as `after` the next time.")]


EVENT_OPERATIONS = (
    Operation(
        path="/events",
        id="followEvents",
        right=Right.SEE_OWN,
        summary=(
            "What happens, as it happens: server-sent events, or a WebSocket with one event a "
            "frame where the request asks for one, or a page of JSON with `Accept: "
            "application/json`."
        ),
        query=EventsWanted,
        headers={"Last-Event-ID": "The same as `after`, as browsers send it; it comes first."},
        answers={
            200: ("The events, without an end.", "text/event-stream"),
            400: ("A parameter is wrong.", Problem),
            503: ("There are as many readers as there may be.", Problem),
        },
    ),
)
"What `events_api.py` serves."
