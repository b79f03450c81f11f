"""Takes how long events are kept, and how many may follow them."""

from __future__ import annotations

from functools import partial

from softswitch.app.takers.differences import nothing
from softswitch.http.v1.events.streams import EventStreams
from softswitch.live.live_settings import Take
from softswitch.live.snapshot import Snapshot


def take_event_terms(streams: EventStreams, before: Snapshot, after: Snapshot) -> Take:
    """Readers that are there stay; what is kept is looked up whenever events are removed."""
    wanted = after.settings.events
    if before.settings.events == wanted:
        return nothing
    return partial(streams.change, wanted.clients, wanted.send_time)
