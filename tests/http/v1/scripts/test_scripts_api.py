"""`/v1/scripts`: written, versioned, kept while used, checked and rehearsed; by whom."""

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
from softswitch.http.v1.scripts.scripts_api import ScriptsApi
from softswitch.http.v1.scripts.writing_api import WritingApi
from softswitch.http.v1.serving import problems
from softswitch.live.changes import Action, EntryChange
from softswitch.live.kinds_of_entries import BY_PLURAL
from softswitch.live.live_settings import LiveSettings
from softswitch.ozml.library.kept_scripts import ScriptLibrary
from softswitch.settings.exchange.users import HttpUser
from tests.live.conftest import Place

HELLO = "<Response>\n  <Speak>Grüße &lt;b&gt;</Speak>\n</Response>\n"
WRONG = "<Response>\n  <Speek>x</Speek>\n  <Beep Loud='1'/>\n</Response>"
ROLES = (HttpUser(username="admin"), HttpUser(username="viewer", role="viewer"),
         HttpUser(username="crm", role="application", extensions=("1000",)))  # fmt: skip
Client = TestClient[web.Request, web.Application]


@pytest_asyncio.fixture
async def live(tmp_path: Path) -> AsyncIterator[LiveSettings]:
    place = Place(tmp_path)
    yield await place.open()
    assert place.store is not None
    await place.store.close()


@pytest.fixture
def library(tmp_path: Path) -> ScriptLibrary:
    return ScriptLibrary(tmp_path / "scripts")


@pytest_asyncio.fixture
async def client(
    live: LiveSettings, library: ScriptLibrary, tmp_path: Path
) -> AsyncIterator[Client]:
    users = Users({user.username: "pw" for user in ROLES}, settings=ROLES)
    app = web.Application(middlewares=[problems])
    app.add_routes(WritingApi(tmp_path, users).routes())
    app.add_routes(ScriptsApi(library, live, users).routes())
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


async def ask(
    client: Client, method: str, path: str = "", body: object = None, **headers: str
) -> tuple[int, Any]:
    login = {"Authorization": encode_basic_auth(headers.pop("user", "admin"), "pw")}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"/v1/scripts{path}"
    async with client.request(method, url, json=body, headers=login | named) as answer:
        octets = await answer.read()
        return answer.status, await answer.json() if octets else None


async def test_from_the_first_to_the_last_version(client: Client, library: ScriptLibrary) -> None:
    status, first = await ask(client, "PUT", "/hello", {"text": HELLO})
    assert (status, first["version"], first["changed_by"], first["text"]) == (
        201,
        1,
        "admin",
        HELLO,
    )
    assert first["check"] == {"runs": True, "mistakes": []}
    assert library.read("hello").source == HELLO.encode()
    assert first["path"] == str(library.path_of("hello"))
    new = HELLO.replace("Grüße", "Hallo")
    assert (await ask(client, "PUT", "/hello", {"text": new}))[0] == 428
    status, second = await ask(client, "PUT", "/hello", {"text": new}, If_Match=first["etag"])
    assert (status, second["version"]) == (200, 2)
    assert (await ask(client, "PUT", "/hello", {"text": HELLO}, If_Match=first["etag"]))[0] == 412
    assert (await ask(client, "GET", "/hello"))[1] == second
    _, page = await ask(client, "GET")
    assert [each["name"] for each in page["scripts"]] == ["hello"]
    _, versions = await ask(client, "GET", "/hello/versions")
    assert [each["version"] for each in versions["versions"]] == [2, 1]
    assert (await ask(client, "GET", "/hello/versions/1"))[1]["text"] == HELLO
    assert (await ask(client, "DELETE", "/hello"))[0] == 428
    assert (await ask(client, "DELETE", "/hello", If_Match=second["etag"]))[0] == 204
    assert (await ask(client, "GET", "/hello"))[0] == 404
    assert (await ask(client, "GET", "/hello/versions"))[1]["total"] == 2


async def test_who_comes_second_does_not_overwrite(client: Client) -> None:
    _, first = await ask(client, "PUT", "/hello", {"text": HELLO})
    texts = [HELLO.replace("Grüße", f"{number}") for number in range(5)]
    answers = await asyncio.gather(
        *(ask(client, "PUT", "/hello", {"text": text}, If_Match=first["etag"]) for text in texts)
    )
    assert sorted(status for status, _ in answers) == [200, 412, 412, 412, 412]


async def test_a_script_that_answers_calls_stays_whole(client: Client, live: LiveSettings) -> None:
    _, script = await ask(client, "PUT", "/menu", {"text": HELLO})
    body = {"number": "700", "type": "ivr", "script": script["path"]}
    await live.change(
        [EntryChange(action=Action.ADD, kind=BY_PLURAL["extensions"], body=body)], "admin"
    )
    _, shown = await ask(client, "GET", "/menu")
    assert shown["extensions"] == ["700"]
    for path in ("/menu", "/menu?draft=true"):
        status, told = await ask(client, "PUT", path, {"text": WRONG}, If_Match="*")
        assert (status, told["total"]) == (422, 1)
        assert "700" in told["mistakes"][0]["where"]
        assert "2:3" in told["mistakes"][0]["where"]
    status, told = await ask(client, "DELETE", "/menu", If_Match="*")
    assert status == 409
    assert "700" in str(told)
    assert (await ask(client, "GET", "/menu"))[1]["text"] == HELLO


async def test_a_draft_may_be_wrong(client: Client) -> None:
    assert (await ask(client, "PUT", "/draft", {"text": WRONG}))[0] == 422
    status, shown = await ask(client, "PUT", "/draft?draft=true", {"text": WRONG})
    assert (status, shown["check"]["runs"]) == (201, False)


async def test_the_check_tells_all_mistakes_and_their_places(client: Client) -> None:
    status, told = await ask(client, "POST", "/check", {"text": WRONG}, user="crm")
    assert (status, told["runs"]) == (200, False)
    assert [(each["line"], each["column"], each["severity"]) for each in told["mistakes"]] == [
        (2, 3, "error"), (3, 3, "warning"),
    ]  # fmt: skip
    assert "did you mean <Speak>?" in told["mistakes"][0]["sentence"]
    assert "expected" in told["mistakes"][1]["sentence"]
    _, told = await ask(client, "POST", "/check", {"text": "<Response>"})
    assert [each["line"] for each in told["mistakes"]] == [1]
    route = {"text": "<Response><Route To='1000'/></Response>", "purpose": "RoutingInterception"}
    _, told = await ask(client, "POST", "/check", route)
    _, other = await ask(client, "POST", "/check", {**route, "purpose": "script"})
    assert other["runs"] is False
    many = "<Response>" + "<Speek/>" * 9000 + "</Response>"
    _, told = await ask(client, "POST", "/check", {"text": many})
    assert len(told["mistakes"]) == 1000


async def test_a_simulated_caller_hears_and_presses(client: Client) -> None:
    menu = (
        "<Response><UserInput Timeout='5'><InitialCommands><Speak>1 or 2</Speak></InitialCommands>"
        "<Inputs><Input Key='1'><Speak>one</Speak></Input></Inputs></UserInput></Response>"
    )
    _, told = await ask(client, "POST", "/simulate", {"text": menu}, user="crm")
    assert (told["end"], told["steps"][-1]["text"]) == ("asks", "“1 or 2”")
    _, told = await ask(client, "POST", "/simulate", {"text": menu, "keys": "1"})
    assert told["end"] == "ended"
    assert {"text": "“one”", "line": 1, "command": "Speak"} in told["steps"]


async def test_the_language_is_all_that_an_editor_needs(client: Client) -> None:
    status, told = await ask(client, "GET", "/language", user="viewer")
    assert status == 200
    names = {each["name"] for each in told["commands"]}
    assert {"Speak", "UserInput", "Route"} <= names
    assert "ListExtensions" not in names
    inside = next(each for each in told["commands"] if each["name"] == "UserInput")
    assert {each["name"] for each in inside["parts"]} >= {"Inputs", "InitialCommands"}
    assert {"callerid", "digits"} <= {each["name"] for each in told["variables"]}
    for example in told["examples"][:4]:
        _, checked = await ask(client, "POST", "/check", {"text": example["text"]})
        assert checked["runs"], example["title"]


@pytest.mark.parametrize(
    "name", ["%2e%2e", "..%2fsoftswitch", "a%2fb", "a.xml", "%00", "check", "x" * 65, "<b>"]
)
async def test_a_name_is_no_path(client: Client, name: str, tmp_path: Path) -> None:
    assert (await ask(client, "PUT", f"/{name}", {"text": HELLO}))[0] == 404
    assert (await ask(client, "GET", f"/{name}/versions"))[0] == 404
    assert (await ask(client, "GET", f"/{name}/versions/1"))[0] == 404
    assert (await ask(client, "DELETE", f"/{name}", If_Match="*"))[0] == 404
    assert [file.name for file in tmp_path.rglob("*.xml")] == []  # noqa: ASYNC240


@pytest.mark.parametrize(
    ("request_line", "body", "status"),
    [
        ("PUT /a", {}, 400), ("PUT /a", {"text": 5}, 400), ("PUT /a", [], 400),
        ("PUT /a", {"text": "x" * 1_000_001}, 400), ("PUT /a?draft=no", {"text": ""}, 400),
        ("PUT /a", {"text": "ä" * 600_000}, 413), ("PUT /a", {"text": ""}, 422),
        ("PUT /a", {"text": "x", "by": "me"}, 400), ("POST /check", {"text": None}, 400),
        ("POST /check", {"text": "", "purpose": "lunch"}, 400),
        ("POST /simulate", {"text": "", "keys": "x"}, 400),
        ("POST /simulate", {"text": "", "keys": "1" * 257}, 400),
        ("POST /simulate", {"text": "", "hears": ["music"]}, 400),
        ("GET ?limit=1001", None, 400), ("GET ?offset=-1", None, 400),
        ("GET /a/versions/x", None, 404), ("GET /a/versions/" + "9" * 50, None, 404),
    ],
)  # fmt: skip
async def test_what_cannot_be_read_changes_nothing(
    client: Client, library: ScriptLibrary, request_line: str, body: object, status: int
) -> None:
    method, _, path = request_line.partition(" ")
    got, told = await ask(client, method, path, body)
    assert got == status, told
    assert library.names() == []


async def test_who_may_not(client: Client) -> None:
    await ask(client, "PUT", "/hello", {"text": HELLO})
    for user, statuses in (("viewer", (200, 403, 403, 403)), ("crm", (403, 403, 403, 200))):
        asked = (
            await ask(client, "GET", "/hello", user=user),
            await ask(client, "PUT", "/hello", {"text": HELLO}, user=user, If_Match="*"),
            await ask(client, "DELETE", "/hello", user=user, If_Match="*"),
            await ask(client, "POST", "/check", {"text": HELLO}, user=user),
        )
        assert tuple(status for status, _ in asked) == statuses
