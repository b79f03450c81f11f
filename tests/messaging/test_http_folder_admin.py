"""Messages to web applications, to files, and to the console."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from aiohttp import BasicAuth, web
from aiohttp.test_utils import TestServer

from softswitch.messaging.connections.admin import AdminConnection
from softswitch.messaging.connections.folder import FolderConnection
from softswitch.messaging.connections.http import HttpConnection
from softswitch.messaging.connections.message_json import read_fields
from softswitch.messaging.queue.messages import Outgoing
from tests.messaging.scene import messages_on, state_of, until


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
            order = Outgoing(text="héllo 👍", connection="web@localhost", recipient="room")
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
        (message,) = await messages.folder("desk", "inbox", 10)
        assert (message.text, message.from_connection) == ("hi", "web")


async def test_files_out(tmp_path: Path) -> None:
    folder = FolderConnection("files", outgoing=tmp_path / "out")
    async with messages_on(tmp_path, [folder]) as messages:
        identity = await messages.send(
            Outgoing(text="שלום 👍", connection="files@localhost", recipient="a")
        )
        await state_of(messages, identity, "delivered")
        (path,) = (tmp_path / "out").iterdir()
        assert path.name == f"{identity}.json"
        assert json.loads(path.read_text())["text"] == "שלום 👍"


async def test_files_in(tmp_path: Path) -> None:
    incoming = tmp_path / "in"
    folder = FolderConnection("files", incoming=incoming, interval=0.02)
    async with messages_on(tmp_path, [folder]) as messages:
        waiting = asyncio.ensure_future(messages.wait_for("files@localhost", "note", 5))
        (incoming / "note.txt").write_text("plain")
        assert await waiting == "plain"
        for name, text in {
            "good.json": json.dumps({"text": "json", "from_address": "x", "message_id": "1"}),
            "same.json": json.dumps({"text": "json", "from_address": "x", "message_id": "1"}),
            "bad.json": "{",
            "list.json": "[]",
            "nul.txt": "a\0b",
            ".half.json": "{}",
        }.items():
            (incoming / name).write_text(text)
        (incoming / "latin.txt").write_bytes(b"\xff\xfe\xfd")
        await until(lambda: len(list((incoming / "bad").iterdir())) == 4)
        await until(lambda: len(list((incoming / "done").iterdir())) == 3)
        found = await messages.folder("admin", "inbox", 10)
        assert sorted(message.text for message in found) == ["json", "plain"]
        assert (incoming / ".half.json").exists()
        assert folder.bad == 4


async def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    folder = FolderConnection("files", outgoing=out)
    async with messages_on(tmp_path, [folder]) as messages:
        out.rmdir()
        identity = await messages.send(Outgoing(text="x", connection="files", recipient="a"))
        await until(lambda: not folder.state.up)
        out.mkdir()
        await state_of(messages, identity, "delivered")
        assert folder.state.up


async def test_the_console_shows_and_answers(tmp_path: Path, logged: list[Any]) -> None:
    admin = AdminConnection()
    async with messages_on(tmp_path, [admin]) as messages:
        waiting = asyncio.ensure_future(messages.wait_for("admin@localhost", None, 5))
        identity = await messages.send(Outgoing(text="Zone 3", connection="admin@localhost"))
        await state_of(messages, identity, "delivered")
        assert [message.text for message in admin.recent] == ["Zone 3"]
        assert any(event.get("text") == "Zone 3" for event in logged)
        await admin.say("understood", "admin")
        assert await waiting == "understood"
