"""`/v1/events`: as SSE, over a WebSocket and as JSON; who may, how many may, what is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError, encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.events.event_journal import EventJournal
from softswitch.http.users import Users
from softswitch.http.v1.events import events_api
from softswitch.http.v1.events.events_api import EventsApi
from softswitch.http.v1.events.streams import EventStreams
from softswitch.http.v1.serving import problems
from softswitch.settings.exchange.users import HttpUser
from softswitch.store.store import Store

LOGIN = {"Authorization": encode_basic_auth("admin", "s3cret")}
JSON = {"Accept": "application/json"}
PATH = "/v1/events"
PASSWORDS = {"admin": "s3cret", "app": "s3cret"}
SETTINGS = (
    HttpUser(username="admin"),
    HttpUser(username="app", role="application", extensions=("1000",)),
)
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[EventJournal]:
    store = await Store.open(f"sqlite:///{tmp_path}/switch.db", tmp_path / "calls.spool")
    yield await EventJournal.open(store.journal, store.reader)
    await store.close()


@pytest.fixture
def streams() -> EventStreams:
    return EventStreams(3, 0.5)


@pytest.fixture
def users() -> Users:
    return Users(PASSWORDS, settings=SETTINGS)


@pytest.fixture
async def client(
    journal: EventJournal, streams: EventStreams, users: Users
) -> AsyncIterator[Client]:
    app = web.Application(middlewares=[problems])
    app.add_routes(EventsApi(journal, streams, users).routes())
    async with TestClient(TestServer(app, host="127.0.0.1"), headers=LOGIN) as client:
        yield client
        journal.end_reading()


async def publish(journal: EventJournal, *numbers: str, kind: str = "leg.changed") -> None:
    for number in numbers:
        journal.publish(kind, number, {}, numbers=(number,))
    last = journal.newest + len(numbers)
    async with asyncio.timeout(10):
        while journal.newest < last:
            await journal.arrival()


async def test_server_sent_events(client: Client, journal: EventJournal) -> None:
    await publish(journal, "1000")
    async with asyncio.timeout(10), client.get(PATH, params={"after": "0"}) as answer:
        assert answer.content_type == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        assert await answer.content.readuntil(b"\n\n") == b"retry: 2000\n\n"
        first = (await answer.content.readuntil(b"\n\n")).decode().splitlines()
        assert first[:2] == ["id: 1", "event: leg.changed"]
        body = json.loads(first[2].removeprefix("data: "))
        assert body == {
            "id": 1, "at": body["at"], "type": "leg.changed", "subject": "1000", "data": {},
        }  # fmt: skip
        await publish(journal, "1001")
        assert (await answer.content.readuntil(b"\n\n")).startswith(b"id: 2\nevent: leg.changed\n")


@pytest.mark.parametrize("header", [True, False])
async def test_a_reader_goes_on_where_it_was(
    client: Client, journal: EventJournal, header: bool
) -> None:
    await publish(journal, "1", "2", "3")
    params, headers = ({}, {"Last-Event-ID": "2"}) if header else ({"after": "2"}, {})
    async with asyncio.timeout(10), client.get(PATH, params=params, headers=headers) as answer:
        await answer.content.readuntil(b"\n\n")
        assert (await answer.content.readuntil(b"\n\n")).startswith(b"id: 3\n")


async def test_one_event_is_one_frame_of_a_web_socket(
    client: Client, journal: EventJournal
) -> None:
    await publish(journal, "1", "2")
    async with asyncio.timeout(10), client.ws_connect(f"{PATH}?after=1") as socket:
        assert (await socket.receive_json())["id"] == 2
        await publish(journal, "3")
        assert (await socket.receive_json())["id"] == 3
        journal.end_reading()
        assert (await socket.receive()).type is WSMsgType.CLOSE
        assert socket.close_code == 1001


async def test_a_page_of_another_site_gets_no_web_socket(client: Client) -> None:
    foreign = {"Origin": "https://evil.example"}
    login = {"username": "admin", "password": "s3cret"}
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect(PATH, headers=foreign, params=login)
    assert refused.value.status == 403
    own = {"Origin": f"http://127.0.0.1:{client.port}"}
    async with client.ws_connect(PATH, headers=own):
        pass


async def test_a_page_of_json_tells_where_to_go_on(client: Client, journal: EventJournal) -> None:
    await publish(journal, "1", "2", "3", "4", "5")
    asked = {"after": "0", "limit": "2"}
    page = await (await client.get(PATH, params=asked, headers=JSON)).json()
    assert [each["id"] for each in page["events"]] == [1, 2]
    assert page["next"] == 2
    page = await (await client.get(PATH, params={"after": "2"}, headers=JSON)).json()
    assert [each["id"] for each in page["events"]] == [3, 4, 5]
    page = await (await client.get(PATH, params={"after": "5"}, headers=JSON)).json()
    assert page == {"events": [], "next": 5}


async def test_an_application_gets_what_concerns_its_own_extensions(
    client: Client, journal: EventJournal
) -> None:
    await publish(journal, "1000", "1001", "1000")
    headers = JSON | {"Authorization": encode_basic_auth("app", "s3cret")}
    page = await (await client.get(PATH, params={"after": "0"}, headers=headers)).json()
    assert [each["id"] for each in page["events"]] == [1, 3]
    other = {"after": "0", "number": "1001"}
    page = await (await client.get(PATH, params=other, headers=headers)).json()
    assert page["events"] == []


async def test_a_user_that_is_removed_is_sent_no_more(
    client: Client, journal: EventJournal, users: Users
) -> None:
    async with asyncio.timeout(10), client.get(PATH) as answer:
        await answer.content.readuntil(b"\n\n")
        users.exchange({"app": "s3cret"}, SETTINGS[1:])
        await publish(journal, "1")
        assert await answer.content.read() == b""


async def test_a_login_that_has_ended_is_sent_no_more(
    client: Client, journal: EventJournal, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_api, "HEARTBEAT", 0.2)
    async with asyncio.timeout(20), client.get(PATH) as answer:
        await answer.content.readuntil(b"\n\n")
        assert (await answer.content.readuntil(b"\n\n")).startswith(b": heartbeat\nid: 0")
        users.exchange({"admin": "another", "app": "s3cret"}, SETTINGS)  # the same user and role
        await answer.content.read()


async def test_only_so_many_readers_are_let_in(client: Client, journal: EventJournal) -> None:
    answers = [await client.get(PATH) for _ in range(3)]
    refused = await client.get(PATH)
    assert refused.status == 503
    assert refused.headers["Retry-After"] == "10"
    assert "3 readers of events are there" in await refused.text()
    assert (await client.get(PATH, headers=JSON)).status == 200  # who asks and goes needs no place
    journal.end_reading()
    for answer in answers:
        await answer.content.read()


async def test_a_reader_that_does_not_read_is_cut_off_and_may_come_back(
    client: Client, journal: EventJournal, streams: EventStreams
) -> None:
    _reader, writer = await asyncio.open_connection("127.0.0.1", client.port, limit=1024)
    asked = (
        f"GET {PATH}?after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: {LOGIN['Authorization']}\r\n\r\n"
    )
    writer.write(asked.encode())
    for turn in range(4000):
        journal.publish("error", str(turn), {"text": "x" * 4000})
        if turn % 100 == 0:
            await asyncio.sleep(0)
    async with asyncio.timeout(60):
        while not streams.cut_off:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    writer.close()
    page = await (await client.get(PATH, params={"after": "3990"}, headers=JSON)).json()
    assert [each["id"] for each in page["events"]] == list(range(3991, 4001))


@pytest.mark.parametrize(
    ("query", "headers", "sentence"),
    [
        ({"types": "calls"}, {}, "types has 'calls', expected some of call"),
        ({"after": "-1"}, {}, "after cannot be '-1', expected a whole number"),
        ({"after": "1.5"}, {}, "after cannot be '1.5', expected a whole number"),
        ({"since": "1"}, {}, "unknown field 'since', expected one of after, types"),
        ({}, {"Last-Event-ID": "new"}, "Last-Event-ID cannot be 'new', expected the number"),
        ({}, {"Last-Event-ID": "9" * 40}, "Last-Event-ID cannot be"),
        ({}, {"Last-Event-ID": "0" * 20 + "9" * 5000}, "Last-Event-ID cannot be"),
    ],
)
async def test_what_cannot_be_read_is_named(
    client: Client, query: dict[str, str], headers: dict[str, str], sentence: str
) -> None:
    answer = await client.get(PATH, params=query, headers=headers)
    assert answer.status == 400
    assert sentence in await answer.text()


async def test_nobody_else_may_ask(client: Client) -> None:
    nobody = {"Authorization": encode_basic_auth("admin", "wrong")}
    assert (await client.get(PATH, headers=nobody)).status == 401
