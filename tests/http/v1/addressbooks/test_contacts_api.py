"""Contacts of an address book: added, changed, removed, found; nobody overwrites another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.http.users import Users
from softswitch.http.v1.addressbooks.contacts_api import ContactsApi
from softswitch.http.v1.serving import problems
from softswitch.live.changes import Action, EntryChange
from softswitch.live.kinds_of_entries import BY_PLURAL
from softswitch.live.live_settings import LiveSettings
from softswitch.settings.exchange.users import HttpUser
from tests.live.conftest import Place

BOOKS = """
[[addressbooks]]
name = "fixed"
contacts = [{ name = "Reception", phone = "1000" }, { name = "Reception", phone = "1001" }]
"""
Client = TestClient[web.Request, web.Application]
ROLES = (HttpUser(username="admin"), HttpUser(username="desk", role="operator"))


@pytest_asyncio.fixture
async def live(tmp_path: Path) -> AsyncIterator[LiveSettings]:
    place = Place(tmp_path)
    place.write("[storage]", f"{BOOKS}[storage]")
    live = await place.open()
    added = EntryChange(action=Action.ADD, kind=BY_PLURAL["addressbooks"], body={"name": "a/b"})
    await live.change([added], "admin")
    yield live
    assert place.store is not None
    await place.store.close()


@pytest_asyncio.fixture
async def client(live: LiveSettings) -> AsyncIterator[Client]:
    users = Users({user.username: "pw" for user in ROLES}, settings=ROLES)
    app = web.Application(middlewares=[problems])
    app.add_routes(ContactsApi(live, users).routes())
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


async def ask(
    client: Client, method: str, path: str = "", body: object = None, **headers: str
) -> tuple[int, Any]:
    login = {"Authorization": encode_basic_auth(headers.pop("user", "admin"), "pw")}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = path if path.startswith("/v1") else f"/v1/addressbooks/a%2Fb/contacts{path}"
    async with client.request(method, url, json=body, headers=login | named) as answer:
        octets = await answer.read()
        return answer.status, await answer.json() if octets else answer.headers.get("ETag")


async def names(client: Client, query: str = "") -> list[str]:
    status, page = await ask(client, "GET", query)
    assert status == 200, page
    return [each["id"] for each in page["contacts"]]


async def test_from_the_first_to_the_last_of_a_contact(client: Client, live: LiveSettings) -> None:
    eva = {"name": "Eva <b>", "phone": "1000", "email": "eva@example.org"}
    status, shown = await ask(client, "POST", "", eva)
    assert (status, shown) == (201, {"id": "Eva <b>", **eva})
    assert (await ask(client, "POST", "", {"name": "Eva <b>"}))[1]["id"] == "Eva <b>~2"
    status, shown = await ask(client, "PUT", "/Eva%20%3Cb%3E", {"name": "Ada", "phone": "1001"})
    assert (status, shown) == (200, {"id": "Ada", "name": "Ada", "phone": "1001", "email": ""})
    assert await names(client) == ["Ada", "Eva <b>"]
    assert (await ask(client, "DELETE", "/Ada"))[0] == 204
    assert (await ask(client, "DELETE", "/Ada"))[0] == 404
    assert await names(client) == ["Eva <b>"]
    [book] = [each for each in live.now.settings.addressbooks if each.name == "a/b"]
    assert [each.name for each in book.contacts] == ["Eva <b>"]


async def test_contacts_are_found_and_paged(client: Client) -> None:
    for number in range(5):
        await ask(client, "POST", "", {"name": f"N{number}", "phone": f"100{number}"})
    await ask(client, "POST", "", {"name": "Post", "email": "Desk@example.org"})
    assert await names(client, "?limit=2&offset=1") == ["N1", "N2"]
    assert await names(client, "?text=DESK@") == ["Post"]
    assert await names(client, "?phone=1003") == ["N3"]
    assert await names(client, "?text=n&limit=1&offset=9") == []
    for query in ("?limit=0", "?limit=1001", "?offset=-1", "?colour=red"):
        assert (await ask(client, "GET", query))[0] == 400


async def test_changes_at_the_same_time_all_count(client: Client) -> None:
    answers = await asyncio.gather(
        *(ask(client, "POST", "", {"name": f"N{number}"}) for number in range(8))
    )
    assert [status for status, _ in answers] == [201] * 8
    assert sorted(await names(client)) == [f"N{number}" for number in range(8)]


async def test_who_has_seen_something_older_changes_nothing(client: Client) -> None:
    _, page = await ask(client, "GET")
    assert (await ask(client, "POST", "", {"name": "A"}, If_Match=page["etag"]))[0] == 201
    status, told = await ask(client, "POST", "", {"name": "B"}, If_Match=page["etag"])
    assert (status, await names(client)) == (412, ["A"]), told


async def test_the_book_of_the_file_is_seen_and_stays(client: Client) -> None:
    path = "/v1/addressbooks/fixed/contacts"
    _, page = await ask(client, "GET", path)
    assert (page["fixed"], page["total"]) == (True, 2)
    assert [each["id"] for each in page["contacts"]] == ["Reception", "Reception~2"]
    status, told = await ask(client, "POST", path, {"name": "Eva"})
    assert status == 409
    assert "fixed" in str(told)
    assert (await ask(client, "DELETE", f"{path}/Reception"))[0] == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400), ({"name": ""}, 400), ({"name": 7}, 400), ({"name": "x", "fax": "1"}, 400),
        ([], 400), ({"name": "x", "phone": "a b"}, 422), ({"name": "a\r\nb"}, 422),
        ({"name": "x" * 201}, 400),
    ],
)  # fmt: skip
async def test_a_wrong_contact_changes_nothing(client: Client, body: object, status: int) -> None:
    assert (await ask(client, "POST", "", body))[0] == status
    assert await names(client) == []


async def test_who_may_not_and_what_is_not_there(client: Client) -> None:
    assert (await ask(client, "POST", "", {"name": "A"}, user="desk"))[0] == 403
    assert (await ask(client, "GET", user="desk"))[0] == 200
    for name in ("none", "%2e%2e", "..%2f..%2fetc"):
        assert (await ask(client, "GET", f"/v1/addressbooks/{name}/contacts"))[0] == 404
    assert (await ask(client, "PUT", "/none", {"name": "A"}))[0] == 404
