"""Events: numbered and kept in the database, made of what happens in all parts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from ipaddress import ip_network

import structlog

from softswitch.app.parts.foundation import Foundation
from softswitch.app.parts.signalling import Signalling
from softswitch.calls.call_control import CallControl
from softswitch.events.event_journal import EventJournal
from softswitch.events.publishers.applications import ApplicationEvents
from softswitch.events.publishers.calls import ENDED, STARTED, CallEvents
from softswitch.events.publishers.errors import ErrorEvents
from softswitch.events.publishers.guarding import BanEvents
from softswitch.events.publishers.lines import LineEvents
from softswitch.events.publishers.on_disk import REMEMBERED, KeptChanges
from softswitch.events.webhooks.webhooks import Webhooks
from softswitch.guard.fetcher import Fetcher
from softswitch.http.v1.events.streams import EventStreams
from softswitch.live.live_settings import LiveSettings
from softswitch.ozml.notifications import Applications
from softswitch.settings.load import Settings
from softswitch.store.errors import StoreError
from softswitch.store.events.event_rows import calls_without_end
from softswitch.store.messages import latest_messages
from softswitch.store.store import Store
from softswitch.telemetry.log import RECENT
from softswitch.telemetry.metrics import Metric

log = structlog.get_logger("softswitch.events")

HOUR = 3600.0
LARGEST_ANSWER = 1_000_000
"Octets of the answer of a webhook's server, of which only the status counts."
FORGET_SECONDS = 60.0
"How often events are looked for that are kept no more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """The events, and who reads them."""

    journal: EventJournal
    streams: EventStreams
    webhooks: Webhooks

    def metrics(self) -> Iterator[Metric]:
        """How many events and readers there are."""
        yield from self.journal.metrics()
        yield from self.streams.metrics()
        yield from self.webhooks.metrics()


async def open_events(settings: Settings, store: Store, cleanup: AsyncExitStack) -> Events:
    """Events of what is on disk, from now on. Raises DatabaseAway."""
    journal = await EventJournal.open(store.journal, store.reader)
    cleanup.callback(journal.close)
    kept = KeptChanges(
        await store.load_bindings(),
        await latest_messages(store.reader, REMEMBERED),
        (await store.load_voicemails())[0],
    )
    journal.deriving.append(kept.derive)
    wanted, allowed = settings.events, map(ip_network, settings.guard.fetch_allow)
    # It may reach what the settings name as webhooks, and scripts may not for that reason.
    fetcher = await cleanup.enter_async_context(Fetcher(allow=allowed, max_octets=LARGEST_ANSWER))
    webhooks = Webhooks(journal, fetcher, store.journal, store.reader)
    cleanup.push_async_callback(webhooks.close)
    return Events(
        journal=journal,
        streams=EventStreams(wanted.clients, wanted.send_time),
        webhooks=webhooks,
    )


async def publish_from(
    events: Events,
    foundation: Foundation,
    signalling: Signalling,
    calls: CallControl,
    *,
    applications: Applications,
    cleanup: AsyncExitStack,
) -> None:
    """Publish what happens in these parts from now on, and the end of interrupted calls.

    Raises DatabaseAway.
    """
    journal = events.journal
    of_calls = CallEvents(journal, calls.calls, calls.plan.turns.lines)
    begun = await calls_without_end(foundation.store.reader, STARTED, ENDED)
    of_calls.interrupted(begun)
    LineEvents(journal, signalling.trunks, calls.queues, calls.rooms)
    ApplicationEvents(journal, applications)
    cleanup.callback(BanEvents(journal, foundation.bans).close)
    cleanup.callback(ErrorEvents(journal, RECENT).close)


def file_was_read(name: str) -> dict[str, object]:
    """What is told of a settings file that was read again."""
    return {"kind": "file", "name": name, "change": "read again"}


async def forget_events(journal: EventJournal, live: LiveSettings) -> None:
    """Remove events that are kept no more, from time to time; runs until it is cancelled."""
    while True:
        settings = live.now.settings.events
        try:
            await journal.forget(time.time() - settings.keep_hours * HOUR, settings.rows)
        except StoreError as error:
            log.warning("old events not removed", error=str(error))
        await asyncio.sleep(FORGET_SECONDS)
