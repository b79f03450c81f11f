"""`/v1/budget-uses`: what is used of budgets today; a budget that begins again before midnight."""

from __future__ import annotations

import structlog
from aiohttp import web

from softswitch.calls.numbers.rules.budgets import Budgets
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer, asked
from softswitch.http.v1.dialling.budgets_json import (
    BUDGET_OPERATIONS,
    BudgetUsesChosen,
    BudgetUsesForgotten,
    BudgetUsesPage,
    BudgetUsesShown,
    show_use,
)
from softswitch.http.v1.serving import served

log = structlog.get_logger("softswitch.budgets")


class BudgetsApi:
    """Shows what is used, and forgets it."""

    def __init__(self, budgets: Budgets, users: Users) -> None:
        self._budgets = budgets
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {"listBudgetUses": self.list, "forgetBudgetUses": self.forget}
        return served(BUDGET_OPERATIONS, self._users, works)

    async def list(self, request: web.Request, _user: User) -> web.Response:
        """What is used today."""
        page = asked(request, BudgetUsesPage)
        if page.budget is not None:
            self._require(page.budget)
        uses = sorted(
            (
                use
                for use in self._budgets.uses()
                if page.budget in (None, use.budget.name) and page.subject in (None, use.subject)
            ),
            key=lambda use: (use.budget.name, use.subject),
        )
        part = uses[page.offset : page.offset + page.limit]
        return answer(200, BudgetUsesShown(total=len(uses), uses=list(map(show_use, part))))

    async def forget(self, request: web.Request, user: User) -> web.Response:
        """Let a budget begin again, in the name of the user."""
        wanted = asked(request, BudgetUsesChosen)
        self._require(wanted.budget)
        forgotten = self._budgets.begin_again(wanted.budget, wanted.subject)
        for used in forgotten:
            log.warning(
                "budget begins again",
                budget=used.budget,
                subject=used.subject,
                calls=used.calls,
                minutes=round(used.seconds / 60, 1),
                user=user.name,
            )
        return answer(200, BudgetUsesForgotten(forgotten=len(forgotten)))

    def _require(self, name: str) -> None:
        """Raise NotServed where there is no such budget."""
        if self._budgets.find(name) is None:
            raise NotServed(404, f"no budget {name[:64]!r}")
