"""Who is let in to what below `/v1`: every operation by every role, and the frame of errors."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import msgspec
import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.guard.bans import Bans, BanTerms
from softswitch.guard.rights import RIGHTS, Right, User
from softswitch.http.users import Users
from softswitch.http.v1.bodies import body_of, seen_by
from softswitch.http.v1.openapi import OPERATIONS
from softswitch.http.v1.operations import Operation
from softswitch.http.v1.serving import problems, served
from softswitch.settings.exchange.users import HttpUser
from softswitch.store.errors import StoreError

Client = TestClient[web.Request, web.Application]
ROLES = (
    HttpUser(username="admin"),
    HttpUser(username="operator", role="operator"),
    HttpUser(username="viewer", role="viewer"),
    HttpUser(username="application", role="application", extensions=("1000", "1100-1199")),
    HttpUser(username="far", networks=("192.0.2.0/24",)),
)
PASSWORDS = {user.username: f"pw-{user.username}" for user in ROLES}


async def done(request: web.Request, user: User) -> web.StreamResponse:
    """Work that tells who has asked for it."""
    seen = seen_by(request, needed=False) if request.method == "PATCH" else None
    return web.json_response({"user": user.name, "seen": sorted(seen or ())})


def users(bans: Bans | None = None) -> Users:
    return Users(PASSWORDS, bans, settings=ROLES, terminal_key="k" * 43)


async def client_of(*routes: web.RouteDef) -> Client:
    app = web.Application(middlewares=[problems])
    app.add_routes(routes)
    client: Client = TestClient(TestServer(app, host="127.0.0.1"))
    await client.start_server()
    return client


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    works = {operation.id: done for operation in OPERATIONS}
    started = await client_of(*served(OPERATIONS, users(), works))
    yield started
    await started.close()


async def ask(
    client: Client, user: str, method: str, path: str, **headers: str
) -> tuple[int, dict[str, Any], Any]:
    login = {"Authorization": encode_basic_auth(user, f"pw-{user}"), **headers}
    async with client.request(method, path, headers=login, allow_redirects=False) as answer:
        text = await answer.read()
        told = await answer.json() if text else {}
        if answer.status >= 400 and text:
            assert answer.content_type == "application/problem+json"
            assert told["status"] == answer.status
        return answer.status, told, answer.headers


def problem(status: int, detail: str) -> dict[str, Any]:
    """What RFC 9457 section 3.1 says of an error that its status explains (section 4.2.1)."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }


def path_of(operation: Operation, number: str) -> str:
    filled = re.sub(r"\{(number|agent)\}", number, operation.path)
    return "/v1" + re.sub(r"\{\w+\}", "x", filled)


@pytest.mark.parametrize("role", RIGHTS)
async def test_every_operation_is_for_the_roles_that_have_its_right(
    client: Client, role: str
) -> None:
    for operation in OPERATIONS:
        path = path_of(operation, "1000")
        status, told, _ = await ask(client, role, operation.method.upper(), path)
        right = operation.right
        allowed = right is None or right in RIGHTS[role]  # type: ignore[index]
        assert status == (200 if allowed else 403), operation.id
        assert ("detail" in told) is not allowed
        if not allowed:
            assert told["detail"].startswith(f"{role} is a"), told


async def test_an_application_is_kept_to_its_own_numbers_in_every_path(client: Client) -> None:
    own = [each for each in OPERATIONS if each.right in (Right.SEE_OWN, Right.OPERATE_OWN)]
    numbered = [each for each in own if "{number}" in each.path or "{agent}" in each.path]
    assert len(numbered) > 15
    for operation in numbered:
        method = operation.method.upper()
        for number, status in (("1100", 200), ("2000", 403), ("%32000", 403), ("%31000", 200)):
            path = path_of(operation, number)
            got, told, _ = await ask(client, "application", method, path)
            assert got == status, (path, told)
    queue = "/v1/queues/{}/agents/{}"
    for pair, status in ((("1000", "2000"), 403), (("2000", "1000"), 403), (("1000", "1100"), 200)):
        assert (await ask(client, "application", "PUT", queue.format(*pair)))[0] == status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/%62ans"),
        ("DELETE", "/v1/./bans"),
        ("DELETE", "/v1/calls/../bans"),
        ("POST", "/v1/%65xtensions"),
        ("POST", "/v1/re%6Coad"),
        ("HEAD", "/v1/extensions/1000/provisioning"),
    ],
)
async def test_a_path_written_otherwise_needs_the_same_right(
    client: Client, method: str, path: str
) -> None:
    assert (await ask(client, "viewer", method, path))[0] == 403
    assert (await ask(client, "admin", method, path))[0] == 200


@pytest.mark.parametrize(
    "path", ["/v1//bans", "/v1/calls%2F..%2Fbans", "/v1/bans/", "/V1/bans", "/v1"]
)
async def test_a_path_that_is_none_changes_nothing(client: Client, path: str) -> None:
    async with client.request(
        "DELETE", path, headers={"Authorization": encode_basic_auth("viewer", "pw-viewer")}
    ) as answer:
        assert answer.status in (404, 405)


async def test_unknown_paths_and_methods_are_answered_as_all_errors_are(client: Client) -> None:
    status, told, _ = await ask(client, "admin", "GET", "/v1/toys")
    assert (status, told) == (404, problem(404, "no path /v1/toys, see /openapi.json"))
    status, told, headers = await ask(client, "admin", "PUT", "/v1/bans")
    assert (status, told) == (405, problem(405, "/v1/bans takes DELETE, GET, HEAD, not PUT"))
    assert set(headers["Allow"].split(",")) == {"DELETE", "GET", "HEAD"}
    for path in ("/v1/bans", "/v1/calls/x"):
        assert (await ask(client, "nobody", "OPTIONS", path))[0] == 405
    async with client.get("/toys") as outside:
        assert outside.content_type == "text/plain"


async def test_who_comes_from_elsewhere_or_from_another_page_is_told_in_json(
    client: Client,
) -> None:
    status, told, _ = await ask(client, "far", "GET", "/v1/bans")
    assert (status, "far may not come from 127.0.0.1" in told["detail"]) == (403, True)
    evil = {"Sec-Fetch-Site": "cross-site"}
    status, told, _ = await ask(client, "admin", "GET", "/v1/bans", **evil)
    assert (status, told) == (403, problem(403, "a page of another site has made this request"))


async def test_a_banned_source_hears_how_long_but_the_terminal_is_let_in() -> None:
    bans = Bans("HTTP", BanTerms(3, 60, 300), clock=lambda: 0.0)
    works = {operation.id: done for operation in OPERATIONS}
    client = await client_of(*served(OPERATIONS, users(bans), works))
    try:
        wrong = {"Authorization": encode_basic_auth("admin", "guess")}
        for _ in range(3):
            async with client.get("/v1/bans", headers=wrong) as answer:
                assert answer.status == 401
        status, told, headers = await ask(client, "admin", "GET", "/v1/bans")
        assert (status, headers["Retry-After"]) == (429, "300")
        assert told == problem(429, "too many wrong passwords, ask again in 300 seconds")
        for key, expected in (("k" * 43, 200), ("k" * 42, 429), ("", 429), ("\u00e9", 429)):
            status, *_ = await ask(
                client, "admin", "DELETE", "/v1/bans", **{"X-Softswitch-Terminal": key}
            )
            assert status == expected, key
        async with client.get(
            "/v1/bans", headers={**wrong, "X-Softswitch-Terminal": "k" * 43}
        ) as answer:
            assert answer.status == 401, "the key is no password"
    finally:
        await client.close()


@pytest.mark.parametrize(
    ("header", "status", "answer"),
    [
        ("", 200, []),
        ("*", 200, []),
        ('"a"', 200, ['"a"']),
        ('W/"a", "b",', 200, ['"a"', '"b"']),
        ("a", 400, None),
        ('"a" "b"', 400, None),
        ('"a', 400, None),
        ("*, *", 400, None),
        ("x" * 5000, 400, None),
    ],
)
async def test_if_match_is_read_whole_or_refused(
    client: Client, header: str, status: int, answer: list[str] | None
) -> None:
    named = {"If-Match": header} if header else {}
    got, told, _ = await ask(client, "admin", "PATCH", "/v1/extensions/1000/features", **named)
    assert got == status
    assert told.get("seen") == answer
    assert answer is not None or told["detail"].startswith("If-Match cannot be ")


async def test_what_breaks_is_answered_as_all_errors_are_unless_the_answer_has_begun() -> None:
    async def away(_request: web.Request, _user: User) -> web.StreamResponse:
        raise StoreError("the database does not answer")

    async def broken(_request: web.Request, _user: User) -> web.StreamResponse:
        raise ZeroDivisionError

    operations = [each for each in OPERATIONS if each.id in ("listBans", "listCalls")]
    client = await client_of(*served(operations, users(), {"listBans": away, "listCalls": broken}))
    try:
        assert (await ask(client, "admin", "GET", "/v1/bans"))[:2] == (
            503, problem(503, "the database does not answer"),
        )  # fmt: skip
        status, told, _ = await ask(client, "admin", "GET", "/v1/calls")
        assert (status, told["detail"][:14]) == (500, "internal error")
    finally:
        await client.close()


def test_an_operation_without_work_and_work_without_operation_are_noticed() -> None:
    with pytest.raises(ValueError, match="expected work for"):
        served(OPERATIONS, users(), {})


async def test_all_faults_of_a_body_are_told_with_their_fields() -> None:
    class Agent(msgspec.Struct, forbid_unknown_fields=True):
        priority: int
        number: str

    async def read(request: web.Request, _user: User) -> web.StreamResponse:
        await body_of(request, Agent)
        return web.Response()

    operations = [each for each in OPERATIONS if each.id == "reload"]
    client = await client_of(*served(operations, users(), {"reload": read}))
    login = {"Authorization": encode_basic_auth("admin", "pw-admin")}
    try:
        wrong = {"priority": "high", "nummer": "1000"}
        async with client.post("/v1/reload", headers=login, json=wrong) as answer:
            told = await answer.json()
            assert answer.content_type == "application/problem+json"
    finally:
        await client.close()
    assert told == {
        "type": "/problems/body",
        "title": "the body is not what was expected",
        "status": 400,
        "detail": "; ".join(f"{each['field']}: {each['wrong']}" for each in told["faults"]),
        "faults": [
            {"field": "priority", "wrong": "expected a whole number, not 'high'"},
            {"field": "nummer", "wrong": "unknown field, did you mean number?"},
            {"field": "number", "wrong": "missing, expected a text"},
        ],
    }
