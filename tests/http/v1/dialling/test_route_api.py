"""`/v1/route`: a number is explained, and a question that makes no sense is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.routing import Routing
from softswitch.calls.numbers.rules.emergency import EmergencyTerms
from softswitch.calls.numbers.rules.route import Route
from softswitch.calls.numbers.rules.rules import Rules
from softswitch.calls.numbers.trunks import Trunks
from softswitch.cli.exchange.route import lines_of
from softswitch.http.users import Users
from softswitch.http.v1.dialling.route_api import RouteApi
from tests.calls.extensions import extension
from tests.calls.numbers.test_trunks import trunk

CODES = {"*65": "own_number", "112": "own_number"}
LOGIN = {"Authorization": encode_basic_auth("admin", "s3cret")}
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    directory = Directory(
        [
            extension("1000"),
            extension("1001"),
            extension("1002", forward_always="2000", do_not_disturb=True),
            extension("1003", do_not_disturb=True),
            extension("1004", do_not_disturb=True, forward_busy="2001"),
            extension("1005", forward_busy="2001", forward_no_answer="2002"),
        ]
    )
    rules = Rules(
        (
            Route(pattern="00*", trunk="carrier", extensions=frozenset({"1001"}), name="abroad"),
            Route(pattern="_0(X.)", trunk="carrier", called="+49{1}", caller="+4930{caller}"),
            Route(pattern="9", extension="1000"),
        ),
        emergency=EmergencyTerms(frozenset({"112"}), ("carrier",)),
    )
    plan = DialPlan(
        directory,
        Routing(directory, ["example.org"], rules),
        None,  # type: ignore[arg-type]
        Trunks([trunk()]),
        None,  # type: ignore[arg-type]
        None,  # type: ignore[arg-type]
    )
    app = web.Application()
    api = RouteApi(plan, lambda dialled: CODES.get(dialled, ""), Users({"admin": "s3cret"}))
    app.add_routes(api.routes())
    async with TestClient(TestServer(app, host="127.0.0.1"), headers=LOGIN) as client:
        yield client


async def ask(client: Client, **query: str) -> dict[str, Any]:
    answer = await client.get("/v1/route", params=query)
    assert answer.status == 200, await answer.text()
    told: dict[str, Any] = await answer.json()
    return told


@pytest.mark.parametrize("key", ["from", "extension"])
async def test_a_number_that_goes_out(client: Client, key: str) -> None:
    at = "2026-12-24T18:00:00+01:00"
    told = await ask(client, number="030123", at=at, **{key: "1000"})
    assert told["at"] == "2026-12-24T18:00:00+01:00" or told["at"].startswith("2026-12-24T")
    assert told["ways"] == [
        {"trunk": "carrier", "number": "+4930123", "caller": "+49301000"},
    ]
    assert [(step["rule"], step["takes"]) for step in told["steps"]] == [
        ("emergency numbers", False),
        ("extensions", False),
        ("abroad", False),
        ("_0(X.)", True),
        ("9", False),
    ]
    assert lines_of(told)[0] == "030123 goes out: carrier as +4930123 from +49301000"
    assert lines_of(told)[3] == "  3 – abroad → trunk:carrier: the number does not match"


async def test_every_other_end(client: Client) -> None:
    told = await ask(client, number="0043", trunk="carrier", caller="017155")
    assert told["status"] == 403
    assert lines_of(told)[0].startswith("0043 is refused with 403: calls from trunks")
    assert lines_of(await ask(client, number="9", trunk="carrier"))[0] == "9 rings extension 1000"
    assert lines_of(await ask(client, number="*65", extension="1000"))[0] == (
        "*65 is the service code own_number"
    )
    assert (await ask(client, number="*65"))["status"] == 404  # a command dials no codes
    emergency = await ask(client, number="112", extension="1000")
    assert emergency["emergency"]
    assert lines_of(emergency)[0] == "112 goes out: emergency call, carrier as 112"
    assert (await ask(client, number="0043", extension="1001"))["ways"][0]["number"] == "0043"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({}, "expected number"),
        ({"number": ""}, "number cannot be ''"),
        ({"number": "1" * 257}, "number cannot be '1111"),
        ({"number": "1", "extension": "1234"}, "extension cannot be '1234', there is no such one"),
        ({"number": "1", "trunk": "none"}, "trunk cannot be 'none', there is no such one"),
        ({"number": "1", "trunk": "carrier", "extension": "1000"}, "expected extension or trunk"),
        ({"number": "1", "at": "tomorrow"}, "at cannot be 'tomorrow', expected 2026-12-24T18:00"),
        ({"number": "1", "at": "9999-12-31T23:59"}, ""),
        ({"number": "1", "form": "1"}, "unknown field 'form', expected one of number, from, "),
        ({"number": "1", "from": "1234"}, "from cannot be '1234', there is no such one"),
        ({"number": "1", "from": "1000", "extension": "1000"}, "expected from or extension, not"),
        ({"number": "1", "trunk": "carrier", "from": "1000"}, "expected from or trunk, not both"),
    ],
)
async def test_a_question_that_makes_no_sense(
    client: Client, query: dict[str, str], sentence: str
) -> None:
    answer = await client.get("/v1/route", params=query)
    assert answer.status in ((400,) if sentence else (200, 400))
    if sentence:
        assert (await answer.json())["detail"].startswith(sentence)


async def test_only_users_are_told(client: Client) -> None:
    answer = await client.get("/v1/route?number=1", headers={"Authorization": "Basic eDp5"})
    assert answer.status == 401


@pytest.mark.parametrize(
    ("number", "becomes", "steps"),
    [
        ("1000", "", []),
        ("1002", "all of its calls are forwarded to 2000", ["forward_always"]),
        ("1003", "it does not want to be disturbed, so callers hear busy", ["do_not_disturb"]),
        (
            "1004",
            "it does not want to be disturbed, so calls are forwarded to 2001",
            ["do_not_disturb"],
        ),
        (
            "1005",
            "calls while it is busy are forwarded to 2001, "
            "calls that nobody answers are forwarded to 2002",
            [],
        ),
    ],
)
async def test_what_an_extension_makes_of_its_calls_is_told(
    client: Client, number: str, becomes: str, steps: list[str]
) -> None:
    told = await ask(client, number=number)
    assert told["becomes"] == becomes
    features = [step["rule"] for step in told["steps"]]
    assert [each for each in features if each in ("forward_always", "do_not_disturb")] == steps
    verdict = f"{number} rings extension {number}"
    assert lines_of(told)[0] == (f"{verdict}; {becomes}" if becomes else verdict)
