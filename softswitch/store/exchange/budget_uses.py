"""What is used of budgets on disk: one row for a day, a budget and whom it is counted for."""

from __future__ import annotations

import msgspec
from sqlalchemy import delete, select

from softswitch.store.database.changes import Change, ChangeKind, Order, saving
from softswitch.store.database.reader import Reader
from softswitch.store.tables import BUDGET_USES


class BudgetUseRow(msgspec.Struct, frozen=True):
    """One row of `budget_uses`."""

    day: str
    "`2026-11-30`, by the clock of this machine."
    budget: str
    subject: str
    "An extension or a trunk; empty for all together."
    calls: int
    seconds: float


SAVE = saving("save budget use", BUDGET_USES)
FORGET = ChangeKind(
    "forget budget uses",
    Order.DELETE,
    {"before": BUDGET_USES.c.day.type},
    lambda given: delete(BUDGET_USES).where(BUDGET_USES.c.day < given["before"]),
    whole=True,
)


def save_use(row: BudgetUseRow) -> Change:
    """Write the whole row, new or changed."""
    key = row.day, row.budget, row.subject
    return Change(SAVE, ("budget_uses", key), msgspec.structs.asdict(row))


def forget_uses(before: str) -> Change:
    """Remove the rows of earlier days."""
    return Change(FORGET, ("budget_uses", before), {"before": before})


async def load_uses(reader: Reader, day: str) -> list[BudgetUseRow]:
    """The rows of a day."""
    async with reader.connect() as connection:
        wanted = select(BUDGET_USES).where(BUDGET_USES.c.day == day)
        rows = await connection.execute(wanted)
        return [BudgetUseRow(**row._mapping) for row in rows]
