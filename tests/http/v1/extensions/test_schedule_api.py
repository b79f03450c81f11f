"""`/v1/extensions/{number}/schedule`: where calls go, and day or night by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.calls.kinds.schedule import SCHEDULE
from softswitch.calls.numbers.routing import Routing
from softswitch.calls.numbers.rules.route import Route
from softswitch.calls.numbers.rules.rules import Rules
from softswitch.http.users import Users
from softswitch.http.v1.extensions.schedule_api import ScheduleApi
from softswitch.settings.exchange.users import HttpUser
from softswitch.store.errors import DatabaseAway
from tests.calls.extensions import extension
from tests.calls.kinds.test_schedule import hold_still
from tests.calls.scene import Scene

LOGIN = {"Authorization": encode_basic_auth("admin", "s3cret")}
SCHEDULE_PATH = "/v1/extensions/710/schedule"
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def scene() -> Scene:
    entry = extension("710", SCHEDULE, calendar="office", open="1001", closed="1002")
    scene = Scene(entry)
    hold_still(scene, "2026-03-02T12:00:00")
    return scene


@pytest.fixture
async def client(scene: Scene) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(ScheduleApi(scene.plan, Users({"admin": "s3cret"})).routes())
    async with TestClient(TestServer(app, host="127.0.0.1"), headers=LOGIN) as client:
        yield client


async def test_a_schedule_is_shown_and_held_open_or_closed(client: Client) -> None:
    shown = await (await client.get(SCHEDULE_PATH)).json()
    assert shown == {
        "calendar": "office",
        "open": "1001",
        "closed": "1002",
        "is_open": True,
        "why": "mon-fri 08:00-17:00",
        "by_hand": None,
    }
    for by_hand, is_open in ((False, False), (True, True), (None, True)):
        answer = await client.patch(SCHEDULE_PATH, json={"by_hand": by_hand})
        assert answer.status == 200
        found = await answer.json()
        assert (found["by_hand"], found["is_open"]) == (by_hand, is_open)
        assert found["why"] == ("mon-fri 08:00-17:00" if by_hand is None else "by hand")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"by_hand": 1}', b'{"by_hand": true, "x": 1}'])
async def test_rubbish_changes_nothing(client: Client, scene: Scene, body: bytes) -> None:
    answer = await client.patch(
        SCHEDULE_PATH, data=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status, bool((await answer.json())["detail"])) == (400, True)
    assert scene.choices.changes == []


async def test_a_disk_that_takes_nothing_changes_nothing(client: Client, scene: Scene) -> None:
    scene.choices.error = DatabaseAway("full")
    answer = await client.patch(SCHEDULE_PATH, json={"by_hand": False})
    assert answer.status == 503
    assert scene.plan.calendars.forced("office") is None


OWN = HttpUser(username="crm", role="application", extensions=("710", "711"))


@pytest.mark.parametrize(
    ("others", "routes", "said"),
    [
        ([], [], ""),
        ([("711", "office"), ("712", "warehouse")], [], ""),
        ([("711", "office"), ("712", "office")], [], "'712' is no extension of crm"),
        ([], [{"when_closed": "office"}], "routes ask for the calendar office"),
        ([], [{"when_open": "warehouse"}], ""),
    ],
)
async def test_an_application_holds_only_a_calendar_that_is_all_its_own(
    others: list[tuple[str, str]], routes: list[dict[str, Any]], said: str
) -> None:
    entries = [
        extension(number, SCHEDULE, calendar=calendar, open="1001", closed="1002")
        for number, calendar in [("710", "office"), *others]
    ]
    scene = Scene(*entries)
    hold_still(scene, "2026-03-02T12:00:00")
    rules = Rules(tuple(Route(pattern="5.", extension="1001", **each) for each in routes))
    scene.plan.routing.exchange(Routing(scene.plan.directory, [], rules))
    users = Users({"crm": "s3cret"}, settings=[OWN])
    app = web.Application()
    app.add_routes(ScheduleApi(scene.plan, users).routes())
    login = {"Authorization": encode_basic_auth("crm", "s3cret")}
    async with TestClient(TestServer(app, host="127.0.0.1"), headers=login) as client:
        assert (await client.get(SCHEDULE_PATH)).status == 200
        answer = await client.patch(SCHEDULE_PATH, json={"by_hand": False})
        assert answer.status == (403 if said else 200)
        assert said in (await answer.json()).get("detail", "")
    assert bool(scene.choices.changes) is not bool(said)


@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_other_numbers_and_strangers_are_refused(
    client: Client, scene: Scene, method: str
) -> None:
    answer = await client.request(method, "/v1/extensions/1001/schedule", json={"by_hand": True})
    assert answer.status == 404
    stranger = {"Authorization": encode_basic_auth("admin", "x")}
    answer = await client.request(method, SCHEDULE_PATH, json={"by_hand": True}, headers=stranger)
    assert answer.status == 401
    assert scene.choices.changes == []
