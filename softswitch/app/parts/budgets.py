"""Budgets of calls out, from the settings, with what was used of them before a restart."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import structlog

from softswitch.app.parts.foundation import Foundation
from softswitch.calls.numbers.rules.budgets import Budget, Budgets, Used
from softswitch.settings.load import Settings
from softswitch.store.errors import StoreError
from softswitch.store.exchange.budget_uses import BudgetUseRow, forget_uses, load_uses, save_use
from softswitch.store.store import Store

log = structlog.get_logger("softswitch.budgets")

KEPT_DAYS = 31
"Days whose rows stay in the database."


def budgets_of(settings: Settings) -> list[Budget]:
    """The bounds of calls out."""
    return [
        Budget(
            name=each.name,
            per=each.per,
            extensions=each.extensions,
            trunks=frozenset(each.trunks),
            classes=frozenset(each.classes),
            calls=each.calls,
            seconds=None if each.minutes is None else 60 * each.minutes,
            ends_calls=each.end_calls,
        )
        for each in settings.budgets
    ]


async def build_budgets(settings: Settings, foundation: Foundation) -> Budgets:
    """All budgets, used as far as they were before. Raises StoreError."""
    store = foundation.store

    def write(used: Used) -> None:
        _write(store, used)

    budgets = Budgets(time.time, write, foundation.events)
    budgets.replace(budgets_of(settings))
    today = datetime.now().date()
    rows = await load_uses(store.reader, today.isoformat())
    budgets.restore(Used(row.day, row.budget, row.subject, row.calls, row.seconds) for row in rows)
    oldest = (today - timedelta(days=KEPT_DAYS)).isoformat()
    await store.write(forget_uses(oldest))
    return budgets


def _write(store: Store, used: Used) -> None:
    """Have it on disk soon; where the database is away, the next writing tells all of it."""
    try:
        store.write(save_use(BudgetUseRow(**used._asdict())))
    except StoreError as error:
        log.warning("use of a budget not written", budget=used.budget, error=str(error))
