"""`/v1/budget-uses`: what is used today, and budgets that begin again in somebody's name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from softswitch.calls.numbers.rules.budgets import Budget
from softswitch.http.users import Users
from softswitch.http.v1.dialling.budgets_api import BudgetsApi
from tests.calls.numbers.rules.test_budgets import Till
from tests.http.v1.test_entries_api import ADMIN, Client


@pytest_asyncio.fixture
async def till() -> Till:
    till = Till(Budget(name="fraud", calls=2, seconds=600), Budget(name="all", per="all", calls=9))
    till.talk(90)
    till.talk(0, till.way("1001"))
    till.talk(0, till.way("1001"))
    return till


@pytest_asyncio.fixture
async def client(till: Till) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(BudgetsApi(till.budgets, Users({"admin": "pw-admin"})).routes())
    async with TestClient(TestServer(app, host="127.0.0.1"), headers=ADMIN) as client:
        yield client


async def ask(client: Client, query: str = "", method: str = "GET") -> tuple[int, Any]:
    async with client.request(method, f"/v1/budget-uses{query}") as answer:
        return answer.status, await answer.json()


async def test_what_is_used_and_of_how_much(client: Client) -> None:
    status, told = await ask(client)
    assert (status, told["total"]) == (200, 3)
    rows = [(each["budget"], each["subject"], each["used_up"]) for each in told["uses"]]
    assert rows == [("all", "", False), ("fraud", "1000", False), ("fraud", "1001", True)]
    anna = told["uses"][1]
    assert datetime.fromisoformat(anna.pop("begins_again")).isoformat()[:19] == (
        "2026-12-01T00:00:00"
    )
    assert anna == {
        "budget": "fraud", "per": "extension", "subject": "1000", "calls": 1, "ringing": 0,
        "most_calls": 2, "minutes": 1.5, "most_minutes": 10.0, "used_up": False,
    }  # fmt: skip
    _, told = await ask(client, "?budget=fraud&subject=1001")
    assert [each["subject"] for each in told["uses"]] == ["1001"]
    _, told = await ask(client, "?offset=2&limit=1")
    assert (told["total"], [each["subject"] for each in told["uses"]]) == (3, ["1001"])
    assert (await ask(client, "?colour=red"))[0] == 400
    status, told = await ask(client, "?budget=nosuch")
    assert (status, told["detail"]) == (404, "no budget 'nosuch'")


async def test_a_budget_begins_again_in_the_name_of_a_user(client: Client, till: Till) -> None:
    assert not till.is_free(till.way("1001"))
    with capture_logs() as logs:
        answered = await ask(client, "?budget=fraud&subject=1001", "DELETE")
    assert answered == (200, {"forgotten": 1})
    assert [(each["budget"], each["subject"], each["user"]) for each in logs] == [
        ("fraud", "1001", "admin")
    ]
    assert till.is_free(till.way("1001"))
    assert (await ask(client, "", "DELETE"))[0] == 400
    status, told = await ask(client, "?budget=nothing", "DELETE")
    assert (status, told["detail"]) == (404, "no budget 'nothing'")
    assert await ask(client, "?budget=fraud", "DELETE") == (200, {"forgotten": 2})
