"""How far each webhook has been told, and what its server has never taken."""

from __future__ import annotations

import msgspec
from sqlalchemy import func, select

from softswitch.store.database.changes import Change, dropping, saving
from softswitch.store.database.reader import Reader
from softswitch.store.tables import WEBHOOK_FAILURES, WEBHOOKS


class WebhookRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `webhooks`."""

    name: str
    number: int
    "All events up to this number were taken, or put aside."
    told_at: float
    "Seconds since 1970 when the server has taken the last one; 0 where it has taken none."


class FailureRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `webhook_failures`: an event that was put aside."""

    webhook: str
    event: int
    body: str
    "The event as it was sent."
    attempts: int
    error: str
    "Why the last attempt has failed, a sentence."
    failed_at: float
    "Seconds since 1970."


SAVE = saving("progress of webhook", WEBHOOKS)
SAVE_FAILURE = saving("failure of webhook", WEBHOOK_FAILURES)
DROP_FAILURE = dropping("drop failure of webhook", WEBHOOK_FAILURES, "webhook", "event")


def save_webhook(row: WebhookRow) -> Change:
    """Write the whole row."""
    return Change(SAVE, ("webhooks", row.name), msgspec.structs.asdict(row))


def save_failure(row: FailureRow) -> Change:
    """Put an event aside."""
    key = (row.webhook, row.event)
    return Change(SAVE_FAILURE, ("webhook_failures", key), msgspec.structs.asdict(row))


def drop_failure(webhook: str, event: int) -> Change:
    """Forget an event that was put aside."""
    row = {"webhook": webhook, "event": event}
    return Change(DROP_FAILURE, ("webhook_failures", (webhook, event)), row)


async def load_webhooks(reader: Reader) -> dict[str, WebhookRow]:
    """All rows, by name."""
    async with reader.connect() as connection:
        rows = await connection.execute(select(WEBHOOKS))
        return {row.name: WebhookRow(**row._mapping) for row in rows}


async def count_failures(reader: Reader) -> dict[str, int]:
    """How many events are put aside, by the names of webhooks."""
    query = select(WEBHOOK_FAILURES.c.webhook, func.count()).group_by(WEBHOOK_FAILURES.c.webhook)
    async with reader.connect() as connection:
        return {row[0]: row[1] for row in await connection.execute(query)}


async def list_failures(
    reader: Reader, webhook: str, *, offset: int, limit: int
) -> tuple[int, list[FailureRow]]:
    """How many events of a webhook are put aside, and a page of them, the oldest first."""
    table = WEBHOOK_FAILURES
    of = table.c.webhook == webhook
    page = select(table).where(of).order_by(table.c.event).offset(offset).limit(limit)
    async with reader.connect() as connection:
        total = await connection.scalar(select(func.count()).select_from(table).where(of))
        return total or 0, [FailureRow(**row._mapping) for row in await connection.execute(page)]


async def find_failure(reader: Reader, webhook: str, event: int) -> FailureRow | None:
    """An event that is put aside."""
    table = WEBHOOK_FAILURES
    query = select(table).where(table.c.webhook == webhook, table.c.event == event)
    async with reader.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    return None if row is None else FailureRow(**row._mapping)
