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
from softswitch.http.v1 import bodies, mistakes_json
from softswitch.http.v1.entries import changes_api
from softswitch.http.v1.entries.changes_api import ChangesApi
from softswitch.http.v1.entries.collections import COLLECTIONS
from softswitch.http.v1.entries.entries_api import EntriesApi
from softswitch.http.v1.serving import problems
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
    app = web.Application(middlewares=[problems])
    app.add_routes(ChangesApi(live, live.reload, users).routes())
    app.add_routes(EntriesApi(live, users).routes())
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
    assert (status, problem["detail"][:5]) == (412, "admin")
    status, problem = await ask(client, "PATCH", "extensions/1005", {"name": "X"})
    assert status == 428
    assert "If-Match" in problem["detail"]
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
    assert (status, problem["detail"]) == (
        409, "extension 1000 is fixed in softswitch.toml: change it there and reload",
    )  # fmt: skip
    status, problem = await ask(client, "POST", "groups", {"number": "700", "members": ["9"]})
    assert status == 422
    assert problem["mistakes"] == [
        {
            "where": "extension 700: members",
            "wrong": "expected an extension, not '9'",
            "change": 0,
            "field": "members",
        }
    ]
    for body in ([], "text", None, 7):
        status, problem = await ask(client, "POST", "extensions", body)
        assert (status, "expected" in problem["detail"].lower()) == (400, True), body
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
    assert status == 422
    for position in (10**10, -(10**10)):  # more than a column of a database holds
        route = {"number": "1*", "to": "extension:*"}
        far = [{"action": "add", "collection": "routes", "entry": route, "position": position}]
        assert (await ask(client, "POST", "changes", {"changes": far}))[0] == 422
    changes = [{"action": "add", "collection": "toys"}]
    status, problem = await ask(client, "POST", "changes", {"changes": changes})
    assert status == 422
    assert problem["detail"].startswith("nothing is changed: changes[0].collection: expected")


ALL_WRONG: list[tuple[Any, list[tuple[str, str, str]]]] = [
    (
        {"action": "ad", "colection": "groups"},
        [
            (
                "changes[0].action",
                "action",
                "expected one of add, change, replace, remove, not 'ad', did you mean add?",
            ),
            ("changes[0].colection", "colection", "unknown field, did you mean collection?"),
            ("changes[0].collection", "collection", "missing, expected a text"),
        ],
    ),
    (7, [("changes[1]", "", "expected an object, not a number")]),
    (
        {"action": "add", "collection": "calendar", "entry": {}},
        [("changes[2].collection", "collection", "did you mean calendars?")],
    ),
    (
        {
            "action": "add",
            "collection": "groups",
            "entry": {"number": "700", "strategy": "in-tern", "members": ["99", "1605"]},
        },
        [
            ("extension 700: strategy", "strategy", "not 'in-tern', did you mean in-turn?"),
            ("extension 700: members", "members", "expected an extension, not '99'"),
        ],
    ),
    (
        {
            "action": "add",
            "collection": "extensions",
            "entry": {"number": "1605", "ring_time": -1, "rings": 2},
        },
        [
            ("extension 1605: ring_time", "ring_time", "expected more than 0"),
            ("extension 1605: rings", "rings", "unknown key, did you mean rights?"),
        ],
    ),
    (
        {"action": "add", "collection": "phones", "entry": {"number": "1605"}},
        [("extension 1605", "", "is there already, added by changes[4], expected another")],
    ),
    (
        {"action": "add", "collection": "phones", "entry": {"range": "1604-1606"}},
        [("extension 1604-1606", "", "1605 is already in extension 1605, expected it once")],
    ),
    (
        {"action": "add", "collection": "routes", "entry": {"number": "9*", "to": "trunk:carier"}},
        [
            (
                "route 9*: to",
                "to",
                "expected the name of a trunk, not 'carier', did you mean carrier?",
            )
        ],
    ),
    (
        {"action": "add", "collection": "groups", "entry": {"number": "7", "type": "phone"}},
        [("extension 7: type", "type", "expected 'group', or no type, here")],
    ),
    (
        {"action": "change", "collection": "trunks", "name": "nobody", "entry": {}},
        [("trunk nobody", "", "is not there")],
    ),
    (
        {"action": "remove", "collection": "trunks"},
        [("trunk", "", "expected the name of an entry")],
    ),
    (
        {"action": "remove", "collection": "phones", "name": "1000"},
        [("extension 1000", "", "is fixed in softswitch.toml: change it there and reload")],
    ),
]


async def test_every_mistake_of_many_changes_is_told_with_its_place(client: Client) -> None:
    changes = [change for change, _ in ALL_WRONG]
    status, problem = await ask(client, "POST", "changes", {"changes": changes})
    assert status == 422
    told = [
        (each.get("change"), each["where"], each.get("field", "")) for each in problem["mistakes"]
    ]
    wanted = [
        (index, where, field)
        for index, (_, mistakes) in enumerate(ALL_WRONG)
        for where, field, _ in mistakes
    ]
    assert told == wanted
    sentences = [sentence for _, mistakes in ALL_WRONG for *_, sentence in mistakes]
    for each, sentence in zip(problem["mistakes"], sentences, strict=True):
        assert each["wrong"].endswith(sentence)
    assert problem["total"] == len(wanted)


async def test_an_answer_has_so_many_mistakes_at_most(client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(mistakes_json, "MOST_MISTAKES", 3)
    entries = ({"name": str(each)} for each in range(5))
    changes = [{"action": "add", "collection": "trunks", "entry": each} for each in entries]
    status, problem = await ask(client, "POST", "changes", {"changes": changes})
    assert (status, problem["total"], len(problem["mistakes"])) == (422, 5, 3)
    assert problem["detail"].endswith("and 4 more")


async def test_a_dry_run_changes_nothing_and_makes_no_password(
    client: Client, place: Place
) -> None:
    add = {"action": "add", "collection": "phones", "entry": {"number": "1005"}}
    wrong = {"action": "add", "collection": "groups", "entry": {"number": "700", "members": ["9"]}}
    given = {"changes": [add], "dry_run": True}
    kept = place.path.parent / "passwords.json"
    assert await ask(client, "POST", "changes", given) == (200, {"changed": 1, "dry_run": True})
    status, problem = await ask(client, "POST", "changes", {**given, "changes": [add, wrong]})
    assert (status, [each["change"] for each in problem["mistakes"]]) == (422, [1])
    assert (await ask(client, "GET", "extensions/1005"))[0] == 404
    assert not kept.exists()
    assert (await ask(client, "POST", "changes", {"changes": [add, wrong]}))[0] == 422
    assert not kept.exists(), "what is refused makes no password either"
    assert (await ask(client, "POST", "changes", {"changes": [add]}))[0] == 200
    assert "1005" in kept.read_text()


async def test_a_collection_of_one_type_takes_no_other(client: Client) -> None:
    body = {"number": "700", "type": "phone"}
    status, problem = await ask(client, "POST", "groups", body)
    assert (status, problem["mistakes"][0]["where"]) == (422, "extension 700: type")


async def test_a_name_that_is_nearly_there_is_told(client: Client) -> None:
    status, problem = await ask(client, "GET", "trunks/carier")
    assert (status, problem["detail"]) == (404, "no trunk 'carier', did you mean carrier?")


async def test_a_number_of_a_range_is_told_by_its_range(client: Client) -> None:
    problem = (await ask(client, "GET", "extensions/2003"))[1]
    part = "it is part of the entry 2000-2009: see /v1/extensions/2000-2009"
    assert problem["detail"] == f"no extension '2003' of its own, {part}"
    assert (await ask(client, "GET", "extensions/2000-2009"))[0] == 200
    for other in ("2010", "02003", "200", "1999"):
        assert "part of" not in (await ask(client, "GET", f"extensions/{other}"))[1]["detail"]


async def test_a_range_is_no_number(client: Client) -> None:
    status, problem = await ask(client, "POST", "extensions", {"number": "2010-2019"})
    assert (status, problem["mistakes"][0]["where"]) == (422, "extension 2010-2019: number")
    assert "expected `range` for several numbers" in problem["mistakes"][0]["wrong"]
    assert (await ask(client, "GET", "extensions/2010-2019"))[0] == 404


async def test_conflicts_of_many_changes_are_told_together(client: Client) -> None:
    changes = [
        {"action": "add", "collection": "extensions", "entry": {"number": "1000"}},
        {"action": "remove", "collection": "extensions", "name": "1999"},
        {"action": "add", "collection": "extensions", "entry": {"number": "1005"}},
    ]
    status, problem = await ask(client, "POST", "changes", {"changes": changes})
    assert status == 422
    assert [(each["change"], each["where"], each["wrong"]) for each in problem["mistakes"]] == [
        (
            0,
            "extension 1000",
            "is there already, fixed in softswitch.toml, expected another",
        ),
        (1, "extension 1999", "is not there"),
    ]  # fmt: skip


async def test_a_body_that_is_too_long_is_not_kept(client: Client) -> None:
    long = {"name": "x" * bodies.LARGEST}
    async with client.post("/v1/addressbooks", json=long) as answer:
        assert answer.status == 413
    async with client.post("/v1/changes", json={"changes": [long]}) as answer:
        assert answer.status == 422, "many changes have more room"
    async with client.post("/v1/changes", data=bytes(changes_api.LARGEST + 1)) as answer:
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
