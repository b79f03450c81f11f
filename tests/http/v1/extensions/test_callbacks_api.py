"""`/v1/extensions/{number}/callbacks`: shown and forgotten."""

from __future__ import annotations

from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.calls.features.callback_requests import CallbackRequests
from softswitch.http.users import Users
from softswitch.http.v1.extensions.callbacks_api import CallbacksApi
from tests.calls.scene import FakeJournal

LOGIN = {"Authorization": encode_basic_auth("admin", "s3cret")}
PATH = "/v1/extensions/1000/callbacks"


async def test_callbacks_are_shown_and_forgotten() -> None:
    requests = CallbackRequests(FakeJournal().write, lambda: 0.0)
    for wanted in ("1001", "1002"):
        await requests.ask("1000", wanted)
    await requests.ask("1003", "1001")
    app = web.Application()
    app.add_routes(CallbacksApi(requests, Users({"admin": "s3cret"})).routes())
    async with TestClient(TestServer(app, host="127.0.0.1"), headers=LOGIN) as client:
        for method in ("GET", "DELETE"):
            stranger = await client.request(method, PATH, headers={"Authorization": ""})
            assert stranger.status == 401
        assert await (await client.get(PATH)).json() == {"waits_for": ["1001", "1002"]}
        assert await (await client.delete(PATH)).json() == {"dropped": 2}
        assert await (await client.get(PATH)).json() == {"waits_for": []}
        assert len(requests.waiting()) == 1
