"""`/v1/voicemail/removed`: what an extension has left is shown, and put back on request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.calls.voicemail.removed import RemovedMailboxes
from softswitch.http.users import Users
from softswitch.http.v1.voicemail.removed_api import RemovedMailboxesApi
from softswitch.http.v1.voicemail.voicemail_api import VoicemailApi
from tests.calls.voicemail.boxes import Rows, left, mailboxes

LOGIN = {"Authorization": encode_basic_auth("admin", "s3cret")}
REMOVED = "/v1/voicemail/removed"
Client = TestClient[web.Request, web.Application]


@pytest.fixture
def removed(tmp_path: Path) -> RemovedMailboxes:
    return RemovedMailboxes(mailboxes(tmp_path, Rows()))


@pytest.fixture
async def client(removed: RemovedMailboxes) -> AsyncIterator[Client]:
    app, users = web.Application(), Users({"admin": "s3cret"})
    app.add_routes(VoicemailApi(removed._mailboxes, users).routes())
    app.add_routes(RemovedMailboxesApi(removed, users).routes())
    async with TestClient(TestServer(app, host="127.0.0.1"), headers=LOGIN) as client:
        yield client


async def test_a_removed_mailbox_is_shown_and_put_back(
    client: Client, removed: RemovedMailboxes
) -> None:
    await left(removed._mailboxes)
    assert await (await client.get(REMOVED)).json() == {"removed": []}
    await removed.forget(["1001"])
    (shown,) = (await (await client.get(REMOVED)).json())["removed"]
    assert (shown["number"], shown["messages"]) == ("1001", 1)
    assert shown["kept_until"] > shown["removed_at"]
    messages = "/v1/voicemail/1001/messages"
    assert await (await client.get(messages)).json() == {"messages": []}
    answer = await client.post(f"{REMOVED}/{shown['id']}/restore")
    assert (answer.status, await answer.json()) == (200, shown)
    assert len((await (await client.get(messages)).json())["messages"]) == 1
    assert (await client.post(f"{REMOVED}/{shown['id']}/restore")).status == 404


async def test_nobody_else_sees_them(client: Client) -> None:
    nobody = {"Authorization": encode_basic_auth("admin", "wrong")}
    assert (await client.get(REMOVED, headers=nobody)).status == 401
    assert (await client.post(f"{REMOVED}/x/restore", headers=nobody)).status == 401


async def test_a_number_without_a_mailbox_gets_none(
    client: Client, removed: RemovedMailboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await left(removed._mailboxes)
    await removed.forget(["1001"])
    (kept,) = await removed.all()
    monkeypatch.setattr(removed._mailboxes, "settings", lambda _: None)
    answer = await client.post(f"{REMOVED}/{kept.id}/restore")
    assert answer.status == 404
    assert (await answer.json())["detail"] == "1001 has no mailbox now"
    assert await removed.all() == [kept]
