"""`/v1/commands`: every command with all that a form needs, and requests made of it are read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.commands import BY_NAME, COMMANDS
from softswitch.commands.base.parameters import shape_of
from softswitch.http.fields import REQUEST_FIELDS
from softswitch.http.users import Users
from softswitch.http.v1.commands.commands_api import CommandsApi
from softswitch.http.v1.serving import problems
from softswitch.settings.exchange.users import HttpUser

ROLES = (HttpUser(username="crm", role="application", extensions=("1000",)),)
LOGIN = {"Authorization": encode_basic_auth("crm", "pw")}
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    app = web.Application(middlewares=[problems])
    app.add_routes(CommandsApi(Users({"crm": "pw"}, settings=ROLES)).routes())
    async with TestClient(TestServer(app, host="127.0.0.1"), headers=LOGIN) as client:
        yield client


async def fetch(client: Client, path: str = "") -> tuple[int, Any]:
    async with client.get(f"/v1/commands{path}") as answer:
        return answer.status, await answer.json()


async def test_every_command_is_declared_with_every_parameter(client: Client) -> None:
    status, told = await fetch(client)
    assert (status, told["total"]) == (200, len(COMMANDS))
    assert len(told["codes"]) > 10
    for command, shown in zip(COMMANDS, told["commands"], strict=True):
        assert shown["name"] == command.name()
        assert shown["summary"]
        assert shown["places"]
        assert shown["roles"][0] == "admin"
        parameters = shape_of(command).parameters
        assert [each["name"] for each in shown["parameters"]] == [each.name for each in parameters]
        for parameter, each in zip(parameters, shown["parameters"], strict=True):
            assert each["about"], (command.name(), each["name"])
            assert each["expected"]
            assert each["required"] is parameter.required
            for value in each["values"]:
                parameter.kind.read(value)
            if each["default"] and parameter.kind.name != "text":
                assert parameter.kind.read(each["default"]) == parameter.default
            if each["minimum"] is not None:
                parameter.kind.read(str(each["minimum"]))
                parameter.kind.read(str(each["maximum"]))
                with pytest.raises(ValueError, match=r".*"):
                    parameter.kind.read(str(each["maximum"] + 1))


async def test_the_example_of_every_request_is_read(client: Client) -> None:
    _, told = await fetch(client)
    queries = {shown["name"]: shown["query"] for shown in told["commands"] if shown["query"]}
    assert len(queries) > 20
    for name, query in queries.items():
        fields = dict(parse_qsl(query, keep_blank_values=True))
        wanted = BY_NAME[fields.pop("command").lower()]
        assert wanted.name() == name
        wanted.parse(fields, ignored=REQUEST_FIELDS)


async def test_one_command_by_its_name(client: Client) -> None:
    status, shown = await fetch(client, "/SPEAK")
    assert (status, shown["name"]) == (200, "Speak")
    status, told = await fetch(client, "/Speek")
    assert status == 404
    assert "did you mean Speak?" in str(told)
    for name in ("%2e%2e", "<b>", "x" * 5000):
        assert (await fetch(client, f"/{name}"))[0] == 404
