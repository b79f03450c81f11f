"""A webhook sends every event until the server takes it, in order, also after a restart."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from softswitch.events.event_journal import EventJournal
from softswitch.events.webhooks.webhook import REFUSED_TRIES, NotTaken, Webhook
from softswitch.events.webhooks.webhooks import Webhooks
from softswitch.guard.fetcher import Fetcher
from softswitch.guard.proofs.signing import HEADER, is_signed
from softswitch.messaging.delivery.backoff import BackOff
from softswitch.settings.exchange.events import WebhookSettings
from softswitch.store.events.webhook_rows import (
    WebhookRow,
    drop_failure,
    list_failures,
    load_webhooks,
)
from softswitch.store.store import Store

SECRET = "whsec-0123456789abcdef"
SOON = BackOff(0.01, 0.02)


@dataclass
class Receiver:
    """The web server that is told."""

    taken: list[dict[str, object]] = field(default_factory=list)
    "What it answered with 200, in its order."
    seen: list[int] = field(default_factory=list)
    "The numbers of all requests."
    status: Callable[[int], int] = field(default=lambda _number: 200)
    "What it answers to an event, by its number."
    unsigned: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        event = json.loads(body)
        self.seen.append(event["id"])
        if not is_signed(SECRET, request.headers[HEADER], body, time.time()):
            self.unsigned += 1
        assert request.headers["Softswitch-Event-Id"] == str(event["id"])
        status = self.status(event["id"])
        if status == 200:
            self.taken.append(event)
        self.news.set()
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async def until(self, is_enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not is_enough():
                self.news.clear()
                await self.news.wait()

    @property
    def ids(self) -> list[object]:
        return [event["id"] for event in self.taken]


async def elsewhere(_: web.Request) -> web.Response:
    return web.Response()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def target(receiver: Receiver) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    app.router.add_get("/elsewhere", elsewhere)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.port}/hook"


@pytest.fixture
def hook(target: str) -> WebhookSettings:
    return WebhookSettings(name="crm", url=target, secret=SECRET)


@pytest.fixture
async def fetcher(target: str) -> AsyncIterator[Fetcher]:
    async with Fetcher(origins=[target]) as fetcher:
        yield fetcher


@asynccontextmanager
async def running(
    settings: WebhookSettings,
    journal: EventJournal,
    store: Store,
    fetcher: Fetcher,
    kept: WebhookRow | None,
) -> AsyncIterator[Webhook]:
    webhook = Webhook(settings, journal, fetcher, store.write, kept, waits=SOON)
    task = asyncio.ensure_future(webhook.run())
    await asyncio.sleep(0)
    try:
        yield webhook
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def publish(journal: EventJournal, *subjects: str, kind: str = "trunk.changed") -> None:
    for subject in subjects:
        journal.publish(kind, subject, {})
    last = journal._last_number + len(subjects)
    async with asyncio.timeout(10):
        while journal.newest < last:
            await journal.arrival()


async def on_disk(store: Store) -> WebhookRow:
    """How far the webhook was told, when all that was written before is on disk."""
    await store.write(drop_failure("crm", 0))
    return (await load_webhooks(store.reader))["crm"]


def from_the_begin(number: int = 0) -> WebhookRow:
    return WebhookRow(name="crm", number=number, told_at=0.0)


async def test_each_event_is_sent_with_its_signature(
    hook: WebhookSettings, journal: EventJournal, store: Store, fetcher: Fetcher, receiver: Receiver
) -> None:
    await publish(journal, "before")
    async with running(hook, journal, store, fetcher, None):  # a new one: from now on
        await publish(journal, "a", "b")
        await receiver.until(lambda: len(receiver.taken) == 2)
    assert receiver.ids == [2, 3]
    assert receiver.taken[0]["subject"] == "a"
    assert receiver.unsigned == 0


async def test_what_is_not_taken_is_sent_again_and_what_follows_on_it_waits(
    hook: WebhookSettings, journal: EventJournal, store: Store, fetcher: Fetcher, receiver: Receiver
) -> None:
    receiver.status = lambda number: 503 if number == 2 and receiver.seen.count(2) < 4 else 200
    async with running(hook, journal, store, fetcher, from_the_begin()) as webhook:
        await publish(journal, "x", "x", "x", "y", "x")
        await receiver.until(lambda: len(receiver.taken) == 5)
        assert [each["id"] for each in receiver.taken if each["subject"] == "x"] == [1, 2, 3, 5]
        assert receiver.seen.count(2) == 4
        assert webhook.state.failing == 0


async def test_a_restart_goes_on_behind_what_was_taken(
    hook: WebhookSettings, journal: EventJournal, store: Store, fetcher: Fetcher, receiver: Receiver
) -> None:
    async with running(hook, journal, store, fetcher, from_the_begin()) as webhook:
        await publish(journal, "a", "b", "c")
        async with asyncio.timeout(20):
            while webhook.state.number < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
    receiver.status = lambda _: 500
    kept = await on_disk(store)
    async with running(hook, journal, store, fetcher, kept):
        await publish(journal, "d", "e")
        await receiver.until(lambda: 4 in receiver.seen)
    receiver.status = lambda _: 200
    kept = await on_disk(store)
    async with running(hook, journal, store, fetcher, kept):
        await receiver.until(lambda: {1, 2, 3, 4, 5} <= set(receiver.ids))
    assert sorted(set(receiver.ids)) == [1, 2, 3, 4, 5]


async def test_what_the_server_refuses_is_put_aside_and_can_be_sent_again(
    hook: WebhookSettings, journal: EventJournal, store: Store, fetcher: Fetcher, receiver: Receiver
) -> None:
    receiver.status = lambda number: 422 if number == 1 else 200
    with capture_logs() as logs:
        async with running(hook, journal, store, fetcher, from_the_begin()):
            await publish(journal, "a", "a")
            await receiver.until(lambda: len(receiver.taken) == 1)
    assert receiver.ids == [2]
    assert receiver.seen.count(1) == REFUSED_TRIES
    [line] = [line for line in logs if line["event"] == "event put aside"]
    assert line["reason"].endswith("answered 422")
    assert line["log_level"] == "warning", "an error would be one more event for the same server"
    assert SECRET not in str(logs)
    total, [row] = await list_failures(store.reader, "crm", offset=0, limit=10)
    assert (total, row.event, row.attempts) == (1, 1, REFUSED_TRIES)
    webhooks = Webhooks(journal, fetcher, store.journal, store.reader)
    webhook = Webhook(hook, journal, fetcher, store.write, None)
    with pytest.raises(NotTaken, match="answered 422"):
        await webhooks.send_again(webhook, 1)
    receiver.status = lambda _: 200
    assert await webhooks.send_again(webhook, 1)
    assert not await webhooks.send_again(webhook, 1)
    assert receiver.ids == [2, 1]


async def test_what_no_server_takes_for_too_long_is_put_aside(
    hook: WebhookSettings, journal: EventJournal, store: Store, fetcher: Fetcher, receiver: Receiver
) -> None:
    receiver.status = lambda number: 503 if number == 1 else 200
    impatient = hook.model_copy(update={"give_up_hours": 1e-9})
    async with running(impatient, journal, store, fetcher, from_the_begin()):
        await publish(journal, "a", "a")
        await receiver.until(lambda: len(receiver.taken) == 1)
    assert receiver.ids == [2]


async def test_a_redirect_is_no_receipt(
    hook: WebhookSettings, journal: EventJournal, store: Store, fetcher: Fetcher, receiver: Receiver
) -> None:
    receiver.status = lambda number: 302 if receiver.seen.count(number) < 2 else 200
    async with running(hook, journal, store, fetcher, from_the_begin()):
        await publish(journal, "a")
        await receiver.until(lambda: len(receiver.taken) == 1)
    assert receiver.seen == [1, 1]


async def test_only_what_it_wants_is_sent(
    hook: WebhookSettings, journal: EventJournal, store: Store, fetcher: Fetcher, receiver: Receiver
) -> None:
    of_bans = hook.model_copy(update={"types": ("ban",)})
    async with running(of_bans, journal, store, fetcher, from_the_begin()):
        await publish(journal, "a")
        await publish(journal, "b", kind="ban.began")
        await receiver.until(lambda: len(receiver.taken) == 1)
    assert receiver.ids == [2]


async def test_only_addresses_of_the_settings_are_reached(
    hook: WebhookSettings, journal: EventJournal, store: Store
) -> None:
    async with Fetcher() as strict:
        webhook = Webhook(hook, journal, strict, store.write, None)
        with pytest.raises(NotTaken, match="do not allow this address"):
            await webhook.send(1, "error", "{}")


async def test_changed_settings_begin_where_their_name_was(
    hook: WebhookSettings, journal: EventJournal, store: Store, fetcher: Fetcher, receiver: Receiver
) -> None:
    webhooks = Webhooks(journal, fetcher, store.journal, store.reader)
    await webhooks.exchange([hook])
    first = webhooks.get("crm")
    await publish(journal, "a")
    await receiver.until(lambda: len(receiver.taken) == 1)
    await webhooks.exchange([hook])
    assert webhooks.get("crm") is first
    await webhooks.exchange([hook.model_copy(update={"types": ("trunk",)})])
    await publish(journal, "b")
    await receiver.until(lambda: 2 in receiver.ids)
    await webhooks.exchange([])
    assert list(webhooks) == []
    await webhooks.close()
