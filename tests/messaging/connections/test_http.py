"""Messages to web applications and from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import BasicAuth, web
from aiohttp.test_utils import TestServer

from softswitch.messaging.connections.http import HttpConnection
from softswitch.messaging.connections.message_json import read_fields
from softswitch.messaging.queue.outgoing import Outgoing
from tests.messaging.scene import messages_on, state_of


async def test_a_web_application_gets_each_message_with_its_id(tmp_path: Path) -> None:
    statuses = [500, 503, 200, 404]
    seen: list[tuple[Any, str, str]] = []

    async def take(request: web.Request) -> web.Response:
        seen.append(
            (
                await request.json(),
                request.headers["Idempotency-Key"],
                BasicAuth.decode(request.headers["Authorization"]).password,
            )
        )
        return web.Response(status=statuses.pop(0))

    app = web.Application()
    app.router.add_post("/in", take)
    async with TestServer(app) as server:
        connection = HttpConnection(
            "web", str(server.make_url("/in")), username="us", password="pw"
        )
        async with messages_on(tmp_path, [connection]) as messages:
            order = Outgoing(text="héllo 👍", connection="web@localhost", to_address="room")
            taken = await messages.send(order)
            message = await state_of(messages, taken, "delivered")
            assert message.attempts == 3
            assert {key for _, key, _ in seen} == {taken}
            body = seen[-1][0]["messages"][0]
            assert (body["text"], body["to_address"], body["message_id"]) == (
                "héllo 👍", "room", taken,
            )  # fmt: skip
            assert seen[0][2] == "pw"
            refused = await messages.send(order)
            assert "404" in (await state_of(messages, refused, "failed")).error


async def test_what_a_partner_brings_arrives_once(tmp_path: Path) -> None:
    connection = HttpConnection("web", "http://127.0.0.1:1/", user="desk")
    async with messages_on(tmp_path, [connection]) as messages:
        fields = read_fields({"message_id": "7", "text": "hi", "from_address": "them"})
        for _ in range(2):
            await connection.bring(fields)
        (message,) = await messages.folders.list("desk", "inbox", 10)
        assert (message.text, message.from_connection) == ("hi", "web")
