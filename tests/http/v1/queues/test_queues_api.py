"""`/v1/queues/{number}/state` and what changes agents: shown, kept, refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.calls.agents import Agents
from softswitch.calls.features.extension_features import ExtensionFeatures
from softswitch.calls.kinds.queue import QUEUE
from softswitch.calls.leg.lines import Lines
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.routing import Routing
from softswitch.calls.numbers.trunks import Trunks
from softswitch.calls.numbers.turns import GroupTurns
from softswitch.calls.queues.queued_caller import QueuedCaller
from softswitch.calls.queues.queues import CallQueues
from softswitch.http.users import Users
from softswitch.http.v1.queues.queues_api import QueuesApi
from softswitch.store.errors import DatabaseAway
from tests.calls.extensions import extension
from tests.calls.scene import FakeJournal, FakeRegistrations

LOGIN = {"Authorization": encode_basic_auth("admin", "s3cret")}
NOBODY = {"Authorization": ""}
Client = TestClient[web.Request, web.Application]


class Desk:
    """The queues, their disk, and a client."""

    def __init__(self) -> None:
        support = extension("750", QUEUE, agents=("1001",), logins=("1000",))
        directory = Directory([extension("1000"), extension("1001"), support])
        self.disk = FakeJournal()
        lines = Lines(asyncio.get_running_loop().time)
        self.plan = DialPlan(
            directory,
            Routing(directory, ["example.com"]),
            FakeRegistrations(),
            Trunks(()),
            GroupTurns(directory, lines),
            Agents(self.disk.write),
            features=ExtensionFeatures(self.disk.write),
        )
        self.queues = CallQueues(self.plan)

    async def client(self) -> Client:
        app = web.Application()
        app.add_routes(QueuesApi(self.queues, self.plan, Users({"admin": "s3cret"})).routes())
        return TestClient(TestServer(app, host="127.0.0.1"), headers=LOGIN)


async def asks(client: Client, method: str, path: str, **more: Any) -> tuple[int, Any]:
    async with client.request(method, f"/v1{path}", **more) as response:
        return response.status, await response.json()


async def test_a_queue_shows_who_waits_and_what_agents_do() -> None:
    desk = Desk()
    settings = desk.queues.settings("750")
    assert settings is not None
    queue = desk.queues.queue("750")
    queue.callers.append(QueuedCaller("+49301", "Anna", settings, 1_000_000_000.0))
    async with await desk.client() as client:
        await asks(client, "PUT", "/queues/750/agents/1000")
        status, shown = await asks(client, "GET", "/queues/750/state")
    assert status == 200
    (caller,) = shown["callers"]
    assert caller.pop("waited") > 1_000_000
    assert caller.pop("since").startswith("2001-09-0")
    assert caller == {
        "position": 1, "number": "+49301", "name": "Anna", "call": None, "agents": [],
    }  # fmt: skip
    assert shown["agents"] == [
        {
            "number": number,
            "status": "unreachable",
            "static": number == "1001",
            "pause": None,
            "queue": "",
            "caller": "",
            "answered": 0,
            "missed": 0,
        }
        for number in ("1001", "1000")
    ]
    assert (shown["answered"], shown["abandoned"]) == (0, 0)


async def test_agents_are_logged_in_and_out_and_paused() -> None:
    desk = Desk()
    async with await desk.client() as client:
        assert (await asks(client, "PUT", "/queues/750/agents/1000"))[0] == 200
        assert list(desk.plan.agents.logged_in("750")) == ["1000"]
        status, shown = await asks(client, "PUT", "/agents/1000/pause", json={"reason": "lunch"})
        assert (status, shown) == (200, {"number": "1000", "status": "paused", "pause": "lunch"})
        status, shown = await asks(client, "DELETE", "/agents/1000/pause")
        assert (status, shown["pause"]) == (200, None)
        assert (await asks(client, "PUT", "/agents/1000/pause"))[1]["pause"] == ""
        assert (await asks(client, "DELETE", "/queues/750/agents/1000"))[0] == 200
        assert not desk.plan.agents.logged_in("750")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("GET", "/queues/751/state", None, 404, "no queue '751'"),
        ("GET", "/queues/1000/state", None, 404, "no queue '1000'"),
        ("PUT", "/queues/751/agents/1000", None, 404, "no queue '751'"),
        ("PUT", "/queues/750/agents/1009", None, 404, "no phone '1009'"),
        ("PUT", "/queues/750/agents/750", None, 404, "no phone '750'"),
        ("DELETE", "/queues/750/agents/1001", None, 409, "the settings of 750 name 1001"),
        ("PUT", "/agents/1009/pause", None, 404, "no phone '1009'"),
        ("PUT", "/agents/1000/pause", "{", 400, ""),
        (
            "PUT",
            "/agents/1000/pause",
            '{"why": "x"}',
            400,
            "why: unknown field, expected",
        ),
        (
            "PUT",
            "/agents/1000/pause",
            '{"reason": 5}',
            400,
            "characters, not a number",
        ),
        (
            "PUT",
            "/agents/1000/pause",
            f'{{"reason": "{"x" * 65}"}}',
            400,
            "reason: expected a text of at most 64",
        ),
    ],
)
async def test_what_is_wrong_is_named(
    method: str, path: str, body: str | None, status: int, error: str
) -> None:
    desk = Desk()
    async with await desk.client() as client:
        given = {"Content-Type": "application/json"} if body else {}
        found, shown = await asks(client, method, path, data=body, headers=given)
        assert found == status
        assert error in shown["detail"]


async def test_only_users_may_ask_and_what_the_disk_refuses_is_not_done() -> None:
    desk = Desk()
    async with await desk.client() as client:
        for method, path in (
            ("GET", "/queues/750/state"),
            ("PUT", "/queues/750/agents/1000"),
            ("DELETE", "/queues/750/agents/1000"),
            ("PUT", "/agents/1000/pause"),
            ("DELETE", "/agents/1000/pause"),
        ):
            async with client.request(method, f"/v1{path}", headers=NOBODY) as response:
                assert response.status == 401
        desk.disk.error = DatabaseAway("away")
        assert (await asks(client, "PUT", "/queues/750/agents/1000"))[0] == 503
        assert (await asks(client, "PUT", "/agents/1000/pause"))[0] == 503
    assert not desk.plan.agents.logged_in("750")
