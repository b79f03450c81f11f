"""`/v1/alarms` over a real store: listed, filtered, and acknowledged once, by whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.http.users import Users
from softswitch.http.v1.alarms.alarms_api import AlarmsApi
from softswitch.http.v1.serving import problems
from softswitch.settings.exchange.users import HttpUser
from softswitch.store.alarms import AlarmRecord, insert_alarm
from softswitch.store.lists.alarms import find_alarm
from softswitch.store.store import Store

BURGLARY = AlarmRecord(
    id="a1", received_at=1_800_000_000.0, call_id="c1", caller="3000", digits="1234181131010158",
    account="1234", qualifier="NewEvent", code="131", name="Perimeter", partition="01", zone="015",
)  # fmt: skip
FIRE = replace(
    BURGLARY, id="a2", received_at=1_800_000_100.0, account="5678", code="110", call_id="c2"
)
RESTORE = replace(BURGLARY, id="a3", received_at=1_800_000_200.0, qualifier="NewRestore")
ROLES = (
    HttpUser(username="admin"),
    HttpUser(username="desk", role="operator"),
    HttpUser(username="viewer", role="viewer"),
    HttpUser(username="crm", role="application", extensions=("1000",)),
)
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(f"sqlite:///{tmp_path}/switch.db", tmp_path / "spool")
    await store.write(*map(insert_alarm, (BURGLARY, FIRE, RESTORE)))
    yield store
    await store.close()


@pytest.fixture
async def client(store: Store) -> AsyncIterator[Client]:
    users = Users({user.username: "pw" for user in ROLES}, settings=ROLES)
    app = web.Application(middlewares=[problems])
    app.add_routes(AlarmsApi(store, users).routes())
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


async def ask(
    client: Client, method: str, path: str = "", *, user: str = "desk", **more: Any
) -> tuple[int, Any]:
    login = {"Authorization": encode_basic_auth(user, "pw")}
    async with client.request(method, f"/v1/alarms{path}", headers=login, **more) as answer:
        return answer.status, await answer.json()


async def ids(client: Client, query: str) -> list[str]:
    status, page = await ask(client, "GET", f"?{query}")
    assert status == 200, page
    return [each["id"] for each in page["alarms"]]


async def test_reports_are_listed_and_filtered(client: Client) -> None:
    assert await ids(client, "") == ["a3", "a2", "a1"]
    assert await ids(client, "order=oldest&limit=1&offset=1") == ["a2"]
    assert await ids(client, "account=1234") == ["a3", "a1"]
    assert await ids(client, "code=110") == ["a2"]
    assert await ids(client, "qualifier=NewRestore&caller=3000") == ["a3"]
    assert await ids(client, "call_id=c2") == ["a2"]
    assert await ids(client, "since=2027-01-15T08:01:00Z&until=2027-01-15T08:03:00Z") == ["a2"]
    _, page = await ask(client, "GET", "?limit=1")
    assert (page["total"], page["limit"], page["offset"]) == (3, 1, 0)
    [shown] = page["alarms"]
    assert (shown["name"], shown["zone"], shown["acknowledged"]) == ("Perimeter", "015", None)


async def test_an_acknowledgement_says_who_when_and_what_and_is_on_disk(
    client: Client, store: Store
) -> None:
    status, shown = await ask(client, "POST", "/a2/acknowledge", json={"note": "<b>sent Eva</b>"})
    assert status == 200
    assert (shown["acknowledged"]["by"], shown["acknowledged"]["note"]) == (
        "desk", "<b>sent Eva</b>",
    )  # fmt: skip
    kept = await find_alarm(store.reader, "a2")
    assert kept is not None
    assert (kept.acknowledged_by, kept.note) == ("desk", "<b>sent Eva</b>")
    assert kept.acknowledged_at is not None
    assert await ids(client, "acknowledged=false") == ["a3", "a1"]
    assert await ids(client, "acknowledged=true") == ["a2"]
    assert (await ask(client, "GET", "/a2"))[1] == shown


async def test_who_was_first_stays(client: Client) -> None:
    answers = await asyncio.gather(
        *(ask(client, "POST", "/a1/acknowledge", user=who) for who in ("desk", "admin"))
    )
    assert sorted(status for status, _ in answers) == [200, 409]
    _, shown = await ask(client, "GET", "/a1")
    first = next(told for status, told in answers if status == 200)
    assert shown == first
    status, told = await ask(client, "POST", "/a1/acknowledge", json={"note": "again"})
    assert status == 409
    assert first["acknowledged"]["by"] in str(told)
    assert (await ask(client, "GET", "/a1"))[1]["acknowledged"]["note"] == ""


async def test_who_may_not_and_what_is_not_there(client: Client) -> None:
    assert (await ask(client, "POST", "/a1/acknowledge", user="viewer"))[0] == 403
    assert (await ask(client, "POST", "/a1/acknowledge", user="crm"))[0] == 403
    assert (await ask(client, "GET", user="crm"))[0] == 403
    assert (await ask(client, "GET", user="viewer"))[0] == 200
    for path in ("/a9", "/%2e%2e", "/a%00b", f"/{'x' * 3000}"):
        assert (await ask(client, "GET", path))[0] == 404
    assert (await ask(client, "POST", "/a9/acknowledge"))[0] == 404
    assert await ids(client, "acknowledged=true") == []


@pytest.mark.parametrize("body", [{"note": 5}, {"note": "x" * 2001}, {"notes": ""}, [], "x"])
async def test_a_wrong_body_acknowledges_nothing(client: Client, body: object) -> None:
    status, _ = await ask(client, "POST", "/a1/acknowledge", json=body)
    assert status == 400
    assert await ids(client, "acknowledged=true") == []


@pytest.mark.parametrize(
    "query", ["limit=1001", "offset=-1", "acknowledged=maybe", "since=never", "colour=red"]
)
async def test_a_wrong_query_names_its_field(client: Client, query: str) -> None:
    status, told = await ask(client, "GET", f"?{query}")
    assert status == 400
    assert query.partition("=")[0] in str(told)
