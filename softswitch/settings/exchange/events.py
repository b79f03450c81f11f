"""[events]: how long events are kept, and how many may follow them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from softswitch.settings.values import Count, Seconds, Section


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
