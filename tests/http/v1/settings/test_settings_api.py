"""`/v1/settings`: every key, its value, where it comes from, what waits; never a secret."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import BaseModel

from softswitch.http.users import Users
from softswitch.http.v1.serving import problems
from softswitch.http.v1.settings.settings_api import SettingsApi
from softswitch.live.changes import Action, EntryChange
from softswitch.live.effective import masked
from softswitch.live.kinds_of_entries import BY_PLURAL
from softswitch.live.live_settings import LiveSettings
from softswitch.settings.exchange.sentences import SentenceSettings
from softswitch.settings.exchange.users import HttpUser
from softswitch.settings.findings import models_in
from softswitch.settings.load import Settings
from tests.live.conftest import Place

MORE = """
[notifications]
incoming_call = "http://crm:s3cret@127.0.0.1:8080/in?token=t0ken&id=5"
[[connections]]
name = "sms"
type = "smpp"
host = "127.0.0.1"
system_id = "switch"
password = "s3cret"
"""
ROLES = (HttpUser(username="admin"), HttpUser(username="viewer", role="viewer"),
         HttpUser(username="crm", role="application", extensions=("1000",)))  # fmt: skip
Client = TestClient[web.Request, web.Application]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("SOFTSWITCH_HISTORY__KEEP_DAYS", "7")
    monkeypatch.setenv("SOFTSWITCH_GUARD", '{"trusted": ["192.0.2.0/24"]}')
    place = Place(tmp_path)
    place.write("[storage]", f"{MORE}[storage]")
    return place


@pytest_asyncio.fixture
async def live(place: Place) -> AsyncIterator[LiveSettings]:
    yield await place.open()
    assert place.store is not None
    await place.store.close()


@pytest_asyncio.fixture
async def client(live: LiveSettings) -> AsyncIterator[Client]:
    live.tell(tables=("sip.ring_time",))
    added = EntryChange(
        action=Action.ADD, kind=BY_PLURAL["extensions"], body={"number": "1005", "password": "pw5"}
    )
    await live.change([added], "admin")
    users = Users({user.username: "pw" for user in ROLES}, settings=ROLES)
    app = web.Application(middlewares=[problems])
    app.add_routes(SettingsApi(live, users).routes())
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


async def ask(client: Client, method: str, path: str, user: str = "admin") -> tuple[int, Any]:
    login = {"Authorization": encode_basic_auth(user, "pw")}
    async with client.request(method, f"/v1/settings{path}", headers=login) as answer:
        return answer.status, await answer.json()


async def keys(client: Client, query: str = "") -> dict[str, Any]:
    status, page = await ask(client, "GET", query)
    assert status == 200, page
    return {each["key"]: each for each in page["settings"]}


async def test_every_key_has_a_value_a_source_and_a_text(client: Client) -> None:
    found = await keys(client)
    scalars = {
        f"{table}.{name}"
        for table, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        for name in field.annotation.model_fields
    }
    shown = {".".join(key.split(".")[:2]).partition("[")[0] for key in found}
    assert scalars - shown == set()
    assert {"extensions", "trunks", "http.users"} <= found.keys()
    assert (found["sip.domain"]["source"], found["sip.max_contacts"]["source"]) == (
        "default", "default",
    )  # fmt: skip
    assert found["sip.domain"]["about"] == "Realm of the digest and home domain."
    assert found["media.ports"]["value"] == "10000-19999"
    assert found["sip.listen"]["value"] == ["udp:127.0.0.1:5060", "tcp:127.0.0.1:5060"]
    kept = found["history.keep_days"]
    assert (kept["value"], kept["source"], kept["variable"]) == (
        7, "environment", "SOFTSWITCH_HISTORY__KEEP_DAYS",
    )  # fmt: skip
    assert found["guard.trusted"]["source"] == "environment"
    assert found["guard.fetch_allow"]["source"] == "default"
    assert found["connections[0].host"]["source"] == "file"
    assert found["connections[0].port"]["source"] == "default"
    assert found["extensions"]["value"]["api"] == 1
    assert (found["extensions"]["source"], found["extensions"]["path"]) == (
        "api", "/v1/extensions",
    )  # fmt: skip
    assert found["sip.ring_time"]["reload"]
    assert not found["sip.domain"]["reload"]
    assert len([each for each in found.values() if each["about"]]) > 150


async def test_no_secret_is_shown(client: Client) -> None:
    status, page = await ask(client, "GET", "", "viewer")
    assert status == 200
    assert "s3cret" not in str(page)
    assert "t0ken" not in str(page)
    found = await keys(client)
    password = found["connections[0].password"]
    assert (password["secret"], password["value"]) == (True, "***")
    url = found["notifications.incoming_call"]["value"]
    assert url == "http://crm:***@127.0.0.1:8080/in?token=***&id=5"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://switch:pw@db/x", "postgresql://switch:***@db/x"),
        ("postgresql://switch:p@w@db/x", "postgresql://switch:***@db/x"),
        ("postgresql://switch@db/x?password=pw&a=b", "postgresql://switch@db/x?password=***&a=b"),
        ("https://a.example/b?api_key=1", "https://a.example/b?api_key=***"),
        ("https://a.example/b@c", "https://a.example/b@c"),
        ("Eva <eva@example.org>", "Eva <eva@example.org>"),
    ],
)
def test_passwords_in_urls_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def secret_fields(model: type[BaseModel]) -> Iterator[tuple[str, bool]]:
    """Every field of the settings that is called like a secret, and whether it is hidden."""
    for name, field in model.model_fields.items():
        if model is not SentenceSettings and name.endswith(("password", "pin", "secret", "token")):
            yield f"{model.__name__}.{name}", not field.repr
        for inner in models_in(field.annotation):
            yield from secret_fields(inner)


def test_what_is_called_like_a_secret_is_hidden() -> None:
    found = dict(secret_fields(Settings))
    assert len(found) > 3
    assert [name for name, hidden in found.items() if not hidden] == []


async def test_what_waits_for_a_restart_is_named_with_both_values(
    client: Client, place: Place, live: LiveSettings
) -> None:
    place.write('host = "127.0.0.1"', 'host = "192.0.2.2"')
    place.write("[storage]", "[sip]\nmax_contacts = 3\n[storage]")
    await live.reload()
    waiting = await keys(client, "?waiting=true")
    assert set(waiting) == {"sip.max_contacts", "connections[0].host"}
    assert (waiting["sip.max_contacts"]["value"], waiting["sip.max_contacts"]["waiting_value"]) == (
        10, 3,
    )  # fmt: skip


async def test_filters_and_pages(client: Client) -> None:
    assert set(await keys(client, "?source=environment")) == {
        "history.keep_days", "guard.trusted",
    }  # fmt: skip
    assert "sip.domain" in await keys(client, "?text=REALM%20of")
    first = list(await keys(client, "?limit=2"))
    assert list(await keys(client, "?limit=1&offset=1")) == first[1:]
    assert await keys(client, "?offset=1000000000") == {}
    for query in ("?limit=1001", "?offset=-1", "?source=hat", "?waiting=no", "?colour=red"):
        assert (await ask(client, "GET", query))[0] == 400


async def test_the_check_reads_the_file_and_changes_nothing(client: Client, place: Place) -> None:
    place.write("[storage]", "[sip]\nmax_contacts = 3\n[storage]")
    status, told = await ask(client, "POST", "/check")
    assert (status, told["after_restart"]) == (200, ["sip.max_contacts"])
    assert await keys(client, "?waiting=true") == {}
    place.write("max_contacts = 3", "max_contacts = 0\ncolour = 1")
    status, told = await ask(client, "POST", "/check")
    assert (status, told["total"]) == (422, 2)
    assert await keys(client, "?waiting=true") == {}


async def test_who_may_not(client: Client) -> None:
    assert (await ask(client, "GET", "", "crm"))[0] == 403
    assert (await ask(client, "POST", "/check", "viewer"))[0] == 403
