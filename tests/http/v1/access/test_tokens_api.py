"""`/v1/tokens`: what a token may do, for how long, and what is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.guard.bans import Bans, BanTerms
from softswitch.guard.rights import Right, User
from softswitch.http.access.tokens import DAY, MOST, Tokens
from softswitch.http.metrics import metrics_routes
from softswitch.http.users import Users
from softswitch.http.v1.access.tokens_api import TokensApi
from softswitch.http.v1.operations import Operation
from softswitch.http.v1.serving import problems, served
from softswitch.settings.exchange.users import HttpUser
from softswitch.store.database.changes import Change
from softswitch.store.errors import DatabaseAway
from softswitch.store.exchange.web_tokens import TokenRow

Client = TestClient[web.Request, web.Application]
SETTINGS = [
    HttpUser(username="root", role="admin"),
    HttpUser(username="eva", role="operator"),
    HttpUser(username="wall", role="viewer"),
    HttpUser(username="crm", role="application", extensions=("1000", "1100-1199")),
    HttpUser(username="far", networks=("192.0.2.0/24",)),
]
PASSWORDS = {each.username: "pw" for each in SETTINGS}
CHANGE = Operation(
    path="/change", method="post", id="change", summary="", right=Right.OPERATE, answers={}
)
OWN = Operation(
    path="/own/{number}", method="post", id="own", summary="", right=Right.OPERATE_OWN, answers={}
)
LOOK = Operation(path="/look", id="look", summary="", right=Right.SEE, answers={})


class Kept:
    """The rows as a database would have them, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.rows: dict[object, TokenRow] = {}
        self.writes = 0
        self.away = False

    def write(self, *changes: Change) -> Awaitable[None]:
        if self.away:
            raise DatabaseAway("the database does not answer")
        self.writes += 1
        for change in changes:
            if change.kind.name == "save token":
                self.rows[change.key[1]] = TokenRow(**change.row)  # type: ignore[arg-type]
            else:
                self.rows.pop(change.key[1], None)
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def users(self) -> Users:
        """What a switch has after a start on these rows."""
        tokens = Tokens(self.write, clock=lambda: self.now)
        tokens.restore(self.rows.values())
        bans = Bans("HTTP", BanTerms(failures=3))
        return Users(PASSWORDS, bans, settings=SETTINGS, tokens=tokens)


async def done(_request: web.Request, user: User) -> web.Response:
    return web.json_response({"by": user.name, "login": user.login})


async def client_of(users: Users) -> Client:
    assert users._tokens is not None
    app = web.Application(middlewares=[problems])
    app.add_routes(TokensApi(users._tokens, users).routes())
    app.add_routes(served([CHANGE, LOOK, OWN], users, {"change": done, "look": done, "own": done}))
    app.add_routes(metrics_routes([], users))
    return TestClient(TestServer(app, host="127.0.0.1"))


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
async def users(kept: Kept) -> Users:
    return kept.users()


@pytest.fixture
async def client(users: Users) -> AsyncIterator[Client]:
    async with await client_of(users) as client:
        yield client


async def ask(
    client: Client, login: str, method: str, path: str, body: object = None
) -> tuple[int, Any]:
    """Status and answer; `login` is a user, or a token."""
    header = (
        f"Bearer {login}" if login.startswith("sst_") else aiohttp.encode_basic_auth(login, "pw")
    )
    async with client.request(method, path, json=body, headers={"Authorization": header}) as answer:
        text = await answer.text()
        return answer.status, await answer.json() if text[:1] == "{" else text


async def make(client: Client, user: str, **wanted: object) -> dict[str, Any]:
    status, told = await ask(client, user, "POST", "/v1/tokens", {"name": "ci", **wanted})
    assert status == 201, told
    made: dict[str, Any] = told
    return made


async def test_a_token_acts_in_the_name_of_its_user_and_is_shown_once(
    client: Client, kept: Kept
) -> None:
    made = await make(client, "eva", days=30)
    token = made.pop("token")
    assert made["made"].startswith("1970-01-01T")
    assert made["expires"].startswith("1970-01-31T")
    assert (made["user"], made["role"], made["extensions"]) == ("eva", "operator", [])
    assert await ask(client, token, "POST", "/v1/change") == (
        200, {"by": "eva", "login": "token ci"},
    )  # fmt: skip
    _, listed = await ask(client, "eva", "GET", "/v1/tokens")
    assert [each["id"] for each in listed["tokens"]] == [made["id"]]
    assert listed["tokens"][0]["used"] is not None
    assert token.rpartition("_")[2] not in repr(listed)
    assert token.rpartition("_")[2] not in repr(kept.rows)


async def test_a_token_lives_through_a_restart_until_it_expires(client: Client, kept: Kept) -> None:
    token = (await make(client, "eva", days=1))["token"]
    async with await client_of(kept.users()) as again:
        assert (await ask(again, token, "GET", "/v1/look"))[0] == 200
        kept.now += DAY - 0.1
        assert (await ask(again, token, "GET", "/v1/look"))[0] == 200
        kept.now += 0.1
        status, told = await ask(again, token, "GET", "/v1/look")
        assert (status, "has expired" in told["detail"]) == (401, True)


@pytest.mark.parametrize(
    ("user", "scope", "status"),
    [
        ("root", {"role": "admin"}, 201),
        ("root", {"role": "viewer"}, 201),
        ("root", {"role": "application", "extensions": ["1000"]}, 201),
        ("eva", {"role": "admin"}, 403),
        ("eva", {"role": "viewer"}, 201),
        ("eva", {"role": "application", "extensions": ["1000", "2000-2999"]}, 201),
        ("wall", {"role": "viewer"}, 201),
        ("wall", {"role": "operator"}, 403),
        ("wall", {"role": "application", "extensions": ["1000"]}, 403),
        ("crm", {}, 201),
        ("crm", {"extensions": ["1000"]}, 201),
        ("crm", {"extensions": ["1100-1150", "1199"]}, 201),
        ("crm", {"extensions": ["1000", "1001"]}, 403),
        ("crm", {"extensions": ["1100-1200"]}, 403),
        ("crm", {"extensions": ["1000-1199"]}, 403),
        ("crm", {"role": "viewer"}, 403),
    ],
)
async def test_no_token_has_more_rights_than_its_user(
    client: Client, user: str, scope: dict[str, object], status: int
) -> None:
    found, told = await ask(client, user, "POST", "/v1/tokens", {"name": "x", **scope})
    assert found == status, told


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "x", "days": 0}, "days"),
        ({"name": "x", "days": 3651}, "days"),
        ({"name": "x", "role": "king"}, "role"),
        ({"name": "x", "role": "application"}, "extensions"),
        ({"name": "x", "role": "application", "extensions": []}, "extensions"),
        ({"name": "x", "role": "application", "extensions": ["1000", "<b>"]}, "extensions[1]"),
        ({"name": "x", "role": "viewer", "extensions": ["1000"]}, "extensions"),
        ({"name": "x", "expires": "never"}, "expires"),
    ],
)
async def test_a_wrong_wish_is_told_by_its_field(
    client: Client, kept: Kept, body: object, field: str
) -> None:
    status, told = await ask(client, "root", "POST", "/v1/tokens", body)
    assert (status, [each["field"] for each in told["faults"]]) == (400, [field])
    assert not kept.rows


async def test_an_application_by_a_token_is_kept_to_the_numbers_of_the_token(
    client: Client,
) -> None:
    token = (await make(client, "crm", extensions=["1000"]))["token"]
    assert (await ask(client, token, "POST", "/v1/own/1000"))[0] == 200
    assert (await ask(client, token, "POST", "/v1/own/1100"))[0] == 403
    viewing = (await make(client, "root", role="viewer"))["token"]
    assert (await ask(client, viewing, "GET", "/v1/look"))[0] == 200
    assert (await ask(client, viewing, "POST", "/v1/change"))[0] == 403


async def test_a_token_makes_no_tokens(client: Client) -> None:
    token = (await make(client, "root"))["token"]
    status, told = await ask(client, token, "POST", "/v1/tokens", {"name": "more"})
    assert (status, told["detail"]) == (403, "a token makes no tokens: log in with a password")


async def test_who_loses_rights_loses_them_for_tokens_too(
    client: Client, users: Users, kept: Kept
) -> None:
    token = (await make(client, "eva"))["token"]
    row = users._tokens.find(token) if users._tokens else None
    assert row is not None
    asks = User("eva", "operator", token=row.id)
    assert users.as_now(asks).role == "operator"
    users.exchange(PASSWORDS, [HttpUser(username="eva", role="viewer")])
    status, told = await ask(client, token, "GET", "/v1/look")
    assert (status, "eva is a viewer" in told["detail"]) == (401, True)
    assert users.as_now(asks).is_gone, "a script that runs in its name as well"
    users.exchange(PASSWORDS, SETTINGS)
    assert (await ask(client, token, "POST", "/v1/change"))[0] == 200
    users.exchange({"root": "pw"}, SETTINGS)
    assert (await ask(client, token, "GET", "/v1/look"))[0] == 401
    users.exchange(PASSWORDS, SETTINGS)
    assert (await ask(client, token, "GET", "/v1/look"))[0] == 401, "a later eva is another one"
    assert not kept.rows


async def test_tokens_are_seen_and_revoked_by_their_user_and_by_admins(client: Client) -> None:
    evas, walls = await make(client, "eva"), await make(client, "wall")
    _, listed = await ask(client, "eva", "GET", "/v1/tokens")
    assert [each["id"] for each in listed["tokens"]] == [evas["id"]]
    _, listed = await ask(client, "root", "GET", "/v1/tokens")
    assert len(listed["tokens"]) == 2
    path = f"/v1/tokens/{walls['id']}"
    assert (await ask(client, "eva", "DELETE", path))[0] == 404
    assert (await ask(client, "eva", "DELETE", "/v1/tokens/..%2f"))[0] == 404
    weak = (await make(client, "wall"))["token"]
    status, told = await ask(client, weak, "DELETE", path)
    assert (status, "a token revokes itself alone" in told["detail"]) == (403, True)
    assert (await ask(client, "wall", "DELETE", path))[0] == 204
    assert (await ask(client, walls["token"], "GET", "/v1/look"))[0] == 401
    assert (await ask(client, evas["token"], "DELETE", f"/v1/tokens/{evas['id']}"))[0] == 204
    assert (await ask(client, evas["token"], "GET", "/v1/look"))[0] == 401


async def test_guessed_tokens_are_banned_and_the_right_one_goes_on_elsewhere(
    client: Client,
) -> None:
    made = await make(client, "eva")
    wrong = f"sst_{made['id']}_{'x' * 43}"
    for guess in (wrong, made["token"][:-1], wrong, wrong, made["token"] + "x"):
        status, told = await ask(client, guess, "GET", "/v1/look")
        assert (status, "the token is not known" in told["detail"]) == (401, True)
    assert (await ask(client, made["token"], "GET", "/v1/look"))[0] == 429
    other = (await make(client, "eva"))["token"]
    assert (await ask(client, other, "GET", "/v1/look"))[0] == 200, "the ban is for one token"


async def test_a_user_has_so_many_tokens(client: Client, kept: Kept, users: Users) -> None:
    eva = users.now("eva")
    assert users._tokens is not None
    for _ in range(MOST):
        await users._tokens.make(eva, "x", "viewer", (), DAY)
    status, told = await ask(client, "eva", "POST", "/v1/tokens", {"name": "one more"})
    assert (status, "revoke one" in told["detail"]) == (409, True)
    assert (await ask(client, "wall", "POST", "/v1/tokens", {"name": "x"}))[0] == 201
    kept.now += 40 * DAY
    await make(client, "eva")
    assert len(kept.rows) == 2, "those that have expired long ago are gone"


async def test_a_token_counts_where_its_user_may_come_from(client: Client, users: Users) -> None:
    assert users._tokens is not None
    token, _ = await users._tokens.make(users.now("far"), "x", "viewer", (), DAY)
    status, told = await ask(client, token, "GET", "/v1/look")
    assert (status, "far may not come from 127.0.0.1" in told["detail"]) == (403, True)


async def test_without_a_database_there_is_no_new_token_but_the_others_count(
    client: Client, kept: Kept
) -> None:
    token = (await make(client, "eva"))["token"]
    kept.away = True
    assert (await ask(client, "eva", "POST", "/v1/tokens", {"name": "x"}))[0] == 503
    kept.now += 61
    assert (await ask(client, token, "GET", "/v1/look"))[0] == 200
    _, listed = await ask(client, "eva", "GET", "/v1/tokens")
    assert len(listed["tokens"]) == 1


async def test_metrics_are_for_who_may_see_if_they_are_not_open(client: Client) -> None:
    viewer = (await make(client, "wall"))["token"]
    application = (await make(client, "crm"))["token"]
    status, text = await ask(client, viewer, "GET", "/metrics")
    assert (status, "process_cpu_seconds_total" in text) == (200, True)
    assert (await ask(client, application, "GET", "/metrics"))[0] == 403
    assert (await ask(client, "wall", "GET", "/metrics"))[0] == 200
    async with client.get("/metrics") as answer:
        assert (answer.status, "WWW-Authenticate" in answer.headers) == (401, True)
