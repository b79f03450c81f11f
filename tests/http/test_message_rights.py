"""The message dialects of `/api` keep users to their rights, and applications to their senders."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import Mock

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.http.adapter import CommandApi
from softswitch.http.messages.messages_api import MessagesApi
from softswitch.http.users import Users
from softswitch.settings.exchange.users import HttpUser

Client = TestClient[web.Request, web.Application]
ROLES = (
    HttpUser(username="viewer", role="viewer"),
    HttpUser(username="application", role="application", extensions=("1000",)),
    HttpUser(username="far", networks=("192.0.2.0/24",)),
)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    users = Users({user.username: "pw" for user in ROLES}, settings=ROLES)
    messages = Mock(connections={})  # nothing of it is reached: who may not is refused before
    messages.send.side_effect = AssertionError
    app = web.Application()
    app.add_routes(CommandApi(Mock(), users, MessagesApi(messages, users)).routes())
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


async def ask(
    client: Client, user: str, action: str, body: object = None, originator: str = "2000"
) -> tuple[int, Any]:
    login = {"Authorization": encode_basic_auth(user, "pw")}
    method = "POST" if body is not None else "GET"
    url = f"/api?action={action}&responseformat=json&recipient=1&messagedata=x"
    url += f"&originator={originator}"
    async with client.request(method, url, json=body, headers=login) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize(
    ("user", "action", "word"),
    [
        ("viewer", "sendmsg", "FORBIDDEN_USER"),
        ("viewer", "SendMsg", "FORBIDDEN_USER"),
        ("viewer", "deletemsg", "FORBIDDEN_USER"),
        ("viewer", "markmsg", "FORBIDDEN_USER"),
        ("far", "receivemsg", "FORBIDDEN_ADDRESS"),
    ],
)
async def test_the_json_dialect_refuses(client: Client, user: str, action: str, word: str) -> None:
    status, told = await ask(client, user, action, {"messages": [{}], "message_ids": ["a"]})
    assert (status, told["http_code"], told["response_code"]) == (403, 403, word)


@pytest.mark.parametrize(
    ("user", "action", "code"),
    [
        ("viewer", "sendmessage", "306"),
        ("viewer", "receivemessage", "306"),
        ("application", "sendmessage", "306"),
        ("far", "receivemessage", "307"),
    ],
)
async def test_the_older_dialect_refuses(client: Client, user: str, action: str, code: str) -> None:
    _, told = await ask(client, user, action)
    assert told["response"]["data"]["errorcode"] == code


@pytest.mark.parametrize(
    "message",
    [
        {"from_address": "2000", "to_address": "1", "text": "x"},
        {"from_address": "1000@evil.example", "to_address": "1", "text": "x"},
        {"from_connection": "admin@localhost", "text": "stop"},
    ],
)
async def test_an_application_sends_in_no_other_name(client: Client, message: object) -> None:
    status, told = await ask(client, "application", "sendmsg", {"messages": [message]})
    (sent,) = told["data"]["messages"]
    assert (status, sent["status"]) == (200, "FAILED")
    assert "application" in sent["status_message"]


@pytest.mark.parametrize("sender", ["2000", "1000@evil.example", "1000@localhost"])
async def test_an_application_names_no_other_originator(client: Client, sender: str) -> None:
    _, told = await ask(client, "application", "sendmessage", originator=sender)
    assert told["response"]["data"]["errorcode"] == "306"
