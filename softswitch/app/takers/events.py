"""Takes how long events are kept, how many may follow them, and webhooks."""

from __future__ import annotations

from functools import partial

from softswitch.app.takers.differences import nothing
from softswitch.events.webhooks.webhooks import Webhooks
from softswitch.http.v1.events.streams import EventStreams
from softswitch.live.live_settings import Take
from softswitch.live.snapshot import Snapshot


def take_webhooks(webhooks: Webhooks, before: Snapshot, after: Snapshot) -> Take:
    """Webhooks that are the same go on; changed ones begin where they were."""
    wanted = after.settings.webhooks
    if before.settings.webhooks == wanted:
        return nothing
    return partial(webhooks.exchange, wanted)


def take_event_terms(streams: EventStreams, before: Snapshot, after: Snapshot) -> Take:
    """Readers that are there stay; what is kept is looked up whenever events are removed."""
    wanted = after.settings.events
    if before.settings.events == wanted:
        return nothing
    return partial(streams.change, wanted.clients, wanted.send_time)
