"""`/v1/budget-uses`: what is used of budgets today; a budget that begins again before midnight."""

from __future__ import annotations

import structlog
from aiohttp import web

from softswitch.calls.numbers.rules.budgets import Budgets
from softswitch.http.users import Users
from softswitch.http.v1.asking import BadQuery, Problem, answer, asked, refusal, requester
from softswitch.http.v1.dialling.budgets_json import (
    BudgetUsesChosen,
    BudgetUsesForgotten,
    BudgetUsesPage,
    BudgetUsesShown,
    show_use,
)

log = structlog.get_logger("softswitch.budgets")


class BudgetsApi:
    """Shows what is used, and forgets it."""

    def __init__(self, budgets: Budgets, users: Users) -> None:
        self._budgets = budgets
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        path = "/v1/budget-uses"
        return [web.get(path, self.list), web.delete(path, self.forget)]

    async def list(self, request: web.Request) -> web.Response:
        """What is used today."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        try:
            page = asked(request, BudgetUsesPage)
        except BadQuery as error:
            return answer(400, Problem(error=str(error)))
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

    async def forget(self, request: web.Request) -> web.Response:
        """Let a budget begin again, in the name of the user."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        try:
            wanted = asked(request, BudgetUsesChosen)
        except BadQuery as error:
            return answer(400, Problem(error=str(error)))
        if self._budgets.find(wanted.budget) is None:
            return answer(404, Problem(error=f"no budget {wanted.budget[:64]!r}"))
        forgotten = self._budgets.begin_again(wanted.budget, wanted.subject)
        for used in forgotten:
            log.warning(
                "budget begins again",
                budget=used.budget,
                subject=used.subject,
                calls=used.calls,
                minutes=round(used.seconds / 60, 1),
                user=requester(request),
            )
        return answer(200, BudgetUsesForgotten(forgotten=len(forgotten)))
