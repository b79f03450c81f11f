"""What is used of budgets, as `/v1/budget-uses` shows it; `openapi.py` describes these classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.calls.numbers.rules.budgets import BudgetUse
from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.moments import Moment, moment
from softswitch.http.v1.operations import Operation


class BudgetUseShown(msgspec.Struct, frozen=True, kw_only=True):
    """What is used today of a budget by one of those whom it is counted for."""

    budget: str
    per: Annotated[str, Meta(description="For whom it is counted: extension, trunk or all.")]
    subject: Annotated[str, Meta(description="The extension or the trunk; empty for all.")]
    calls: Annotated[int, Meta(description="Answered calls.")]
    ringing: Annotated[int, Meta(description="Calls that ring outside now.")]
    most_calls: Annotated[int | None, Meta(description="The bound; null for none.")]
    minutes: Annotated[float, Meta(description="Of talk, that of calls that are up included.")]
    most_minutes: Annotated[float | None, Meta(description="The bound; null for none.")]
    used_up: Annotated[bool, Meta(description="Whether a further call is refused.")]
    begins_again: Annotated[Moment, Meta(description="When nothing is used any more.")]


class BudgetUsesShown(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what is used, budget by budget."""

    total: int
    uses: list[BudgetUseShown]


class BudgetUsesPage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part is wanted."""

    budget: Annotated[str | None, Meta(description="Only that budget.")] = None
    subject: Annotated[str | None, Meta(description="Only that extension or trunk.")] = None
    offset: Annotated[int, Meta(ge=0, description="Rows that are left out at first.")] = 0
    limit: Annotated[int, Meta(ge=1, le=1000, description="Most rows of the answer.")] = 1000


class BudgetUsesChosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose use is forgotten."""

    budget: Annotated[str, Meta(description="The budget.")]
    subject: Annotated[
        str | None, Meta(description="Only that extension or trunk; else all of them.")
    ] = None


class BudgetUsesForgotten(msgspec.Struct, frozen=True, kw_only=True):
    """What was forgotten."""

    forgotten: Annotated[int, Meta(description="Of how many subjects.")]


def show_use(use: BudgetUse) -> BudgetUseShown:
    """One row."""
    budget = use.budget
    return BudgetUseShown(
        budget=budget.name,
        per=budget.per,
        subject=use.subject,
        calls=use.calls,
        ringing=use.ringing,
        most_calls=budget.calls,
        minutes=round(use.seconds / 60, 2),
        most_minutes=None if budget.seconds is None else round(budget.seconds / 60, 2),
        used_up=use.is_used_up,
        begins_again=moment(use.begins_again),
    )


BUDGET_OPERATIONS = (
    Operation(
        path="/budget-uses",
        id="listBudgetUses",
        right=Right.SEE,
        summary="What is used today of each budget, by each extension or trunk that it counts.",
        query=BudgetUsesPage,
        answers={
            200: ("A page of it.", BudgetUsesShown),
            400: ("A field is wrong.", Problem),
            404: ("There is no such budget.", Problem),
        },
    ),
    Operation(
        path="/budget-uses",
        method="delete",
        id="forgetBudgetUses",
        right=Right.OPERATE,
        summary="Let a budget begin again now, for one or for all of those whom it counts.",
        query=BudgetUsesChosen,
        answers={
            200: ("It begins again.", BudgetUsesForgotten),
            400: ("A field is wrong.", Problem),
            404: ("There is no such budget.", Problem),
        },
    ),
)
"What `budgets_api.py` serves."
