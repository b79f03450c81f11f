"""`/v1/extensions` and its neighbours: users only, ETags, and refusals that say what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.calls.kinds import KINDS
from softswitch.http.users import Users
from softswitch.http.v1.entries import bodies
from softswitch.http.v1.entries.changes_api import ChangesApi
from softswitch.http.v1.entries.collections import COLLECTIONS
from softswitch.http.v1.entries.entries_api import EntriesApi
from tests.live.conftest import Place

ADMIN = {"Authorization": encode_basic_auth("admin", "pw-admin")}
Client = TestClient[web.Request, web.Application]


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    opened = Place(tmp_path)
    yield opened
    if opened.store is not None:
        await opened.store.close()


@pytest_asyncio.fixture
async def client(place: Place) -> AsyncIterator[Client]:
    live = await place.open()
    users = Users(live.now.passwords.http)
    app, entries = web.Application(), EntriesApi(live, users)
    app.add_routes(ChangesApi(live, live.reload, entries).routes())
    app.add_routes(entries.routes())
    async with TestClient(TestServer(app, host="127.0.0.1"), headers=ADMIN) as client:
        yield client


async def ask(
    client: Client, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, Any]:
    """Status and what was answered as JSON; `If_Match` and so on are headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.request(method, f"/v1/{path}", json=body, headers=named) as answer:
        octets = await answer.read()
        return answer.status, await answer.json() if octets else None


async def test_from_the_first_to_the_last_of_an_extension(client: Client) -> None:
    body = {"number": "1005", "password": "s3cret", "name": "Eva"}
    async with client.post("/v1/extensions", json=body) as answer:
        assert answer.status == 201
        assert answer.headers["Location"] == "/v1/extensions/1005"
        etag = answer.headers["ETag"]
        added = await answer.json()
    assert added["entry"] == {"number": "1005", "type": "phone", "name": "Eva"}
    assert added["secrets"] == ["password"]
    assert (added["changed_by"], added["fixed"], added["etag"]) == ("admin", False, etag)
    assert await ask(client, "GET", "extensions/1005") == (200, added)
    status, changed = await ask(
        client, "PATCH", "extensions/1005", {"name": None, "ring_time": 9}, If_Match=etag
    )
    assert status == 200
    assert changed["entry"] == {"number": "1005", "type": "phone", "ring_time": 9}
    status, problem = await ask(client, "PATCH", "extensions/1005", {}, If_Match=etag)
    assert (status, problem["error"][:5]) == (412, "admin")
    status, problem = await ask(client, "PATCH", "extensions/1005", {"name": "X"})
    assert status == 428
    assert "If-Match" in problem["error"]
    status, replaced = await ask(
        client, "PUT", "extensions/1005", {"number": "1005"}, If_Match=f'"x", {changed["etag"]}'
    )
    assert (status, replaced["secrets"]) == (200, ["password"])
    assert (await ask(client, "DELETE", "extensions/1005", If_Match=etag))[0] == 412
    assert await ask(client, "DELETE", "extensions/1005", If_Match="*") == (204, None)
    assert (await ask(client, "GET", "extensions/1005"))[0] == 404


async def test_a_list_has_pages_and_the_entries_of_its_type(client: Client) -> None:
    await ask(client, "POST", "groups", {"number": "700", "members": ["1000"]})
    status, page = await ask(client, "GET", "extensions?offset=1&limit=2")
    assert (status, page["total"]) == (200, 4)
    assert [each["name"] for each in page["entries"]] == ["2000-2009", "600"]
    _, groups = await ask(client, "GET", "groups")
    assert [each["name"] for each in groups["entries"]] == ["700"]
    assert groups["entries"][0]["entry"]["type"] == "group"
    assert (await ask(client, "GET", "groups/1000"))[0] == 404
    assert (await ask(client, "GET", "extensions?limit=0"))[0] == 400
    assert (await ask(client, "DELETE", "phones/700", If_Match="*"))[0] == 404


def test_every_kind_of_extensions_has_a_path() -> None:
    assert {of.type for of in COLLECTIONS.values() if of.type} == {kind.name for kind in KINDS}
    assert {"groups", "conferences", "phones"} <= COLLECTIONS.keys()


async def test_what_is_refused_says_why(client: Client) -> None:
    status, problem = await ask(client, "PATCH", "extensions/1000", {"name": "X"}, If_Match="*")
    assert (status, problem["error"]) == (
        409, "extension 1000 is fixed in softswitch.toml: change it there and reload",
    )  # fmt: skip
    status, problem = await ask(client, "POST", "groups", {"number": "700", "members": ["9"]})
    assert status == 422
    assert problem["mistakes"] == [
        {"where": "extension 700: members", "wrong": "expected an extension, not '9'", "change": 0}
    ]
    for body in ([], "text", None, 7):
        status, problem = await ask(client, "POST", "extensions", body)
        assert (status, "expected" in problem["error"].lower()) == (400, True), body
    async with client.post(
        "/v1/extensions", data="{", headers={"Content-Type": "application/json"}
    ) as answer:
        assert answer.status == 400
    async with client.post("/v1/extensions", data={"number": "1005"}) as form:
        assert form.status == 400, "what a form of any page can send"
    assert (
        await ask(client, "POST", "routes", {"number": "1*", "to": "extension:*", "position": "x"})
    )[0] == 400


async def test_only_users_may_ask(client: Client) -> None:
    nobody = {"Authorization": ""}
    for method, path in (
        ("GET", "extensions"), ("POST", "extensions"), ("GET", "extensions/1000"),
        ("PATCH", "extensions/1000"), ("DELETE", "users/admin"), ("POST", "changes"),
        ("POST", "reload"),
    ):  # fmt: skip
        async with client.request(method, f"/v1/{path}", headers=nobody) as answer:
            assert answer.status == 401, (method, path)


async def test_many_changes_are_made_together_or_not_at_all(client: Client) -> None:
    changes: list[dict[str, Any]] = [
        {"action": "add", "collection": "groups", "entry": {"number": "700", "members": ["1005"]}},
        {"action": "add", "collection": "extensions", "entry": {"number": "1005"}},
        {"action": "add", "collection": "extensions", "entry": {"number": "10 06"}},
    ]
    status, problem = await ask(client, "POST", "changes", {"changes": changes})
    assert (status, [each["change"] for each in problem["mistakes"]]) == (422, [2])
    assert (await ask(client, "GET", "extensions/1005"))[0] == 404
    changes[2]["entry"]["number"] = "1006"
    assert await ask(client, "POST", "changes", {"changes": changes}) == (200, {"changed": 3})
    status, problem = await ask(client, "POST", "changes", {"changes": [{"action": "burn"}]})
    assert status == 400
    for position in (10**10, -(10**10)):  # more than a column of a database holds
        route = {"number": "1*", "to": "extension:*"}
        far = [{"action": "add", "collection": "routes", "entry": route, "position": position}]
        assert (await ask(client, "POST", "changes", {"changes": far}))[0] == 400
    changes = [{"action": "add", "collection": "toys"}]
    status, problem = await ask(client, "POST", "changes", {"changes": changes})
    assert (status, problem["error"][:31]) == (400, "changes[0].collection: expected")


async def test_conflicts_of_many_changes_are_told_together(client: Client) -> None:
    changes = [
        {"action": "add", "collection": "extensions", "entry": {"number": "1000"}},
        {"action": "remove", "collection": "extensions", "name": "1999"},
        {"action": "add", "collection": "extensions", "entry": {"number": "1005"}},
    ]
    status, problem = await ask(client, "POST", "changes", {"changes": changes})
    assert status == 422
    assert [(each["change"], each["wrong"][:14]) for each in problem["mistakes"]] == [
        (0, "extension 1000"), (1, "no extension '"),
    ]  # fmt: skip


async def test_a_body_that_is_too_long_is_not_kept(client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(bodies, "LARGEST", 100)
    async with client.post("/v1/addressbooks", json={"name": "x" * 200}) as answer:
        assert answer.status == 413


async def test_a_reload_by_http(client: Client, place: Place) -> None:
    place.write('"1000"', '"1001"')
    status, report = await ask(client, "POST", "reload")
    assert status == 200
    assert report["entries"] == {"extensions": {"added": 1, "changed": 0, "removed": 1}}
    place.write('type = "echo"', 'type = "eccho"')
    status, problem = await ask(client, "POST", "reload")
    assert status == 422
    assert "extensions #3 (number 600)" in problem["mistakes"][0]["wrong"]
    assert (await ask(client, "GET", "echoes/600"))[0] == 200
