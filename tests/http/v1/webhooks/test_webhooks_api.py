"""`/v1/webhooks`: how each is doing; what was put aside is listed and sent again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.events.event_journal import EventJournal
from softswitch.events.webhooks.webhooks import Webhooks
from softswitch.guard.fetcher import Fetcher
from softswitch.http.users import Users
from softswitch.http.v1.serving import problems
from softswitch.http.v1.webhooks.webhooks_api import WebhooksApi
from softswitch.settings.exchange.events import WebhookSettings
from softswitch.settings.exchange.users import HttpUser
from softswitch.store.events.webhook_rows import FailureRow, save_failure
from softswitch.store.store import Store

SECRET = "whsec-0123456789abcdef"
USERS = (
    HttpUser(username="admin"),
    HttpUser(username="viewer", role="viewer"),
    HttpUser(username="app", role="application", extensions=("1000",)),
)
Client = TestClient[web.Request, web.Application]


def login(name: str) -> dict[str, str]:
    return {"Authorization": encode_basic_auth(name, "s3cret")}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """A switch with a webhook whose server takes nothing but event 7."""

    async def take(request: web.Request) -> web.Response:
        return web.Response(status=200 if request.headers["Softswitch-Event-Id"] == "7" else 500)

    store = await Store.open(f"sqlite:///{tmp_path}/switch.db", tmp_path / "calls.spool")
    for number in (7, 8):
        await store.write(
            save_failure(
                FailureRow(
                    webhook="crm", event=number, body="{}", attempts=5, error="no", failed_at=1.0
                )
            )
        )
    events = await EventJournal.open(store.journal, store.reader)
    receiver = web.Application()
    receiver.router.add_post("/hook", take)
    app = web.Application(middlewares=[problems])
    async with TestServer(receiver, host="127.0.0.1") as server, Fetcher() as fetcher:
        url = f"http://user:pass@127.0.0.1:{server.port}/hook?key=hidden"
        webhooks = Webhooks(events, fetcher, store.journal, store.reader)
        await webhooks.exchange([WebhookSettings(name="crm", url=url, secret=SECRET)])
        users = Users({each.username: "s3cret" for each in USERS}, settings=USERS)
        app.add_routes(WebhooksApi(webhooks, store.reader, users).routes())
        async with TestClient(TestServer(app, host="127.0.0.1")) as client:
            yield client
        await webhooks.close()
    await store.close()


async def test_the_list_tells_no_secret(client: Client) -> None:
    answer = await client.get("/v1/webhooks", headers=login("viewer"))
    text = await answer.text()
    assert answer.status == 200
    [shown] = (await answer.json())["webhooks"]
    assert (shown["name"], shown["put_aside"], shown["failing"]) == ("crm", 2, 0)
    for secret in (SECRET, "pass@", "hidden"):
        assert secret not in text


async def test_what_was_put_aside_is_sent_again(client: Client) -> None:
    path = "/v1/webhooks/crm/failures"
    page = await (await client.get(path, headers=login("viewer"))).json()
    assert [each["event"] for each in page["failures"]] == [7, 8]
    assert (await client.post(f"{path}/7/retry", headers=login("viewer"))).status == 403
    assert (await client.post(f"{path}/7/retry", headers=login("admin"))).status == 200
    refused = await client.post(f"{path}/8/retry", headers=login("admin"))
    assert refused.status == 502
    assert "answered 500" in await refused.text()
    page = await (await client.get(f"{path}?limit=1", headers=login("admin"))).json()
    assert (page["total"], [each["event"] for each in page["failures"]]) == (1, [8])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("crm/failures/9/retry", 404),
        ("crm/failures/x/retry", 404),
        (f"crm/failures/{'9' * 30}/retry", 404),
        ("other/failures/7/retry", 404),
    ],
)
async def test_what_is_not_there_is_named(client: Client, path: str, status: int) -> None:
    answer = await client.post(f"/v1/webhooks/{path}", headers=login("admin"))
    assert answer.status == status


async def test_an_application_sees_no_webhooks(client: Client) -> None:
    assert (await client.get("/v1/webhooks", headers=login("app"))).status == 403
