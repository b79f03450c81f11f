"""`/v1/bans`: what lasts is shown, what fits is lifted, users only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from softswitch.guard.bans import BanList
from softswitch.guard.rates import RequestSource
from softswitch.http.users import Users
from softswitch.http.v1.bans_api import BansApi

LOGIN = {"Authorization": encode_basic_auth("admin", "s3cret")}
Client = TestClient[web.Request, web.Application]


@pytest.fixture
def bans() -> BanList:
    return BanList(clock=lambda: 0.0)


@pytest.fixture
async def client(bans: BanList) -> AsyncIterator[Client]:
    for service, source, account in (
        ("SIP", "192.0.2.7", "1000"), ("SIP", "2001:db8::/64", "1001"), ("PIN", "1002", "3000"),
    ):  # fmt: skip
        counted = bans.open(service)
        for _ in range(5):
            counted.wrong(RequestSource(source, trusted=False), account)
        counted.refuses(RequestSource(source, trusted=False), account)
    app = web.Application()
    app.add_routes(BansApi(bans, Users({"admin": "s3cret"})).routes())
    async with TestClient(TestServer(app, host="127.0.0.1"), headers=LOGIN) as client:
        yield client


async def test_the_list_says_who_is_banned_from_what_and_how_long(client: Client) -> None:
    answer = await (await client.get("/v1/bans")).json()
    first = answer["bans"][0]
    left = datetime.fromisoformat(first.pop("until")) - datetime.now().astimezone()
    assert 290 < left.total_seconds() <= 301
    assert first == {
        "service": "SIP", "source": "192.0.2.7", "account": "1000", "seconds": 300, "dropped": 1,
    }  # fmt: skip
    assert [ban["source"] for ban in answer["bans"]] == ["192.0.2.7", "2001:db8::/64", "1002"]


@pytest.mark.parametrize(
    ("query", "lifted", "left"),
    [
        ({}, 3, []),
        ({"source": "192.0.2.7"}, 1, ["2001:db8::/64", "1002"]),
        ({"source": "2001:db8::/64", "account": "1001"}, 1, ["192.0.2.7", "1002"]),
        ({"service": "PIN"}, 1, ["192.0.2.7", "2001:db8::/64"]),
        ({"source": "192.0.2.8"}, 0, ["192.0.2.7", "2001:db8::/64", "1002"]),
    ],
)
async def test_what_fits_is_lifted(
    client: Client, query: dict[str, str], lifted: int, left: list[str]
) -> None:
    answer = await client.delete("/v1/bans", params=query)
    assert (answer.status, await answer.json()) == (200, {"lifted": lifted})
    shown = await (await client.get("/v1/bans")).json()
    assert [ban["source"] for ban in shown["bans"]] == left


async def test_a_wrong_parameter_lifts_nothing(client: Client, bans: BanList) -> None:
    answer = await client.delete("/v1/bans", params={"sourc": "192.0.2.7"})
    assert (answer.status, "sourc" in (await answer.json())["detail"]) == (400, True)
    assert len(bans.standing()) == 3


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_who_is_no_user_neither_sees_nor_lifts(
    client: Client, bans: BanList, method: str
) -> None:
    for wrong in ({"Authorization": encode_basic_auth("admin", "x")}, {"Authorization": ""}):
        answer = await client.request(method, "/v1/bans", headers=wrong)
        assert answer.status == 401
        assert "bans" not in await answer.json()
    assert len(bans.standing()) == 3


async def test_the_log_has_what_was_lifted_and_nothing_else(client: Client) -> None:
    with capture_logs() as logs:
        await client.delete("/v1/bans", params={"source": "192.0.2.8"})
        assert not logs
        await client.delete("/v1/bans", params={"source": "192.0.2.7"})
    [line] = logs
    assert (line["event"], line["count"], line["log_level"]) == ("bans lifted", 1, "warning")
