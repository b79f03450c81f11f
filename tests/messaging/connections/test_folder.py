"""Messages as files, out and in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from softswitch.messaging.connections.folder import FolderConnection
from softswitch.messaging.queue.messages import Messages
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.messaging.queue.routes import Rule
from softswitch.store.messages import TextMessage
from tests.messaging.scene import FakeConnection, messages_on, state_of, until


async def test_files_out(tmp_path: Path) -> None:
    folder = FolderConnection("files", outgoing=tmp_path / "out")
    async with messages_on(tmp_path, [folder]) as messages:
        identity = await messages.send(
            Outgoing(text="שלום 👍", connection="files@localhost", to_address="a")
        )
        await state_of(messages, identity, "delivered")
        (path,) = (tmp_path / "out").iterdir()
        assert path.name == f"{identity}.json"
        assert json.loads(path.read_text())["text"] == "שלום 👍"


async def test_files_in(tmp_path: Path) -> None:
    incoming = tmp_path / "in"
    folder = FolderConnection("files", incoming=incoming, interval=0.02)
    async with messages_on(tmp_path, [folder]) as messages:
        waiting = asyncio.ensure_future(messages.wait_for("files@localhost", "note", 30))
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
        found = await messages.folders.list("admin", "inbox", 10)
        assert sorted(message.text for message in found) == ["json", "plain"]
        assert (incoming / ".half.json").exists()


async def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    folder = FolderConnection("files", outgoing=out)
    async with messages_on(tmp_path, [folder]) as messages:
        out.rmdir()
        identity = await messages.send(Outgoing(text="x", connection="files", to_address="a"))
        await until(lambda: not folder.state.up)
        out.mkdir()
        await state_of(messages, identity, "delivered")
        assert folder.state.up


async def test_a_file_names_the_times_between_which_it_is_sent(tmp_path: Path) -> None:
    incoming = tmp_path / "in"
    folder = FolderConnection("files", incoming=incoming, interval=0.02)
    sms = FakeConnection("sms")
    clock = [1_700_000_000.0]
    moment = datetime.fromtimestamp
    async with messages_on(
        tmp_path, [folder, sms], Rule(("sms",)), clock=lambda: clock[0]
    ) as messages:
        for name, key, at in (
            ("later", "time_to_send", clock[0] + 100),
            ("early", "valid_until", clock[0] + 100),
            ("late", "valid_until", clock[0] - 1),
        ):
            fields = {"text": name, "to_address": "+361", key: moment(at).isoformat()}
            (incoming / f"{name}.json").write_text(json.dumps(fields))
        await sms.until_sent(1)
        failed = await until_listed(messages, "notsent", 1)
        assert (failed[0].text, failed[0].error) == ("late", "not sent in time")
        assert [message.text for message in sms.sent] == ["early"]
        assert sms.sent[0].valid_until == clock[0] + 100
        clock[0] += 100
        messages.wake("sms")
        await sms.until_sent(2)
        assert sms.sent[1].text == "later"


async def until_listed(messages: Messages, folder: str, count: int) -> Sequence[TextMessage]:
    """The messages of a folder, when there are so many."""
    async with asyncio.timeout(10):
        while True:
            found = await messages.folders.list("admin", folder, 10)
            if len(found) >= count:
                return found
            await asyncio.sleep(0.01)
