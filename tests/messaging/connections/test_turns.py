"""Messages to one recipient go one after the other; others do not wait for them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from softswitch.messaging.connections.http import HttpConnection
from softswitch.messaging.connections.turns import Turns
from softswitch.messaging.queue.outgoing import Outgoing
from tests.messaging.scene import messages_on, until


async def test_each_waits_for_those_before_it_to_the_same_recipient() -> None:
    turns, said = Turns(), list[str]()

    async def send(recipient: str, text: str, steps: int) -> None:
        async with turns.turn(recipient) as has_waited:
            for _ in range(steps):
                await asyncio.sleep(0)
            said.append(f"{text} {has_waited}")

    await asyncio.gather(send("a", "one", 9), send("a", "two", 0), send("b", "other", 0))
    assert said == ["other False", "one False", "two True"]


async def test_an_application_gets_messages_in_order_though_the_first_takes_longest(
    tmp_path: Path,
) -> None:
    got: list[str] = []
    other = asyncio.Event()

    async def take(request: web.Request) -> web.Response:
        (message,) = json.loads(await request.text())["messages"]
        if message["text"] == "0":
            await other.wait()
        elif message["text"] == "other":
            other.set()
        got.append(message["text"])
        return web.Response()

    app = web.Application()
    app.router.add_post("/in", take)
    async with TestServer(app) as server:
        connection = HttpConnection("web", str(server.make_url("/in")))
        async with messages_on(tmp_path, [connection]) as messages:
            for number in range(6):
                await messages.send(
                    Outgoing(text=f"{number}", connection="web@localhost", to_address="room")
                )
            await messages.send(
                Outgoing(text="other", connection="web@localhost", to_address="else")
            )
            await until(lambda: len(got) == 7)
    assert [text for text in got if text != "other"] == list("012345")
    assert got[0] == "other"
