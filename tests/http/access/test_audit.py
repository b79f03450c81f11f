"""The audit log: what is noted of requests, in which order, and what is said without a database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.guard.rights import User
from softswitch.http.access.asked_changes import AskedChange, ask_change, refuse_change, tell_given
from softswitch.http.access.audit import Audit
from softswitch.store.database.changes import Change
from softswitch.store.errors import DatabaseAway, JournalFull, StoreError
from softswitch.store.exchange.audit import AuditRow

EVA = User("eva", login="token ci")


class Journal:
    """Takes rows as a database does, refuses them as one that is away, or has no room."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.rows: list[AuditRow] = []
        self.error: StoreError | None = None
        self.full = False

    def write(self, change: Change) -> asyncio.Future[None]:
        if self.full:
            raise JournalFull("20000 writes are waiting for the database")
        done = asyncio.get_running_loop().create_future()
        if self.error is None:
            self.rows.append(AuditRow(**change.row))
            done.set_result(None)
        else:
            done.set_exception(self.error)
        return done


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
async def client(journal: Journal) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    audit = Audit(journal.write, newest=7, clock=lambda: journal.now)
    app = web.Application(middlewares=[audit.frame])

    async def change(request: web.Request) -> web.Response:
        ask_change(request, AskedChange(EVA, "change", "things/a b"))
        tell_given(request, ["name", "password"])
        match request.query.get("then"):
            case "made":
                return web.Response(status=201, headers={"Location": "/v1/things/x%20y"})
            case "refused":
                refuse_change(request, 306)
            case "missing":
                raise web.HTTPNotFound
            case "broken":
                raise ZeroDivisionError
        return web.Response()

    async def look(_request: web.Request) -> web.Response:
        return web.Response()

    app.add_routes([web.post("/change", change), web.get("/look", look)])
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


@pytest.mark.parametrize(
    ("then", "target", "result"),
    [
        ("", "things/a b", "ok"),
        ("made", "things/x y", "ok"),
        ("refused", "things/a b", "306"),
        ("missing", "things/a b", "404"),
        ("broken", "things/a b", "500"),
    ],
)
async def test_a_row_tells_who_did_what_from_where_and_what_became_of_it(
    client: TestClient[web.Request, web.Application],
    journal: Journal,
    then: str,
    target: str,
    result: str,
) -> None:
    await client.post(f"/change?then={then}")
    [row] = journal.rows
    assert (row.username, row.login, row.source) == ("eva", "token ci", "127.0.0.1")
    assert (row.operation, row.target, row.result) == ("change", target, result)
    assert (row.at, row.detail) == (1_000.0, "name, password")


async def test_who_only_looks_is_not_noted(
    client: TestClient[web.Request, web.Application], journal: Journal
) -> None:
    await client.get("/look")
    await client.get("/nothing")
    assert not journal.rows


async def test_ids_grow_though_the_clock_is_set_back(journal: Journal) -> None:
    audit = Audit(journal.write, newest=2_000_000_000, clock=lambda: journal.now)
    for now in (1_000.0, 3_000.0, 1_000.0):
        journal.now = now
        audit.note(username="eva", login="password", operation="x" * 10, target="y" * 1000)
    assert [row.id for row in journal.rows] == [2_000_000_001, 3_000_000_000, 3_000_000_001]
    assert len(journal.rows[0].target) == 200


@pytest.mark.parametrize("full", [False, True])
async def test_what_the_database_does_not_take_is_in_the_log(journal: Journal, full: bool) -> None:
    audit = Audit(journal.write, clock=lambda: journal.now)
    journal.error, journal.full = DatabaseAway("the database does not answer"), full
    with structlog.testing.capture_logs() as logs:
        audit.note(username="eva", login="password", operation="removePhone", target="phones/1000")
        await audit.settle()
        await asyncio.sleep(0)
    [line] = logs
    assert (line["event"], line["log_level"]) == ("not in the audit log", "error")
    assert (line["username"], line["target"]) == ("eva", "phones/1000")
