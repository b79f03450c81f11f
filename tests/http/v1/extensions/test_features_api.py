"""`/v1/extensions/{number}/features`: shown, changed, refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.calls.numbers.rules.route import Route
from softswitch.http.users import Users
from softswitch.http.v1.extensions.features_api import FeaturesApi
from softswitch.store.errors import DatabaseAway
from tests.calls.extensions import extension
from tests.calls.numbers.test_trunks import trunk
from tests.calls.scene import Scene

LOGIN = {"Authorization": encode_basic_auth("admin", "s3cret")}
FEATURES = "/v1/extensions/1001/features"
OFF = {"number": "", "on": False}
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def scene() -> Scene:
    return Scene(
        extension("1001", forward_busy="1002", speed_dials={"1": "1002", "2": "1000"}),
        trunks=[trunk()],
        routes=[Route(pattern="0*", trunk="carrier")],
    )


@pytest.fixture
async def client(scene: Scene) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(FeaturesApi(scene.plan, Users({"admin": "s3cret"})).routes())
    async with TestClient(TestServer(app, host="127.0.0.1"), headers=LOGIN) as client:
        yield client


async def patched(client: Client, status: int = 200, /, **changes: Any) -> dict[str, Any]:
    answer = await client.patch(FEATURES, json=changes)
    assert answer.status == status, await answer.text()
    return dict(await answer.json())


async def test_features_are_shown_as_the_settings_have_them(client: Client) -> None:
    shown = await (await client.get(FEATURES)).json()
    assert shown == {
        "forward_always": OFF,
        "forward_busy": {"number": "1002", "on": True},
        "forward_no_answer": OFF,
        "forward_not_registered": OFF,
        "forward_after": 20,
        "do_not_disturb": False,
        "max_calls": 0,
        "speed_dials": {"1": "1002", "2": "1000"},
        "changed": [],
        "changed_at": None,
        "changed_by": "",
    }


async def test_a_change_leaves_the_rest_and_null_goes_back(client: Client, scene: Scene) -> None:
    shown = await patched(client, do_not_disturb=True, forward_busy={"number": "1000"})
    assert (shown["do_not_disturb"], shown["forward_busy"]["number"]) == (True, "1000")
    assert shown["changed"] == ["forward_busy", "do_not_disturb"]
    assert shown["changed_by"] == "admin"
    assert len(scene.choices.changes) == 1
    shown = await patched(client, do_not_disturb=None, max_calls=2, forward_after=5)
    assert (shown["do_not_disturb"], shown["max_calls"], shown["forward_after"]) == (False, 2, 5)
    assert shown["forward_busy"]["number"] == "1000"
    shown = await patched(client, forward_busy=None, max_calls=None, forward_after=None)
    assert (shown["changed"], shown["changed_at"]) == ([], None)
    assert shown["forward_busy"]["number"] == "1002"


async def test_speed_dials_are_merged(client: Client) -> None:
    shown = await patched(client, speed_dials={"1": None, "12": "+4930123"})
    assert shown["speed_dials"] == {"2": "1000", "12": "+4930123"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"forward_always": {"number": "030123"}}, "forward_always: 1001 has no forward_outside"),
        ({"forward_always": {"number": "1009"}}, "forward_always: neither extension"),
        ({"forward_busy": {"number": "1001"}}, "forward_busy: 1001 is the extension itself"),
        ({"forward_busy": "1002"}, "forward_busy"),
        ({"forward_busy": {"numbr": "1002"}}, "numbr"),
        ({"forward_after": 0}, "forward_after"),
        ({"forward_after": 601}, "forward_after"),
        ({"max_calls": -1}, "max_calls"),
        ({"do_not_disturb": "yes"}, "do_not_disturb"),
        ({"speed_dials": {"123": "1002"}}, "speed_dials"),
        ({"speed_dials": {"1": "anna"}}, "speed_dials"),
        ({"do_not_distrub": True}, "do_not_distrub"),
    ],
)
async def test_what_is_wrong_is_named_and_changes_nothing(
    client: Client, scene: Scene, changes: dict[str, Any], expected: str
) -> None:
    problem = await patched(client, 400, max_calls=changes.pop("max_calls", 3), **changes)
    assert expected in problem["detail"]
    assert scene.choices.changes == []
    assert (await (await client.get(FEATURES)).json())["changed"] == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'{"max_calls": 1e999}', b"\xff"])
async def test_rubbish_is_refused(client: Client, body: bytes) -> None:
    answer = await client.patch(FEATURES, data=body, headers={"Content-Type": "application/json"})
    assert answer.status == 400
    assert json.loads(await answer.text())["detail"]


async def test_two_who_change_the_same_hear_of_each_other(client: Client) -> None:
    first = (await client.get(FEATURES)).headers["ETag"]
    answer = await client.patch(FEATURES, json={"max_calls": 1}, headers={"If-Match": first})
    assert answer.status == 200
    late = await client.patch(FEATURES, json={"max_calls": 2}, headers={"If-Match": first})
    assert late.status == 412
    assert (await (await client.get(FEATURES)).json())["max_calls"] == 1
    tag = answer.headers["ETag"]
    assert (await client.get(FEATURES)).headers["ETag"] == tag
    again = await client.patch(FEATURES, json={"max_calls": 2}, headers={"If-Match": tag})
    assert again.status == 200


async def test_a_disk_that_takes_nothing_changes_nothing(client: Client, scene: Scene) -> None:
    scene.choices.error = DatabaseAway("the disk is full")
    assert "disk is full" in (await patched(client, 503, max_calls=1))["detail"]
    assert (await (await client.get(FEATURES)).json())["max_calls"] == 0


@pytest.mark.parametrize("number", ["1009", "600", "%2E%2E", "x" * 300])
async def test_extensions_without_phones_have_none(client: Client, number: str) -> None:
    for method in ("GET", "PATCH"):
        answer = await client.request(method, f"/v1/extensions/{number}/features", json={})
        assert answer.status == 404


@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_who_is_no_user_neither_sees_nor_changes(
    client: Client, scene: Scene, method: str
) -> None:
    for wrong in ({"Authorization": encode_basic_auth("admin", "x")}, {"Authorization": ""}):
        answer = await client.request(method, FEATURES, headers=wrong, json={"max_calls": 1})
        assert answer.status == 401
    assert scene.choices.changes == []
