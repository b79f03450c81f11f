"""Passwords that a browser keeps are not for pages of other sites."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from softswitch.commands.base.codes import CommandError
from softswitch.commands.running.recording_links import RecordingLinks
from softswitch.guard.files import AllowedFiles
from softswitch.guard.proofs.tickets import Tickets
from softswitch.http.cross_site import is_cross_site
from softswitch.http.recordings import recording_routes
from softswitch.http.users import Users, challenge

KEPT = {"Authorization": encode_basic_auth("admin", "s3cret")}
Client = TestClient[web.Request, web.Application]

OTHER_SITES = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "Cross-Site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://switch:9509"},
    {"Origin": "http://evil.example"},
    {"Origin": "http://switch"},
    {"Origin": "http://switch:8080"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Referer": "http://evil.example/page"},
    {"Referer": "http://evil.example/switch:9509"},
    {"Referer": "http://switch:9509@evil.example/"},
]
OUR_SITE = [
    {},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://switch:9509"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://switch:9509"},
    {"Origin": "HTTP://SWITCH:9509"},
    {"Referer": "http://switch:9509/v1/calls"},
]


@pytest.mark.parametrize("headers", OTHER_SITES)
def test_pages_of_other_sites(headers: dict[str, str]) -> None:
    request = make_mocked_request("GET", "/api", headers={"Host": "switch:9509", **headers})
    assert is_cross_site(request)


@pytest.mark.parametrize("headers", OUR_SITE)
def test_programs_people_and_our_own_pages(headers: dict[str, str]) -> None:
    request = make_mocked_request("GET", "/api", headers={"Host": "switch:9509", **headers})
    assert not is_cross_site(request)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    users = Users({"admin": "s3cret"})
    (tmp_path / "1.wav").write_bytes(b"RIFF")

    async def enter(request: web.Request) -> web.Response:
        try:
            return web.Response(text=users.of_request(request, dict(request.query)).name)
        except CommandError:
            return web.Response(status=401, headers=challenge(request, runs_commands=True))

    app = web.Application()
    app.add_routes([web.get("/api", enter), web.post("/api", enter)])
    links = RecordingLinks(tmp_path, Tickets(b"key", 60.0), ("", 0))
    app.add_routes(recording_routes(AllowedFiles([tmp_path]), users, links))
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


@pytest.mark.parametrize("path", ["/api", "/recordings/1.wav"])
async def test_a_kept_password_is_refused_and_not_counted(client: Client, path: str) -> None:
    for headers in OTHER_SITES[:6]:
        answer = await client.get(path, headers={**KEPT, **headers})
        assert answer.status == 403
        assert "another site" in await answer.text()
    assert (await client.get(path, headers=KEPT)).status == 200


async def test_a_form_of_another_site_with_a_kept_password_is_refused(client: Client) -> None:
    headers = {**KEPT, "Origin": "http://evil.example", "Content-Type": "text/plain"}
    assert (await client.post("/api", data="{}", headers=headers)).status == 403


async def test_a_page_that_knows_the_password_itself_may_ask(client: Client) -> None:
    query = {"username": "admin", "password": "s3cret"}
    for headers in OTHER_SITES[:6]:
        answer = await client.get("/api", params=query, headers=headers)
        assert await answer.text() == "admin"


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}])
async def test_basic_is_asked_for_where_a_person_sees_it(
    client: Client, headers: dict[str, str]
) -> None:
    answer = await client.get("/recordings/1.wav", headers=headers)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api", {}),
        ("/api", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}),
        ("/recordings/1.wav", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}),
        ("/recordings/1.wav", {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors"}),
        ("/recordings/1.wav", {"Origin": "http://evil.example"}),
        ("/recordings/1.wav", {"Referer": "http://evil.example/"}),
    ],
)
async def test_basic_is_not_asked_for_where_a_page_could_use_it_unseen(
    client: Client, path: str, headers: dict[str, str]
) -> None:
    answer = await client.get(path, headers=headers)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("xBasic ")
