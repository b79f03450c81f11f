"""`/v1/calls` over calls of the simulated stage, and its description."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import make_mocked_request

from softswitch.calls.call.call import Call
from softswitch.http.users import Users
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.calls.calls_api import CallsApi
from softswitch.http.v1.calls.calls_json import MOST_CALLS, CallShown, CallsShown
from softswitch.http.v1.openapi import document as openapi_document
from tests.calls.scene import Scene, connected
from tests.calls.virtual_time import run

LOGIN = {"Authorization": encode_basic_auth("admin", "s3cret")}


class Bench:
    """The web API in front of a scene, without sockets."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.api = CallsApi(self.scene.calls, Users({"admin": "s3cret"}))

    async def list(self, query: str = "", **more: Any) -> web.Response:
        more = {"headers": LOGIN, "writer": Mock(output_size=0), **more}
        request = make_mocked_request("GET", f"/v1/calls{query}", **more)
        return await self._handled("/v1/calls", request)

    async def show(self, call_id: str, **more: Any) -> web.Response:
        request = make_mocked_request(
            "GET",
            f"/v1/calls/{call_id}",
            match_info={"call_id": call_id},
            **{"headers": LOGIN, **more},
        )
        return await self._handled("/v1/calls/{call_id}", request)

    async def _handled(self, path: str, request: web.Request) -> web.Response:
        """What the route of a path answers."""
        handler = next(each.handler for each in self.api.routes() if each.path == path)
        answered = await handler(request)  # type: ignore[arg-type, misc]
        assert isinstance(answered, web.Response)
        return answered

    async def many(self, count: int) -> list[Call]:
        """Calls of two parties that are up."""
        calls = []
        for number in range(count):
            call = self.scene.calls.new((f"c{number}", ""), "1001")
            for party in call.parties:
                party.audio.port = await self.scene.workers.open()
            self.scene.calls.add(call)
            calls.append(call)
        return calls


def body(answer: web.Response) -> bytes:
    expected = "json" if answer.status < 400 else "problem+json"
    assert answer.content_type == f"application/{expected}"
    assert isinstance(answer.body, bytes)
    return answer.body


def test_a_call_is_shown_while_it_is_up() -> None:
    async def story() -> None:
        bench = Bench()
        alice, bob = bench.scene.phone("1000"), bench.scene.phone("1001")
        a, _ = await connected(bench.scene, alice, bob)
        listed = msgspec.json.decode(body(await bench.list()), type=CallsShown)
        assert listed.total == 1
        (call,) = listed.calls
        assert (call.state.value, call.dialed) == ("InCall", "1001")
        assert (call.caller.number, call.callee.number) == ("1000", "1001")
        for party in (call.caller, call.callee):
            assert party.quality is not None
            assert (party.quality.lost_percent, party.quality.mos) == (5.0, 3.2)
        shown = json.loads(body(await bench.show(call.id)))
        assert datetime.fromisoformat(shown["started_at"]).utcoffset() is not None
        assert datetime.fromisoformat(shown["answered_at"]) == call.answered_at
        assert msgspec.convert(shown, CallShown) == call
        a.hangup()
        await bench.scene.settle()
        gone = await bench.show(call.id)
        assert gone.status == 404
        problem = msgspec.json.decode(body(gone), type=Problem)
        assert problem.detail == f"no call '{call.id}' is up"
        assert json.loads(body(await bench.list())) == {"total": 0, "calls": []}

    run(story())


def test_who_is_no_user_sees_nothing() -> None:
    async def story() -> None:
        bench = Bench()
        wrong = {"Authorization": encode_basic_auth("admin", "x")}
        for headers in ({}, wrong):
            for answer in (
                await bench.list(headers=headers),
                await bench.show("x", headers=headers),
            ):
                assert answer.status == 401
                assert "Basic" in answer.headers["WWW-Authenticate"]
                assert msgspec.json.decode(body(answer), type=Problem).detail
        by_query = await bench.list("?Username=admin&Password=s3cret", headers={})
        assert by_query.status == 200

    run(story())


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("?limit=0", "limit cannot be '0', expected a whole number from 1 to 100"),
        ("?limit=101", "limit cannot be '101', expected a whole number from 1 to 100"),
        ("?offset=x", "offset cannot be 'x', expected a whole number from 0"),
        ("?page=2", "unknown field 'page', expected one of limit, offset, quality"),
        ("?quality=maybe", "quality cannot be 'maybe', expected true or false"),
    ],
)
def test_wrong_parameters(query: str, part: str) -> None:
    async def story() -> None:
        answer = await Bench().list(query)
        assert answer.status == 400
        assert part in msgspec.json.decode(body(answer), type=Problem).detail

    run(story())


def test_a_long_list_never_floods_the_worker() -> None:
    async def story() -> None:
        bench = Bench()
        bench.scene.workers.free = 5_000
        calls = await bench.many(2_000)
        worker = bench.scene.workers.workers[0]
        answers = await asyncio.gather(*(bench.list("?limit=100&offset=1950") for _ in range(3)))
        assert worker.asked == 3 * 50 * 2
        assert worker.most_asking == 1
        listed = msgspec.json.decode(body(answers[0]), type=CallsShown)
        assert (listed.total, [call.id for call in listed.calls]) == (
            2_000,
            [call.id for call in calls[1950:]],
        )
        worker.asked = 0
        await bench.list("?limit=100")
        assert worker.asked == MOST_CALLS * 2

    run(story())


def test_every_reference_of_the_description_leads_somewhere() -> None:
    document = json.loads(openapi_document())
    schemas = document["components"]["schemas"]

    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if "$ref" in value else set()
            return own.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    assert references(document) == {f"#/components/schemas/{name}" for name in schemas}
    moments = schemas["CallShown"]["properties"]
    assert moments["started_at"]["format"] == "date-time"
    assert schemas["Quality"]["required"] == list(schemas["Quality"]["properties"])
