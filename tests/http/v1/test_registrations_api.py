"""`/v1/registrations`: where phones are, whether they answer, and the end of a registration."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.calls.numbers.registrations import Registrations
from softswitch.http.users import Users
from softswitch.http.v1.registrations.registrations_api import RegistrationsApi
from softswitch.settings.exchange.users import HttpUser
from softswitch.sip.effects import Flow
from softswitch.sip.endpoint import Endpoint
from softswitch.sip.message.message import Request, parse_message, response_to
from softswitch.store.bindings import BindingRow
from softswitch.store.database.changes import Change
from softswitch.store.errors import DatabaseAway
from softswitch.transport import keepalive
from softswitch.transport.driver import Driver
from softswitch.transport.keepalive import PhoneWatch
from softswitch.transport.transport import Failed

LOCAL = ("192.0.2.1", 5060)
ROLES = (
    HttpUser(username="admin"),
    HttpUser(username="viewer", role="viewer"),
    HttpUser(username="crm", role="application", extensions=("1001",)),
)
FAR_FUTURE = 4_000_000_000.0
Client = TestClient[web.Request, web.Application]


class Disk:
    """The bindings of an earlier life, and what becomes of them."""

    def __init__(self, rows: list[BindingRow]) -> None:
        self.rows = rows
        self.changes: list[Change] = []
        self.error: Exception | None = None

    def write(self, *changes: Change) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.changes += changes
        if self.error is None:
            done.set_result(None)
        else:
            done.set_exception(self.error)
        return done

    async def load_bindings(self) -> list[BindingRow]:
        return self.rows


class Wire:
    """A socket at which phones answer OPTIONS, or are silent."""

    local = LOCAL

    def __init__(self, name: str) -> None:
        self.name = name
        self.answers = True
        self.driver: Driver | None = None

    async def open(self) -> None:
        """Nothing."""

    def flow_to(self, remote: tuple[str, int]) -> Flow:
        return Flow(self.name, LOCAL, remote)

    def send(self, data: bytes, flow: Flow, failed: Failed | None) -> None:
        request = parse_message(data)
        assert isinstance(request, Request)
        assert self.driver is not None
        if self.answers:
            octets = response_to(request, 200, to_tag="x").to_bytes()
            loop = asyncio.get_running_loop()
            loop.call_later(0.01, self.driver.receive, octets, flow)

    async def close(self) -> None:
        """Nothing."""


def row(number: int, extension: str, transport: str = "udp", **more: Any) -> BindingRow:
    values: dict[str, Any] = {
        "id": number, "extension": extension, "uri": f"sip:{extension}@10.0.0.9:5062", "q": 0.5,
        "expires_at": FAR_FUTURE, "call_id": "c", "cseq": 1, "path": [],
        "instance": '"<urn:uuid:7>"', "reg_id": 0, "user_agent": "Phone <b>1</b>",
        "transport": transport, "local_host": LOCAL[0], "local_port": LOCAL[1],
        "remote_host": f"198.51.100.{number}", "remote_port": 40_000,
        "registered_at": 1_000_000_000.0,
    }  # fmt: skip
    return BindingRow(**{**values, **more})


class Office:
    """Registrations, the phones behind them, and who asks for them."""

    async def open(self, *rows: BindingRow) -> None:
        self.disk = Disk(list(rows))
        self.registrations = Registrations(self.disk)
        await self.registrations.load()
        tokens = iter(f"token{number}" for number in range(1000))
        self.driver = Driver(Endpoint(tokens=lambda: next(tokens), pick=lambda low, high: low))
        self.wire = Wire("udp")
        self.wire.driver = self.driver
        await self.driver.open([self.wire], lambda new: None)
        self.phones = PhoneWatch(self.driver, self.registrations, "example.org", 60)
        self.registrations.is_silent = self.phones.is_silent
        users = Users({user.username: "pw" for user in ROLES}, settings=ROLES)
        app = web.Application()
        app.add_routes(RegistrationsApi(self.registrations, self.phones, users).routes())
        self.client: Client = TestClient(TestServer(app, host="127.0.0.1"))
        await self.client.start_server()

    async def close(self) -> None:
        await self.client.close()
        await self.driver.close()

    async def ask(self, method: str, path: str, user: str = "admin") -> tuple[int, Any]:
        login = {"Authorization": encode_basic_auth(user, "pw")}
        async with self.client.request(method, f"/v1/registrations{path}", headers=login) as reply:
            return reply.status, await reply.json() if reply.status != 204 else None


@pytest.fixture
async def office() -> Any:
    opened = Office()
    await opened.open(
        row(1, "1000"), row(2, "1001"), row(3, "1001", "tcp"), row(4, "1002", expires_at=5.0)
    )
    yield opened
    await opened.close()


async def test_where_a_phone_is_registered_from(office: Office) -> None:
    status, listed = await office.ask("GET", "")
    assert (status, listed["total"], listed["offset"], listed["limit"]) == (200, 3, 0, 100)
    phone = listed["registrations"][0]
    assert phone.pop("expires") > 1_000_000
    assert phone.pop("registered_at").startswith("2001-09-0")
    assert phone.pop("expires_at").startswith("2096-10-0")
    assert phone == {
        "id": 1, "number": "1000", "contact": "sip:1000@10.0.0.9:5062",
        "source": "198.51.100.1:40000", "local": "192.0.2.1:5060", "transport": "udp",
        "user_agent": "Phone <b>1</b>", "instance": "urn:uuid:7", "q": 0.5, "path": [],
        "reach": "reachable", "round_trip": None, "answered_at": None,
    }  # fmt: skip
    assert listed["registrations"][2]["reach"] == "away"  # its connection ended with the last life
    status, alone = await office.ask("GET", "/1")
    assert (status, alone["contact"]) == (200, phone["contact"])


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("?number=1001", [2, 3]), ("?transport=tcp", [3]), ("?source=198.51.100.2", [2]),
        ("?limit=1&offset=1", [2]), ("?offset=9", []), ("?number=1002", []),
    ],
)  # fmt: skip
async def test_filters(office: Office, query: str, ids: list[int]) -> None:
    _, listed = await office.ask("GET", query)
    assert [each["id"] for each in listed["registrations"]] == ids


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("?limit=501", "limit cannot be '501', expected a whole number from 1 to 500"),
        ("?transport=pigeon", "transport cannot be 'pigeon'"),
        ("?ext=1000", "unknown field 'ext', expected one of number, source"),
    ],
)
async def test_wrong_queries(office: Office, query: str, part: str) -> None:
    status, problem = await office.ask("GET", query)
    assert status == 400
    assert part in str(problem)


async def test_a_phone_is_asked_now_and_its_round_trip_is_shown(office: Office) -> None:
    status, asked = await office.ask("POST", "/1/ping")
    assert (status, asked["answered"]) == (200, True)
    assert 10 <= asked["registration"]["round_trip"] < 4_000
    assert asked["registration"]["answered_at"] is not None
    _, shown = await office.ask("GET", "/1")
    assert shown["round_trip"] == asked["registration"]["round_trip"]


async def test_a_phone_that_does_not_answer(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keepalive, "PATIENCE", 0.05)
    await office.ask("POST", "/1/ping")
    office.wire.answers = False
    for _ in range(4):
        status, asked = await office.ask("POST", "/1/ping")
        assert (status, asked["answered"]) == (200, False)
    assert asked["registration"]["reach"] == "reachable"  # questions of people make nobody silent
    for _ in range(3):
        office.phones.ask(next(iter(office.registrations)))
    _, shown = await office.ask("GET", "/1")
    assert shown["reach"] == "silent"
    assert shown["round_trip"] is not None


async def test_a_registration_ends_and_is_off_the_disk(office: Office) -> None:
    assert await office.ask("DELETE", "/2") == (204, None)
    assert [change.row for change in office.disk.changes][-1] == {"id": 2}
    assert office.registrations.contacts("1001") == []
    assert (await office.ask("DELETE", "/2"))[0] == 404
    office.disk.error = DatabaseAway("the database does not answer")
    assert (await office.ask("DELETE", "/1"))[0] == 503


@pytest.mark.parametrize(
    ("user", "method", "path", "expected"),
    [
        ("viewer", "GET", "/1", 200), ("viewer", "DELETE", "/1", 403),
        ("viewer", "POST", "/1/ping", 403), ("crm", "GET", "/1", 404),
        ("crm", "GET", "/2", 200), ("crm", "DELETE", "/1", 404), ("crm", "DELETE", "/2", 204),
        ("admin", "GET", "/x", 404), ("admin", "GET", "/..%2f1", 404), ("admin", "GET", "/4", 404),
    ],
)  # fmt: skip
async def test_rights(office: Office, user: str, method: str, path: str, expected: int) -> None:
    assert (await office.ask(method, path, user))[0] == expected
    if method == "GET":
        _, listed = await office.ask("GET", "", user)
        assert listed["total"] == (2 if user == "crm" else 3)
