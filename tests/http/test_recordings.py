"""Recordings over HTTP: with a ticket, with a password, and not otherwise."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from softswitch.commands.running.recording_links import RecordingLinks
from softswitch.guard.files import AllowedFiles
from softswitch.guard.proofs.tickets import Tickets
from softswitch.http.recordings import recording_routes
from softswitch.http.server import HttpServer
from softswitch.http.users import Users

ADMIN = {"Authorization": "Basic " + b64encode(b"admin:secret").decode()}


@dataclass
class Served:
    """A directory of recordings that a server serves."""

    links: RecordingLinks
    session: aiohttp.ClientSession
    now: list[float]

    async def get(self, url: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        async with self.session.get(url, headers=headers) as response:
            return response.status, await response.read()


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    (tmp_path / "day one").mkdir()
    (tmp_path / "day one" / "a&b.wav").write_bytes(b"sound")
    (tmp_path / "other.wav").write_bytes(b"other")
    now = [1_000_000.0]
    tickets = Tickets(b"key", 60.0, lambda: now[0])
    users, files = Users({"admin": "secret"}), AllowedFiles([tmp_path])
    routes = recording_routes(files, users, RecordingLinks(tmp_path, tickets, ("", 0)))
    server = HttpServer(("127.0.0.1", 0), routes)
    await server.start()
    async with aiohttp.ClientSession() as session:
        yield Served(RecordingLinks(tmp_path, tickets, server.listen), session, now)
    await server.stop()


async def test_a_url_is_fetched_without_a_password_until_it_expires(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    url = await served.links.url("day one/a&b.wav")
    for _ in range(2):
        assert await served.get(url) == (200, b"sound")
    assert caplog.records == []
    served.now[0] += 61
    status, text = await served.get(url)
    assert (status, text) == (401, b"the link has expired")
    assert await served.get(url, ADMIN) == (200, b"sound")


async def test_a_guess_or_another_files_ticket_opens_nothing(served: Served) -> None:
    url = await served.links.url("day one/a&b.wav")
    base, _, ticket = url.partition("?ticket=")
    other = base.replace("day%20one/a%26b.wav", "other.wav")
    for wrong in (
        base,
        f"{base}?ticket=",
        f"{base}?ticket={ticket[:-1]}0x",
        f"{other}?ticket={ticket}",
    ):
        status, text = await served.get(wrong)
        assert status == 401
        assert b"sound" not in text
        assert b"other" not in text
        assert (await served.get(wrong, ADMIN))[0] == 200


async def test_a_ticket_for_what_is_gone_finds_nothing(served: Served) -> None:
    assert (await served.get(await served.links.url("gone.wav")))[0] == 404
    assert (await served.get(await served.links.url("../secret")))[0] in (401, 404)
