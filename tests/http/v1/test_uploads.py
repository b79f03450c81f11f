"""What is uploaded takes only so much memory, and one thread: others go on, or are told when to
ask again."""

from __future__ import annotations

import asyncio
import threading
import tracemalloc
from collections.abc import AsyncIterator
from functools import partial
from itertools import islice
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.calls.prompts.uploaded import Length, keep_sound
from softswitch.http.users import Users
from softswitch.http.v1 import bodies, uploads
from softswitch.http.v1.serving import problems
from softswitch.http.v1.uploads import FREE, BodyMemory, OneByOne
from softswitch.http.v1.voicemail import voicemail_api
from softswitch.http.v1.voicemail.voicemail_api import VoicemailApi
from tests.calls.prompts.test_uploaded import sound
from tests.calls.voicemail.boxes import mailboxes

Client = TestClient[web.Request, web.Application]
GREETING = "/v1/voicemail/1001/greeting"


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    app = web.Application(middlewares=[problems])
    app.add_routes(VoicemailApi(mailboxes(tmp_path), Users({"admin": "s3cret"})).routes())
    login = {"Authorization": encode_basic_auth("admin", "s3cret")}
    async with TestClient(TestServer(app, host="127.0.0.1"), headers=login) as client:
        yield client


async def test_bodies_share_their_memory_and_give_it_back(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Watched(BodyMemory):
        def hold(self, request: web.Request, octets: int) -> None:
            super().hold(request, octets)
            if octets == len(data) - 100:
                nearly.set()

    data, nearly = sound(8.0), asyncio.Event()
    memory = Watched(len(data))
    monkeypatch.setattr(uploads, "BODIES", memory)
    more = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield data[:-100]
        await more.wait()
        yield data[-100:]

    first = asyncio.create_task(client.put(GREETING, data=slow()))
    async with asyncio.timeout(5):
        await nearly.wait()
    second = await client.put(GREETING, data=sound(20.0))
    assert (second.status, second.headers["Retry-After"]) == (503, "10")
    assert "ask again" in (await second.json())["detail"]
    small = await client.patch("/v1/voicemail/1001", json={"pin": "97531"})
    assert small.status == 200, "small ones go on"
    assert memory.held == len(data) - 100 - FREE, "what was refused holds nothing"
    more.set()
    assert (await first).status == 200
    assert memory.held == 0
    assert (await client.put(GREETING, data=data)).status == 200


async def test_a_body_of_which_no_more_comes_ends(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 0.05)
    end = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield bytes(200_000)
        await end.wait()

    async with asyncio.timeout(5):
        answer = await client.put(GREETING, data=endless())
    end.set()
    assert (answer.status, uploads.BODIES.held) == (408, 0)


async def test_a_body_is_in_memory_once() -> None:
    async def peak(request: web.Request) -> web.Response:
        tracemalloc.start()
        octets = await bodies.octets_of(request, 64 * 1024 * 1024)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return web.json_response({"octets": len(octets), "most": most})

    app = web.Application()
    app.router.add_put("/", peak)

    async def data() -> AsyncIterator[bytes]:
        for _ in range(32):
            yield bytes(1024 * 1024)

    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        told = await (await client.put("/", data=data())).json()
    assert told["octets"] == 32 * 1024 * 1024
    assert told["most"] < 1.4 * told["octets"]


async def test_sounds_are_decoded_one_by_one_and_few_wait(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, at_once = 0, threading.Event(), asyncio.Semaphore(0)
    loop = asyncio.get_running_loop()

    def slow(data: bytes, target: Path, length: Length) -> float:
        nonlocal begun
        begun += 1
        loop.call_soon_threadsafe(at_once.release)
        assert go_on.wait(10)
        return keep_sound(data, target, length)

    monkeypatch.setattr(voicemail_api, "keep_sound", slow)
    monkeypatch.setattr(voicemail_api, "DECODING", OneByOne(waiting=2))
    asked = [asyncio.create_task(client.put(GREETING, data=sound(2.0))) for _ in range(6)]
    try:
        async with asyncio.timeout(5):
            refused = [await each for each in islice(asyncio.as_completed(asked), 3)]
            await at_once.acquire()
            await asyncio.gather(*(asyncio.to_thread(int) for _ in range(40)))
        assert begun == 1
    finally:
        go_on.set()
    statuses = sorted([(await each).status for each in asked])
    assert statuses == [200] * 3 + [503] * 3
    assert [each.headers["Retry-After"] for each in refused] == ["10"] * 3
    assert (await client.put(GREETING, data=sound(2.0))).status == 200


async def test_a_turn_that_nobody_waits_for_any_more_is_free() -> None:
    turns, go_on = OneByOne(waiting=1), threading.Event()
    under_way = [asyncio.create_task(turns.run(partial(go_on.wait, 10))) for _ in range(2)]
    await asyncio.sleep(0)
    under_way[1].cancel()
    await asyncio.wait(under_way[1:])
    third = asyncio.create_task(turns.run(lambda: 3))
    await asyncio.sleep(0)
    go_on.set()
    assert await third == 3
    assert await under_way[0]
