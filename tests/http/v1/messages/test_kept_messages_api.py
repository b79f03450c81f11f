"""`/v1/messages` over real messages on a real store: listed, sent, shown, deleted, by whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.http.users import Users
from softswitch.http.v1.messages.kept_messages_api import KeptMessagesApi
from softswitch.http.v1.serving import problems
from softswitch.messaging.connections.connection import Arrival, Later
from softswitch.messaging.queue.messages import Messages
from softswitch.settings.exchange.users import HttpUser
from tests.messaging.scene import FakeConnection, messages_on, state_of, until

ROLES = (
    HttpUser(username="admin"),
    HttpUser(username="viewer", role="viewer"),
    HttpUser(username="crm", role="application", extensions=("1000",)),
)
Client = TestClient[web.Request, web.Application]


@pytest.fixture
def sms() -> FakeConnection:
    return FakeConnection("sms")


@pytest.fixture
async def messages(tmp_path: Path, sms: FakeConnection) -> AsyncIterator[Messages]:
    async with messages_on(tmp_path, [sms]) as messages:
        yield messages


@pytest.fixture
async def client(messages: Messages) -> AsyncIterator[Client]:
    users = Users({user.username: "pw" for user in ROLES}, settings=ROLES)
    app = web.Application(middlewares=[problems])
    app.add_routes(KeptMessagesApi(messages, users).routes())
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


async def ask(
    client: Client, method: str, path: str = "", *, user: str = "admin", **more: Any
) -> tuple[int, Any]:
    login = {"Authorization": encode_basic_auth(user, "pw")}
    async with client.request(method, f"/v1/messages{path}", headers=login, **more) as answer:
        return answer.status, await answer.json() if answer.status != 204 else None


async def test_a_message_that_is_sent_is_on_disk_when_the_answer_comes(
    client: Client, messages: Messages, sms: FakeConnection
) -> None:
    sms.raises = [Later("down", seconds=3600)]
    given = {"to": "+361", "text": "Grüße <b>", "from": "1000", "tags": {"order": "7"}}
    status, shown = await ask(client, "POST", json=given)
    assert (status, shown["state"], shown["folder"], shown["user"]) == (
        201, "queued", "outbox", "admin",
    )  # fmt: skip
    assert (shown["from"], shown["to"], shown["text"]) == ("1000", "+361", "Grüße <b>")
    kept = await messages._disk.find_message(shown["id"])
    assert kept is not None
    assert kept.tags == {"order": "7"}
    assert (await ask(client, "GET", f"/{shown['id']}"))[1]["id"] == shown["id"]


async def test_a_second_message_with_the_same_id_is_the_same(
    client: Client, sms: FakeConnection
) -> None:
    given = {"to": "+361", "text": "once", "id": "order 7/1"}
    assert (await ask(client, "POST", json=given))[0] == 201
    status, shown = await ask(client, "POST", json=given)
    assert (status, shown["id"]) == (200, "order 7/1")
    assert (await ask(client, "GET"))[1]["total"] == 1
    assert (await ask(client, "GET", "/order%207%2F1"))[0] == 200


async def test_folders_users_words_and_pages(client: Client, messages: Messages) -> None:
    for number in range(5):
        await messages.arrived(
            Arrival(
                connection="sms",
                text=f"100% of {number}",
                to_address="1",
                from_address=f"+{number}",
            )
        )
    await messages.arrived(Arrival(connection="sms", text="of crm", to_address="1", user="crm"))
    _, sent = await ask(client, "POST", json={"to": "+36", "text": "out"})
    await state_of(messages, sent["id"], "sent")

    async def texts(query: str, user: str = "admin") -> tuple[int, list[str]]:
        status, page = await ask(client, "GET", f"?{query}", user=user)
        assert status == 200, page
        return page["total"], [each["text"] for each in page["messages"]]

    assert (await texts("folder=sent")) == (1, ["out"])
    assert (await texts("folder=inbox&user=crm")) == (1, ["of crm"])
    assert (await texts("limit=2&offset=1&order=oldest")) == (7, ["100% of 1", "100% of 2"])
    assert (await texts("address=%2B3")) == (1, ["100% of 3"])
    assert (await texts("text=0%25%20OF%204")) == (1, ["100% of 4"])
    assert (await texts("text=%25")) == (5, [f"100% of {n}" for n in (4, 3, 2, 1, 0)])
    assert (await texts("connection=sms&state=received"))[0] == 6
    assert (await texts("until=2001-01-01")) == (0, [])
    assert (await texts("offset=1000000000")) == (7, [])
    # An application has its own folders, whatever it asks for.
    assert (await texts("user=admin", "crm")) == (1, ["of crm"])
    assert (await texts("", "viewer"))[0] == 7


async def test_deleting_moves_and_then_removes_and_ends_the_sending(
    client: Client, messages: Messages, sms: FakeConnection
) -> None:
    sms.raises = [Later("down", seconds=3600)]
    _, sent = await ask(client, "POST", json={"to": "+361", "text": "never"})
    await until(lambda: not sms.raises and not messages.lanes["sms"].held)
    path = f"/{sent['id']}"
    assert await ask(client, "DELETE", path) == (204, None)
    assert (await ask(client, "GET"))[1]["total"] == 0
    assert (await ask(client, "GET", "?folder=deleted"))[1]["total"] == 1
    messages.wake("sms")
    await ask(client, "POST", json={"to": "+361", "text": "other"})
    await until(lambda: bool(sms.sent))
    assert [message.text for message in sms.sent] == ["other"]
    assert await ask(client, "DELETE", path) == (204, None)
    assert (await ask(client, "GET", path))[0] == 404
    assert (await ask(client, "DELETE", path))[0] == 404


async def test_who_may_not(client: Client, messages: Messages) -> None:
    await messages.arrived(Arrival(connection="sms", text="secret", to_address="1"))
    _, page = await ask(client, "GET")
    path = f"/{page['messages'][0]['id']}"
    assert (await ask(client, "GET", path, user="crm"))[0] == 404
    assert (await ask(client, "DELETE", path, user="crm"))[0] == 404
    assert (await ask(client, "DELETE", path, user="viewer"))[0] == 403
    given = {"to": "+361", "text": "x", "from": "2000"}
    assert (await ask(client, "POST", json=given, user="crm"))[0] == 403
    assert (await ask(client, "POST", json=given, user="viewer"))[0] == 403
    assert (await ask(client, "GET", path, user="nobody"))[0] == 401
    assert (await ask(client, "GET", path))[0] == 200


@pytest.mark.parametrize(
    ("given", "status", "named"),
    [
        ({"text": "x"}, 400, "to: missing"),
        ({"to": "", "text": "x"}, 400, "to"),
        ({"to": 5, "text": "x"}, 400, "to"),
        ({"to": "1", "text": ["x"]}, 400, "text"),
        ({"to": "1", "text": "x" * 65_537}, 400, "text"),
        ({"to": "1", "text": "x", "kind": "fax"}, 400, "kind"),
        ({"to": "1", "text": "x", "too": "y"}, 400, "too"),
        ({"to": "1", "text": "x", "tags": {"a": 1}}, 400, "tags.a"),
        ({"to": "1", "text": "x", "time_to_send": "soon"}, 400, "time_to_send"),
        ({"to": "1\r\nBcc: all", "text": "x"}, 422, "control characters"),
        ({"to": "1", "text": "a\0b"}, 422, "NUL"),
        ({"to": "1", "text": "x", "connection": "fax@localhost"}, 422, "fax"),
        ([], 400, "object"),
    ],
)
async def test_what_cannot_be_sent(client: Client, given: Any, status: int, named: str) -> None:
    got, told = await ask(client, "POST", json=given)
    assert got == status
    assert named in str(told)
    assert (await ask(client, "GET"))[1]["total"] == 0


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", "limit"), ("limit=1001", "limit"), ("offset=-1", "offset"),
        ("offset=99999999999999999999", "offset"), ("folder=..", "folder"),
        ("since=x", "since"), ("order=up", "order"), ("colour=1", "colour"),
    ],
)  # fmt: skip
async def test_a_wrong_query_names_its_field(client: Client, query: str, named: str) -> None:
    status, told = await ask(client, "GET", f"?{query}")
    assert status == 400
    assert named in str(told)
