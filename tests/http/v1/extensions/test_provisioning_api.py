"""`/v1/extensions/{number}/provisioning`: the URL told, drawn, renewed."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from xml.etree import ElementTree

import pytest
import segno
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.http.provisioning.qr_codes import lines
from softswitch.http.users import Users
from softswitch.http.v1.extensions.provisioning_api import ProvisioningApi
from softswitch.store.database.changes import Change
from softswitch.store.errors import DatabaseAway
from tests.http.provisioning.test_phone_files import Switch

LOGIN = {"Authorization": encode_basic_auth("admin", "s3cret")}
PATH = "/v1/extensions/{}/provisioning"
Client = TestClient[web.Request, web.Application]


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
async def client(switch: Switch) -> AsyncIterator[Client]:
    app = web.Application()
    users = Users({"admin": "s3cret"})
    app.add_routes(ProvisioningApi(switch.files.facts, switch.urls, users).routes())
    async with TestClient(TestServer(app, host="127.0.0.1"), headers=LOGIN) as client:
        yield client


async def test_the_url_and_that_of_the_file(client: Client, switch: Switch) -> None:
    answer = await client.get(PATH.format("1001"))
    assert answer.headers["Cache-Control"] == "no-store"
    assert await answer.json() == {
        "number": "1001",
        "model": "yealink",
        "url": switch.urls.url("1001"),
        "file_url": switch.urls.url("1001", "805ec0123456.cfg"),
    }
    bare = await (await client.get(PATH.format("1000"))).json()
    assert (bare["model"], bare["file_url"]) == (None, None)


async def test_another_model_may_be_asked_for(client: Client, switch: Switch) -> None:
    told = await (await client.get(PATH.format("1000"), params={"model": "linphone"})).json()
    assert told["file_url"] == switch.urls.url("1000", "linphone.xml")
    told = await (await client.get(PATH.format("1000"), params={"model": "snom"})).json()
    assert told["file_url"] is None, "its name has the hardware address, which is not known"
    answer = await client.get(PATH.format("1000"), params={"model": "nokia"})
    assert answer.status == 400
    assert "expected one of yealink, grandstream" in (await answer.json())["detail"]
    answer = await client.get(PATH.format("1000"), params={"modell": "snom"})
    assert answer.status == 400


async def test_the_picture_is_the_code_of_the_url(client: Client, switch: Switch) -> None:
    answer = await client.get(PATH.format("1000") + "/qr", params={"model": "linphone"})
    assert answer.content_type == "image/svg+xml"
    assert answer.headers["Cache-Control"] == "no-store"
    picture = await answer.read()
    ElementTree.fromstring(picture)
    drawn = io.BytesIO()
    code = segno.make(switch.urls.url("1000", "linphone.xml"), error="m", micro=False)
    code.save(drawn, kind="svg", scale=6, light="white", xmldecl=True)
    assert picture == drawn.getvalue()


def test_the_terminal_shows_every_module() -> None:
    url = "https://pbx.example.org/provisioning/1000/s3cret/linphone.xml"
    modules = [list(row) for row in segno.make(url, error="m", micro=False).matrix_iter(border=2)]
    dark = {"█": (0, 0), "▀": (0, 1), "▄": (1, 0), " ": (1, 1)}
    shown: list[list[int]] = []
    for line in lines(url):
        shown += [[dark[each][half] for each in line] for half in (0, 1)]
    assert shown[: len(modules)] == modules
    assert len(shown) - len(modules) in (0, 1)


async def test_renewing_changes_the_url_of_that_phone_only(client: Client, switch: Switch) -> None:
    before = switch.urls.url("1000"), switch.urls.url("1001")
    answer = await client.post(PATH.format("1000") + "/renew")
    assert (await answer.json())["url"] == switch.urls.url("1000")
    assert switch.urls.url("1000") != before[0]
    assert switch.urls.url("1001") == before[1]


async def test_what_the_database_does_not_take_changes_nothing(
    client: Client, switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(change: Change) -> None:
        raise DatabaseAway("the database is away")

    monkeypatch.setattr(switch.urls, "_write", away)
    before = switch.urls.url("1000")
    answer = await client.post(PATH.format("1000") + "/renew")
    assert answer.status == 503
    assert switch.urls.url("1000") == before


@pytest.mark.parametrize("number", ["600", "7777"])
async def test_what_has_no_phone_has_no_url(client: Client, number: str) -> None:
    for path in ("", "/qr"):
        assert (await client.get(PATH.format(number) + path)).status == 404
    assert (await client.post(PATH.format(number) + "/renew")).status == 404


async def test_users_only(client: Client) -> None:
    for path in ("", "/qr"):
        answer = await client.get(PATH.format("1000") + path, headers={"Authorization": "Basic x"})
        assert answer.status == 401
    answer = await client.post(PATH.format("1000") + "/renew", headers={"Authorization": "Basic x"})
    assert answer.status == 401
