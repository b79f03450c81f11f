"""`/v1/session`: logins of the console, and what a cookie may be used for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.guard.bans import Bans, BanTerms
from softswitch.guard.rights import Right, User
from softswitch.http.access.sessions import Sessions
from softswitch.http.users import Users
from softswitch.http.v1.access.session_api import SessionApi
from softswitch.http.v1.asking import is_still, user_of
from softswitch.http.v1.openapi import OPERATIONS
from softswitch.http.v1.operations import Operation
from softswitch.http.v1.serving import problems, served
from softswitch.settings.exchange.users import HttpUser
from tests.http.access.test_sessions import Kept
from tests.http.v1.test_serving import path_of

Client = TestClient[web.Request, web.Application]
OURS = {"X-Requested-With": "softswitch"}
EVA = {"username": "eva", "password": "pw"}
SETTINGS = [
    HttpUser(username="eva", role="operator"),
    HttpUser(username="crm", role="application", extensions=("1000", "1100-1199")),
    HttpUser(username="far", networks=("192.0.2.0/24",)),
]
CHANGE = Operation(
    path="/change", method="post", id="change", summary="", right=Right.OPERATE, answers={}
)
LOOK = Operation(path="/look", id="look", summary="", right=Right.SEE, answers={})


async def done(_request: web.Request, user: User) -> web.Response:
    return web.json_response({"by": user.name})


def made(users: Users, sessions: Sessions) -> web.Application:
    """What serves sessions, something that changes, and something that is only seen."""
    app = web.Application(middlewares=[problems])
    app.add_routes(SessionApi(sessions, users).routes())
    app.add_routes(served([CHANGE, LOOK], users, {"change": done, "look": done}))

    async def command(request: web.Request) -> web.Response:
        return web.Response(text=users.of_request(request, {}, runs_commands=True).name)

    app.add_routes([web.get("/api", command), web.get("/lasts", partial(lasts, users))])
    return app


@pytest.fixture
async def kept() -> Kept:
    return Kept()


@pytest.fixture
async def users(kept: Kept) -> Users:
    passwords = {"eva": "pw", "crm": "pw", "far": "pw"}
    bans = Bans("HTTP", BanTerms(failures=3))
    return Users(passwords, bans, settings=SETTINGS, sessions=kept.sessions())


@pytest.fixture
async def client(users: Users) -> AsyncIterator[Client]:
    assert users._sessions is not None
    jar = aiohttp.CookieJar(unsafe=True)  # which keeps cookies of addresses as well
    server = TestServer(made(users, users._sessions), host="127.0.0.1")
    async with TestClient(server, cookie_jar=jar) as client:
        yield client


async def lasts(users: Users, request: web.Request) -> web.Response:
    """A request that goes on: whether its login still counts is asked without using it."""
    user = user_of(request, users, seen=False)
    return web.json_response(is_still(request, users, user))


async def log_in(client: Client, **login: str) -> tuple[int, Any, str]:
    """Status, answer and cookie."""
    async with client.post("/v1/session", json=login or EVA) as answer:
        return answer.status, await answer.json(), answer.headers.get("Set-Cookie", "")


async def test_a_login_brings_a_cookie_that_no_script_and_no_other_site_can_use(
    client: Client,
) -> None:
    status, told, cookie = await log_in(client)
    assert status == 200
    assert told.pop("expires").startswith("1970-01-01T")
    assert told == {"user": "eva", "role": "operator", "extensions": []}
    name, *attributes = [each.strip() for each in cookie.split(";")]
    assert name.startswith(f"softswitch-{client.port}=")
    assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Strict"]
    async with client.get("/v1/session") as answer:
        assert (answer.status, (await answer.json())["user"]) == (200, "eva")
        assert answer.headers["Cache-Control"] == "no-store"
    _, told, _ = await log_in(client, username="crm", password="pw")
    assert (told["role"], told["extensions"]) == ("application", ["1000", "1100-1199"])


async def test_behind_https_the_cookie_is_for_https_only(client: Client) -> None:
    forwarded = {"X-Forwarded-Proto": "https"}
    async with client.post("/v1/session", json=EVA, headers=forwarded) as answer:
        cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"__Host-softswitch-{client.port}=")
    assert "Secure" in cookie
    value = cookie.partition("=")[2].partition(";")[0]
    sent = {**forwarded, "Cookie": f"__Host-softswitch-{client.port}={value}"}
    async with client.get("/v1/look", headers=sent) as answer:
        assert answer.status == 200


async def test_what_changes_something_needs_the_header_of_our_own_page(client: Client) -> None:
    await log_in(client)
    async with client.get("/v1/look") as answer:
        assert answer.status == 200
    for method, path in (("POST", "/v1/change"), ("DELETE", "/v1/session"), ("GET", "/api")):
        for wrong in ({}, {"X-Requested-With": "XMLHttpRequest"}):
            async with client.request(method, path, headers=wrong) as answer:
                assert answer.status == 403, (path, wrong)
                assert "X-Requested-With: softswitch" in await answer.text()
    for method, path in (("POST", "/v1/change"), ("GET", "/api"), ("DELETE", "/v1/session")):
        async with client.request(method, path, headers=OURS) as answer:
            assert answer.status in (200, 204), path


@pytest.mark.parametrize(
    "foreign",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Referer": "http://evil.example/page"},
    ],
)
async def test_pages_of_others_use_no_cookie_and_log_nobody_in(
    client: Client, foreign: dict[str, str]
) -> None:
    await log_in(client)
    for method, path in (("POST", "/v1/change"), ("GET", "/v1/look"), ("GET", "/api")):
        async with client.request(method, path, headers={**OURS, **foreign}) as answer:
            assert answer.status == 403, path
            assert "another site" in await answer.text()
    async with client.post("/v1/session", json=EVA, headers=foreign) as answer:
        assert (answer.status, answer.headers.get("Set-Cookie")) == (403, None)


async def test_a_form_of_another_page_cannot_log_in(client: Client) -> None:
    body = '{"username": "eva", "password": "pw", "x": "="}'
    async with client.post(
        "/v1/session", data=body, headers={"Content-Type": "text/plain"}
    ) as answer:
        assert (answer.status, answer.headers.get("Set-Cookie")) == (400, None)


async def test_guesses_are_counted_and_banned_and_sessions_go_on(client: Client) -> None:
    await log_in(client)
    client.session.cookie_jar.clear()
    _, _, cookie = await log_in(client)
    client.session.cookie_jar.clear()
    for _ in range(3):
        status, told, cookies = await log_in(client, username="eva", password="guess")
        assert (status, told["status"], cookies) == (401, 401, "")
    status, told, _ = await log_in(client)
    assert status == 429, "the right password is refused as the wrong one is"
    sent = {"Cookie": cookie.partition(";")[0]}
    async with client.get("/v1/look", headers=sent) as answer:
        assert answer.status == 200


async def test_a_wrong_login_opens_no_window_of_the_browser(client: Client) -> None:
    async with client.post("/v1/session", json={**EVA, "password": "x"}) as answer:
        assert answer.headers["WWW-Authenticate"].startswith("xBasic")
    async with client.get("/v1/session", headers=OURS) as answer:
        assert (answer.status, answer.headers["WWW-Authenticate"][:6]) == (401, "xBasic")
    async with client.get("/v1/session") as answer:
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


async def test_who_may_not_come_from_there_is_not_logged_in(client: Client) -> None:
    for password in ("pw", "wrong"):
        status, told, cookie = await log_in(client, username="far", password=password)
        assert (status, cookie) == (403, "")
        assert "far may not come from 127.0.0.1" in told["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "eva"}, "password"),
        ({**EVA, "password": 5}, "password"),
        ({**EVA, "password": "x" * 1025}, "password"),
        ({**EVA, "username": ""}, "username"),
        ({**EVA, "username": "x" * 65}, "username"),
        ({**EVA, "remember": True}, "remember"),
        ([], ""),
    ],
)
async def test_a_wrong_body_is_told_and_no_password_is_repeated(
    client: Client, body: object, field: str
) -> None:
    async with client.post("/v1/session", json=body) as answer:
        told = await answer.json()
        assert (answer.status, [each["field"] for each in told["faults"]]) == (400, [field])
        assert "xxx" not in await answer.text()


async def test_a_changed_role_counts_at_once_and_a_user_that_is_gone_is_out(
    client: Client, users: Users
) -> None:
    await log_in(client)
    users.exchange({"eva": "pw"}, [HttpUser(username="eva", role="viewer")])
    async with client.post("/v1/change", headers=OURS) as answer:
        assert "eva is a viewer" in (await answer.json())["detail"]
    users.exchange({"eva": "new"}, SETTINGS)
    async with client.get("/v1/look") as answer:
        assert (answer.status, "the session has ended" in await answer.text()) == (401, True)
    users.exchange({"ben": "pw"})
    async with client.get("/v1/look") as answer:
        assert answer.status == 401


async def test_logging_out_ends_the_session_everywhere(client: Client, kept: Kept) -> None:
    _, _, cookie = await log_in(client)
    sent = {"Cookie": cookie.partition(";")[0], **OURS}
    async with client.delete("/v1/session", headers=OURS) as answer:
        assert answer.status == 204
        assert "Max-Age=0" in answer.headers["Set-Cookie"]
    async with client.get("/v1/look", headers=sent) as answer:
        assert answer.status == 401
    assert not kept.rows
    login = aiohttp.encode_basic_auth("eva", "pw")
    async with client.delete("/v1/session", headers={"Authorization": login}) as answer:
        assert (answer.status, (await answer.json())["detail"]) == (
            404, "the request has no session",
        )  # fmt: skip


async def test_another_login_takes_the_place_of_the_first(client: Client, kept: Kept) -> None:
    await log_in(client)
    await log_in(client, username="crm", password="pw")
    assert [row.username for row in kept.rows.values()] == ["crm"]


async def test_without_a_database_nobody_is_logged_in(client: Client, kept: Kept) -> None:
    kept.away = True
    status, told, cookie = await log_in(client)
    assert (status, told["detail"], cookie) == (503, "the database does not answer", "")


async def test_the_fields_of_a_request_and_its_password_go_before_the_cookie(
    client: Client,
) -> None:
    await log_in(client)
    login = {"Authorization": aiohttp.encode_basic_auth("crm", "pw")}
    async with client.get("/v1/session", headers=login) as answer:
        assert await answer.json() == {
            "user": "crm",
            "role": "application",
            "extensions": ["1000", "1100-1199"],
            "expires": None,
        }


async def test_every_operation_needs_a_login_and_by_cookie_a_page_of_ours(users: Users) -> None:
    assert users._sessions is not None
    works = {operation.id: done for operation in OPERATIONS}
    app = web.Application(middlewares=[problems])
    app.add_routes(served(OPERATIONS, users, works))
    users.exchange({"root": "pw"})
    cookie, _ = await users._sessions.begin("root", "pw")
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        sent = {"Cookie": f"softswitch-{client.port}={cookie}"}
        for operation in OPERATIONS:
            if operation.right is None:
                continue
            changes = operation.method != "get"
            for headers, expected in (
                ({}, 401),
                ({"Cookie": f"softswitch-{client.port}=x", **OURS}, 401),
                (sent, 403 if changes else 200),
                ({**sent, **OURS}, 200),
                ({**sent, **OURS, "Origin": "http://evil.example"}, 403),
            ):
                method, path = operation.method.upper(), path_of(operation, "1000")
                async with client.request(method, path, headers=headers) as answer:
                    assert answer.status == expected, (operation.id, headers)


async def test_what_lasts_keeps_no_session_from_being_idle(client: Client, kept: Kept) -> None:
    assert (await log_in(client))[0] == 200
    kept.now += 60
    async with client.get("/lasts") as answer:
        assert await answer.json() is True
    kept.now += 60
    async with client.get("/v1/session") as answer:
        assert answer.status == 401
