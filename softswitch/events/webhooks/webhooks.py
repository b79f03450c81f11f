"""All webhooks of the settings: each runs in a task of its own, until the settings drop it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import structlog

from softswitch.events.event_journal import EventJournal
from softswitch.events.webhooks.webhook import Webhook
from softswitch.guard.fetcher import Fetcher
from softswitch.settings.exchange.events import WebhookSettings
from softswitch.store.database.reader import Reader
from softswitch.store.events.webhook_rows import drop_failure, find_failure, load_webhooks
from softswitch.store.journal import Journal
from softswitch.telemetry.metrics import Metric

log = structlog.get_logger("softswitch.webhooks")

AGAIN = 5.0
"Seconds after which a webhook is tried again that met a mistake of ours, or no database."


class Webhooks:
    """The webhooks that run."""

    def __init__(
        self, events: EventJournal, fetcher: Fetcher, journal: Journal, reader: Reader
    ) -> None:
        """`fetcher` reaches the servers of the webhooks, and serves nothing else."""
        self._events = events
        self._fetcher = fetcher
        self._journal = journal
        self._reader = reader
        self._running: dict[str, tuple[Webhook, asyncio.Task[None]]] = {}

    def __iter__(self) -> Iterator[Webhook]:
        return (webhook for webhook, _ in self._running.values())

    def get(self, name: str) -> Webhook | None:
        """The webhook of that name."""
        found = self._running.get(name)
        return None if found is None else found[0]

    def metrics(self) -> Iterator[Metric]:
        """How far webhooks are behind, and how many attempts have failed in a row."""
        yield Metric(
            "webhook_events_behind",
            "Numbers of events that a webhook was not told of yet",
            lambda: {each.settings.name: each.behind for each in self},
            "webhook",
        )
        yield Metric(
            "webhook_failing",
            "Attempts of a webhook that have failed since its server took an event",
            lambda: {each.settings.name: each.state.failing for each in self},
            "webhook",
        )

    async def exchange(self, wanted: Iterable[WebhookSettings]) -> None:
        """Run these: those that are the same go on, others begin where their names were."""
        new = {each.name: each for each in wanted}
        self._fetcher.reach.expect([each.url for each in new.values()])
        gone = [name for name, (old, _) in self._running.items() if new.get(name) != old.settings]
        tasks = [self._running.pop(name)[1] for name in gone]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        kept = await load_webhooks(self._reader)
        for name, settings in new.items():
            if name not in self._running:
                webhook = Webhook(
                    settings, self._events, self._fetcher, self._journal.write, kept.get(name)
                )
                task = asyncio.get_running_loop().create_task(_run(webhook), name=f"webhook {name}")
                self._running[name] = webhook, task

    async def send_again(self, webhook: Webhook, event: int) -> bool:
        """Send an event once more that was put aside; False where it is none of these.

        Raises NotTaken, StoreError.
        """
        name = webhook.settings.name
        row = await find_failure(self._reader, name, event)
        if row is None:
            return False
        await webhook.send(event, "", row.body)
        await self._journal.write(drop_failure(name, event))
        return True

    async def close(self) -> None:
        """End them all; what was not taken is sent after the next start."""
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(webhook: Webhook) -> None:
    """Let a webhook go on whatever happens."""
    while True:
        try:
            await webhook.run()
            return
        except Exception:
            log.exception("webhook failed", webhook=webhook.settings.name)
        await asyncio.sleep(AGAIN)
