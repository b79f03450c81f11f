"""`/v1/recordings` over files: listed, heard, drawn, deleted; and nothing else below or above."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import soundfile
from aiohttp import ClientResponse, encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from softswitch.commands.running.recording_links import RecordingLinks
from softswitch.guard.proofs.tickets import Tickets
from softswitch.http.users import Users
from softswitch.http.v1.recordings.kept import KeptRecording, path_of, recordings_below
from softswitch.http.v1.recordings.recordings_api import RecordingsApi
from softswitch.settings.exchange.users import HttpUser
from tests.http.v1.history.records import Records

USERS = (
    HttpUser(username="admin"),
    HttpUser(username="desk", role="operator"),
    HttpUser(username="viewer", role="viewer"),
    HttpUser(username="crm", role="application", extensions=("1000",)),
)
RATE = 8_000
CALL = "aB3dE6gH"


def tone(path: Path, *loudness: float, seconds: float = 2.0) -> None:
    """A file whose channels are so loud, the second half of each silent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = round(seconds * RATE)
    wave = np.sin(np.arange(frames) * 0.3)
    wave[frames // 2 :] = 0
    soundfile.write(path, np.stack([wave * each for each in loudness], axis=1), RATE)


class Shelf:
    """Recordings, and who asks for them."""

    client: TestClient[web.Request, web.Application]

    def __init__(self, root: Path) -> None:
        self.root = root
        self.going_on: list[str] = []
        recordings = Mock(paths=lambda: self.going_on)
        calls: Any = [Mock(recordings=recordings)]
        users = Users({user.username: "pw" for user in USERS}, settings=USERS)
        links = RecordingLinks(root, Tickets(b"key", 60.0), ("127.0.0.1", 9509))
        self.api = RecordingsApi(root, calls, Records(), links, users)  # type: ignore[arg-type]

    async def ask(
        self, method: str, path: str, user: str = "admin", **headers: str
    ) -> tuple[int, Any, ClientResponse]:
        login = {"Authorization": encode_basic_auth(user, "pw"), **headers}
        url = URL(f"/v1/recordings{path}", encoded=True)
        async with self.client.request(method, url, headers=login) as answer:
            octets = await answer.read()
            is_json = "json" in answer.content_type
            return answer.status, await answer.json() if is_json else octets, answer


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    root = tmp_path / "recordings"
    tone(root / f"20261130-230000-{CALL}.wav", 1.0, 0.5)
    tone(root / "greetings" / "hello.flac", 0.25)
    tone(root / f"20261130-220000-{CALL}-2.mp3", 0.5)
    (root / "greetings" / "page.html").write_text("<script>alert(1)</script>")
    (root / ".hidden.wav").write_bytes(b"x")
    (root / "broken.wav").write_bytes(b"no sound")
    (tmp_path / "outside.wav").write_bytes(b"x")
    (root / "link.wav").symlink_to(tmp_path / "outside.wav")
    for age, name in enumerate((f"20261130-230000-{CALL}.wav", "greetings/hello.flac",
                                f"20261130-220000-{CALL}-2.mp3", "broken.wav")):  # fmt: skip
        os.utime(root / name, (1_700_000_000 - age * 3600,) * 2)
    opened = Shelf(root)
    app = web.Application()
    app.add_routes(opened.api.routes())
    opened.client = TestClient(TestServer(app, host="127.0.0.1"))
    await opened.client.start_server()
    yield opened
    await opened.client.close()


def identity(path: str) -> str:
    return KeptRecording(path, 0, 0.0).id


async def test_recordings_are_listed_the_newest_first(shelf: Shelf) -> None:
    status, listed, _ = await shelf.ask("GET", "", user="viewer")
    assert (status, listed["total"], listed["offset"], listed["limit"]) == (200, 4, 0, 50)
    assert [each["file"] for each in listed["recordings"]] == [
        f"20261130-230000-{CALL}.wav", "greetings/hello.flac", f"20261130-220000-{CALL}-2.mp3",
        "broken.wav",
    ]  # fmt: skip
    first = listed["recordings"][0]
    assert (first["call"], first["format"], first["finished"]) == (CALL, "wav", True)
    assert first["url"].startswith(f"http://127.0.0.1:9509/recordings/20261130-230000-{CALL}.wav?")
    assert listed["recordings"][1]["call"] == ""
    assert listed["octets"] == sum(each["size"] for each in listed["recordings"])


@pytest.mark.parametrize(
    ("query", "files"),
    [
        ("?call=aB3dE6gH", 2), ("?call=zzzzzzzz", 0), ("?name=HELLO", 1), ("?format=flac", 1),
        ("?since=2023-11-14T21:30:00%2B00:00", 1), ("?until=2023-11-14T20:30:00%2B00:00", 2),
        ("?limit=1&offset=3", 1), ("?offset=9", 0), ("?order=oldest&limit=1", 1),
    ],
)  # fmt: skip
async def test_filters(shelf: Shelf, query: str, files: int) -> None:
    _, listed, _ = await shelf.ask("GET", query)
    assert len(listed["recordings"]) == files
    if "oldest" in query:
        assert listed["recordings"][0]["file"] == "broken.wav"


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("?limit=1001", "limit cannot be '1001'"), ("?since=yesterday", "since cannot be"),
        ("?format=exe", "format cannot be 'exe'"), ("?file=x", "unknown field 'file'"),
    ],
)  # fmt: skip
async def test_wrong_queries(shelf: Shelf, query: str, part: str) -> None:
    status, problem, _ = await shelf.ask("GET", query)
    assert (status, part in problem["detail"]) == (400, True), problem


async def test_the_length_and_the_shape_of_each_format(shelf: Shelf) -> None:
    for path, loudness in (
        (f"20261130-230000-{CALL}.wav", (1.0, 0.5)),
        ("greetings/hello.flac", (0.25,)),
        (f"20261130-220000-{CALL}-2.mp3", (0.5,)),
    ):
        _, shown, _ = await shelf.ask("GET", f"/{identity(path)}")
        assert shown["seconds"] == pytest.approx(2.0, abs=0.2), path
        status, shape, _ = await shelf.ask("GET", f"/{identity(path)}/peaks?points=100")
        assert status == 200
        assert len(shape["channels"]) == len(loudness)
        for channel, loudest in zip(shape["channels"], loudness, strict=True):
            assert 90 <= len(channel) <= 100
            assert max(channel[:45]) == pytest.approx(loudest, abs=0.1), path
            assert max(channel[60:]) < 0.05, path


async def test_the_sound_is_played_and_saved(shelf: Shelf) -> None:
    path = f"20261130-230000-{CALL}.wav"
    status, octets, answer = await shelf.ask("GET", f"/{identity(path)}/sound", user="desk")
    assert (status, octets) == (200, (shelf.root / path).read_bytes())
    assert answer.headers["Content-Type"] == "audio/wav"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("inline")
    status, part, _ = await shelf.ask("GET", f"/{identity(path)}/sound", Range="bytes=0-3")
    assert (status, part) == (206, b"RIFF")
    _, _, answer = await shelf.ask("GET", f"/{identity(path)}/sound?download=true")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{path}"'


async def test_a_recording_is_deleted_by_admins_once_it_is_finished(shelf: Shelf) -> None:
    path = shelf.root / "greetings" / "hello.flac"
    name = identity("greetings/hello.flac")
    assert (await shelf.ask("DELETE", f"/{name}", user="desk"))[0] == 403
    shelf.going_on = [str(path)]
    assert (await shelf.ask("DELETE", f"/{name}"))[0] == 409
    assert (await shelf.ask("GET", f"/{name}/peaks"))[0] == 409
    assert (await shelf.ask("GET", f"/{name}"))[1]["finished"] is False
    shelf.going_on = []
    assert (await shelf.ask("DELETE", f"/{name}"))[0] == 204
    assert not path.exists()
    assert (await shelf.ask("DELETE", f"/{name}"))[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "../outside.wav", "link.wav", "/etc/passwd", "/etc/passwd.wav", "greetings/page.html",
        "greetings", "", "nothing.wav", "..\\outside.wav", "a\0.wav", "greetings/../../outside.wav",
    ],
)  # fmt: skip
async def test_what_is_no_recording_is_not_there(shelf: Shelf, path: str) -> None:
    name = identity(path) or "-"
    for method, rest in (("GET", ""), ("GET", "/sound"), ("GET", "/peaks"), ("DELETE", "")):
        status, _, _ = await shelf.ask(method, f"/{name}{rest}")
        assert status == 404, (method, rest)
    assert (shelf.root.parent / "outside.wav").exists()


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2foutside.wav", "x" * 5000, "%ff", "***"])
async def test_what_is_no_id_is_not_there(shelf: Shelf, name: str) -> None:
    assert (await shelf.ask("GET", f"/{name}/sound"))[0] in (400, 404)


async def test_a_file_that_holds_no_sound(shelf: Shelf) -> None:
    name = identity("broken.wav")
    status, problem, _ = await shelf.ask("GET", f"/{name}/peaks")
    assert status == 409
    assert "broken.wav holds no sound that can be read" in problem["detail"]
    assert str(shelf.root) not in problem["detail"]
    status, shown, _ = await shelf.ask("GET", f"/{name}")
    assert (status, shown["seconds"]) == (200, None)
    for points in ("9", "4001", "x"):
        assert (await shelf.ask("GET", f"/{name}/peaks?points={points}"))[0] == 400


async def test_a_name_that_is_no_text_is_found_by_its_id(shelf: Shelf) -> None:
    tone(shelf.root / "a.wav", 0.5)
    odd = os.fsdecode(b"<b>\xff.wav")
    (shelf.root / "a.wav").rename(shelf.root / odd)
    _, listed, _ = await shelf.ask("GET", "?name=<b>")
    (one,) = listed["recordings"]
    assert (one["file"], one["url"]) == ("<b>\ufffd.wav", "")
    assert path_of(one["id"]) == odd
    status, octets, answer = await shelf.ask("GET", f"/{one['id']}/sound")
    assert (status, octets[:4]) == (200, b"RIFF")
    assert "<" not in answer.headers["Content-Disposition"]


async def test_rights(shelf: Shelf) -> None:
    name = identity("broken.wav")
    for rest in ("", f"/{name}", f"/{name}/sound", f"/{name}/peaks"):
        assert (await shelf.ask("GET", rest, user="crm"))[0] == 403


async def test_a_directory_that_is_not_there_holds_none(tmp_path: Path) -> None:
    assert recordings_below(tmp_path / "nothing") == []
