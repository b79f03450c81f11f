"""`/v1/voicemail`: mailboxes and messages are shown, played, marked and deleted; greetings come."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.calls.numbers.directory import Directory
from softswitch.calls.prompts.uploaded import Length
from softswitch.calls.voicemail.mailboxes import AllMailboxes
from softswitch.calls.voicemail.removed import RemovedMailboxes
from softswitch.http.users import Users
from softswitch.http.v1.voicemail import voicemail_api
from softswitch.http.v1.voicemail.voicemail_api import LARGEST_GREETING, VoicemailApi
from tests.calls.voicemail.boxes import Rows, left, mailboxes

LOGIN = {"Authorization": encode_basic_auth("admin", "s3cret")}
BOX = "/v1/voicemail/1001"
Client = TestClient[web.Request, web.Application]


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture
def boxes(tmp_path: Path, rows: Rows) -> AllMailboxes:
    return mailboxes(tmp_path, rows)


@pytest.fixture
async def client(boxes: AllMailboxes) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(VoicemailApi(boxes, Users({"admin": "s3cret"})).routes())
    async with TestClient(TestServer(app, host="127.0.0.1"), headers=LOGIN) as client:
        yield client


def sound(seconds: float, kind: str = "WAV", rate: int = 16_000, channels: int = 2) -> bytes:
    out = io.BytesIO()
    samples = np.full((int(seconds * rate), channels), 0.25, np.float32)
    soundfile.write(out, samples, rate, format=kind)
    return out.getvalue()


async def json_of(client: Client, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def test_mailboxes_and_messages_are_shown(client: Client, boxes: AllMailboxes) -> None:
    message = await left(boxes)
    assert message is not None
    shown = await json_of(client, BOX)
    assert shown == {
        "number": "1001",
        "name": "Ben",
        "new": 1,
        "old": 0,
        "most": 100,
        "greeting": "spoken",
        "has_pin": False,
        "email": "",
    }
    every = await json_of(client, "/v1/voicemail")
    assert [each["number"] for each in every["mailboxes"]] == ["1001", "1002"]
    assert "2468" not in str(every)
    (found,) = (await json_of(client, f"{BOX}/messages"))["messages"]
    assert (found["id"], found["caller"], found["folder"]) == (message.id, "1000", "new")
    audio = await client.get(f"{BOX}/messages/{message.id}/audio")
    assert audio.headers["Content-Type"] == "audio/wav"
    assert await audio.read() == boxes.path(message).read_bytes()


async def test_a_message_is_marked_and_deleted(
    client: Client, boxes: AllMailboxes, rows: Rows
) -> None:
    message = await left(boxes)
    assert message is not None
    path = f"{BOX}/messages/{message.id}"
    answer = await client.patch(path, json={"folder": "old"})
    assert (answer.status, (await answer.json())["folder"]) == (200, "old")
    assert rows.messages[message.id].folder == "old"
    assert (await client.patch(path, json={"folder": "lost"})).status == 400
    assert (await client.delete(path)).status == 204
    assert rows.messages == {}
    for answer in (await client.delete(path), await client.get(f"{path}/audio")):
        assert answer.status == 404


async def test_what_is_not_there(client: Client) -> None:
    for path in ("/v1/voicemail/1000", "/v1/voicemail/..", f"{BOX}/messages/..%2f..%2fx/audio"):
        assert (await client.get(path)).status == 404, path


async def test_only_users_hear_messages(client: Client, boxes: AllMailboxes) -> None:
    message = await left(boxes)
    assert message is not None
    nobody = {"Authorization": encode_basic_auth("admin", "guess")}
    for path in ("/v1/voicemail", BOX, f"{BOX}/messages/{message.id}/audio"):
        assert (await client.get(path, headers=nobody)).status == 401
    assert (await client.put(f"{BOX}/greeting", headers=nobody, data=sound(2))).status == 401


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
async def test_a_greeting_is_taken(client: Client, boxes: AllMailboxes, kind: str) -> None:
    answer = await client.put(f"{BOX}/greeting", data=sound(2, kind))
    assert answer.status == 200, await answer.text()
    assert (await answer.json())["greeting"] == "recorded"
    path = boxes.greeting("1001")
    assert path is not None
    told = soundfile.info(path)
    assert (told.format, told.channels, told.samplerate) == ("WAV", 1, 16_000)
    assert 1.9 < told.duration < 2.2
    assert (await client.get(f"{BOX}/greeting")).status == 200
    assert (await client.delete(f"{BOX}/greeting")).status == 200
    assert not path.exists()
    assert (await client.get(f"{BOX}/greeting")).status == 404


async def test_the_longest_greeting_may_come_uncompressed(client: Client) -> None:
    answer = await client.put(f"{BOX}/greeting", data=sound(179, "WAV", 48_000))
    assert answer.status == 200, await answer.text()
    assert (await client.put(f"{BOX}/greeting", data=bytes(LARGEST_GREETING + 1))).status == 413


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "expected WAV, FLAC, OGG or MP3"),
        (b"<html>no sound</html>" * 50, "expected WAV, FLAC, OGG or MP3"),
        (sound(0.5), "expected at least 1 second"),
        (sound(181, "FLAC", 8_000, 1), "expected at most 180 seconds"),
    ],
)
async def test_what_is_no_greeting_is_refused(
    client: Client, boxes: AllMailboxes, data: bytes, why: str
) -> None:
    answer = await client.put(f"{BOX}/greeting", data=data)
    assert answer.status == 400
    assert why in (await answer.json())["detail"]
    assert boxes.greeting("1001") is None
    assert not list((boxes.folder.root / ".recording").iterdir())


async def test_a_pin_is_changed_and_never_shown(client: Client, boxes: AllMailboxes) -> None:
    answer = await client.patch(BOX, json={"pin": "97531"})
    assert answer.status == 200
    assert "97531" not in await answer.text()
    assert (await json_of(client, BOX))["has_pin"]
    assert await boxes.opens("1001", "97531")
    assert boxes.row("1001").changed_by == "admin"
    for bad in ({"pin": "12"}, {"pin": "abcd"}, {"pins": "1234"}):
        refused = await client.patch(BOX, json=bad)
        assert refused.status == 400
    assert (await client.patch(BOX, json={"pin": None})).status == 200
    assert not (await json_of(client, BOX))["has_pin"]


async def test_a_database_that_is_away_changes_nothing(
    client: Client, boxes: AllMailboxes, rows: Rows
) -> None:
    message = await left(boxes)
    assert message is not None
    rows.away = True
    path = f"{BOX}/messages/{message.id}"
    assert (await client.patch(path, json={"folder": "old"})).status == 503
    assert (await client.delete(path)).status == 503
    assert boxes.path(message).is_file()
    assert (await client.put(f"{BOX}/greeting", data=sound(2))).status == 503
    assert boxes.greeting("1001") is None
    assert not list(boxes.folder.of("1001").glob("greeting*"))


@pytest.mark.parametrize("is_added_again", [False, True])
async def test_the_greeting_of_an_owner_who_is_gone_is_not_that_of_the_next(
    client: Client,
    boxes: AllMailboxes,
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
    is_added_again: bool,
) -> None:
    settle = voicemail_api.keep_sound

    def removed_meanwhile(data: bytes, target: Path, length: Length) -> float:
        asyncio.run_coroutine_threadsafe(removed(), loop).result()
        return settle(data, target, length)

    async def removed() -> None:
        found = boxes._directory.find("1001")
        assert found is not None
        boxes._directory.exchange(Directory([found] if is_added_again else []))
        await RemovedMailboxes(boxes).forget(["1001"])

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(voicemail_api, "keep_sound", removed_meanwhile)
    answer = await client.put(f"{BOX}/greeting", data=sound(2))
    assert (answer.status, "removed meanwhile" in await answer.text()) == (404, True)
    assert (rows.boxes, boxes.greeting("1001")) == ({}, None)
    assert not boxes.folder.of("1001").exists()
    assert not list((boxes.folder.root / ".recording").iterdir())


async def test_of_many_greetings_at_once_one_file_stays(
    client: Client, boxes: AllMailboxes
) -> None:
    uploads = [client.put(f"{BOX}/greeting", data=sound(2)) for _ in range(4)]
    assert [each.status for each in await asyncio.gather(*uploads)] == [200] * 4
    assert list(boxes.folder.of("1001").glob("greeting*")) == [boxes.greeting("1001")]
