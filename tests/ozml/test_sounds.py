"""What `Play` names, fetched from a real web server on loopback and kept as its headers allow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from softswitch.calls.ports.prompts import Prompts, PromptSound
from softswitch.commands.base.codes import CommandError
from softswitch.commands.base.context import Sound
from softswitch.commands.running.recording_links import RecordingLinks
from softswitch.guard.fetcher import Fetcher
from softswitch.guard.files import AllowedFiles
from softswitch.guard.proofs.tickets import Tickets
from softswitch.ozml import sounds as keeping
from softswitch.ozml.sounds import Sounds, lifetime


class Site:
    """A web server whose answers a test sets, and the sounds that are fetched from it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.content = b"first"
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked: list[str | None] = []
        "The `If-None-Match` of each request."
        self.now = 1000.0
        self.server: TestServer
        self.sounds: Sounds

    async def answer(self, request: web.Request) -> web.Response:
        asked = request.headers.get("If-None-Match")
        self.asked.append(asked)
        unchanged = asked is not None and asked == self.headers.get("ETag")
        status = 304 if unchanged else self.status
        body = b"" if unchanged else self.content
        return web.Response(status=status, body=body, headers=self.headers)

    async def play(self, path: str = "/a.wav") -> bytes:
        """What would be played."""
        sound = await self.sounds.find(str(self.server.make_url("")).rstrip("/") + path, "")
        return await asyncio.to_thread(Path(sound.path).read_bytes)


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path / "kept")
    app = web.Application()
    app.router.add_get("/{name:.*}", made.answer)
    made.server = TestServer(app)
    async with (
        made.server,
        Fetcher(allow=[ip_network("127.0.0.1/32")], total_seconds=2.0) as fetcher,
    ):
        made.sounds = Sounds(AllowedFiles([]), fetcher, made.directory, clock=lambda: made.now)
        yield made


async def test_a_file_is_kept_as_long_as_the_server_allows(site: Site) -> None:
    site.headers = {"Cache-Control": "public, max-age=60"}
    assert await site.play() == b"first"
    site.content = b"second"
    site.now += 59
    assert await site.play() == b"first"
    site.now += 2
    assert await site.play() == b"second"
    assert len(site.asked) == 2


@pytest.mark.parametrize("control", ["no-store", "max-age=60, no-cache", "max-age=soon", ""])
async def test_a_file_that_may_not_be_kept_is_fetched_for_every_play(
    site: Site, control: str
) -> None:
    site.headers = {"Cache-Control": control}
    assert await site.play() == b"first"
    site.content = b"second"
    assert await site.play() == b"second"


async def test_a_server_is_asked_whether_a_file_has_changed(site: Site) -> None:
    site.headers = {"ETag": '"1"'}
    assert await site.play() == b"first"
    site.content = b"nobody fetches this"
    assert await site.play() == b"first"
    site.headers, site.content = {"ETag": '"2"'}, b"second"
    assert await site.play() == b"second"
    assert site.asked == [None, '"1"', '"1"']


async def test_a_kept_file_that_was_cleared_away_is_fetched_again(site: Site) -> None:
    site.headers = {"ETag": '"1"', "Cache-Control": "max-age=60"}
    for seconds in (1, 61):
        assert await site.play() == b"first"
        for file in site.directory.iterdir():
            file.unlink()
        site.now += seconds
    assert await site.play() == b"first"
    assert site.asked == [None, None, None]


async def test_a_file_outlives_a_server_that_fails_for_a_while(site: Site) -> None:
    site.headers = {"ETag": '"1"'}
    await site.play()
    site.headers, site.status = {}, 503
    with pytest.raises(CommandError, match="answered 503"):
        await site.play()
    site.headers, site.status = {"ETag": '"1"'}, 200
    site.content = b"nobody fetches this"
    assert await site.play() == b"first"


@pytest.mark.parametrize("path", ["/a.w\x00v", "/a.w%00v", "/a.\ud800", "/" + "x" * 300 + ".mp3"])
async def test_a_url_of_odd_characters_is_fetched_or_refused(site: Site, path: str) -> None:
    try:
        assert await site.play(path) == b"first"
    except CommandError as error:
        assert "AudioFile" in str(error)


def test_an_answer_expires_after_as_long_as_its_server_says() -> None:
    date = "Thu, 01 Jan 1970 00:16:40 GMT"
    assert lifetime({"Expires": "Thu, 01 Jan 1970 00:17:40 GMT"}, 1000.0) == 60.0
    assert lifetime({"Expires": date}, 1000.0) == 0.0
    assert lifetime({"Expires": "0"}, 1000.0) == 0.0


async def test_a_file_below_the_allowed_directories_is_played_from_there(tmp_path: Path) -> None:
    (tmp_path / "hi.wav").write_bytes(b"hi")
    async with Fetcher() as fetcher:
        sounds = Sounds(AllowedFiles([tmp_path]), fetcher, tmp_path / "kept")
        found = await sounds.find("hi.wav", "")
        assert (found.source, found.path) == ("hi.wav", str(tmp_path / "hi.wav"))
        with pytest.raises(CommandError, match="'AudioFile' for command 'Play'"):
            await sounds.find("gone.wav", "http://app.example/script")


async def test_what_is_no_file_here_is_fetched_beside_the_script(site: Site) -> None:
    base = str(site.server.make_url("/scripts/menu.xml"))
    found = await site.sounds.find("sounds\\hi.wav", base)
    assert await asyncio.to_thread(Path(found.path).read_bytes) == b"first"
    assert len(site.asked) == 1


async def test_a_recording_of_the_switch_is_played_without_asking_for_it(tmp_path: Path) -> None:
    (tmp_path / "one.wav").write_bytes(b"said")
    now = [1000.0]
    tickets = Tickets(b"key", 60.0, lambda: now[0])
    links = RecordingLinks(tmp_path, tickets, ("192.0.2.1", 9509))
    url = await links.url("one.wav")
    async with Fetcher() as fetcher:
        sounds = Sounds(AllowedFiles([tmp_path]), fetcher, tmp_path / "kept", links.file_of)
        assert (await sounds.find(url, "")).path == str(tmp_path / "one.wav")
        now[0] += 3600
        with pytest.raises(CommandError, match="the link has expired"):
            await sounds.find(url, "")


async def test_the_file_that_was_used_longest_ago_goes_first(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_KEPT", 2)
    site.headers = {"Cache-Control": "max-age=3600"}
    for path in ("/a.wav", "/b.wav", "/a.wav", "/c.wav", "/a.wav"):
        await site.play(path)
    assert len(site.asked) == 3
    assert len(list(site.directory.iterdir())) == 2
    await site.play("/b.wav")
    assert len(site.asked) == 4


async def test_a_prompt_is_found_by_its_name(site: Site, tmp_path: Path) -> None:
    prompts = Prompts({"hello": PromptSound(text="Hello")})
    async with Fetcher() as fetcher:
        sounds = Sounds(AllowedFiles([tmp_path]), fetcher, tmp_path / "kept", prompts=prompts)
        assert await sounds.find("prompt:hello", "") == Sound("prompt:hello", "prompt:hello")
        with pytest.raises(CommandError, match="there is no prompt 'bye'"):
            await sounds.find("prompt:bye", str(site.server.make_url("/script.xml")))
