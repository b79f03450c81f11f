"""The console over HTTP: what is answered at `/`, its headers, and what stays the command API."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.console.built_files import BuiltFiles
from softswitch.http.adapter import CommandApi
from softswitch.http.console import Console
from softswitch.http.users import Users

Client = TestClient[web.Request, web.Application]


def _no_context(whose: object) -> None:
    raise AssertionError("no command is run here")


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    (tmp_path / "console").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>" + " " * 1_000)
    (tmp_path / "console" / "index-1.js").write_text("start()" * 200)
    console = Console(BuiltFiles(tmp_path))
    api = CommandApi(_no_context, Users({"admin": "s3cret"}, None), None, console.page)  # type: ignore[arg-type]
    app = web.Application()
    app.add_routes([*api.routes(), *console.routes()])
    async with TestClient(TestServer(app, host="127.0.0.1"), auto_decompress=False) as client:
        yield client


def _policy(answer: ClientResponse) -> dict[str, str]:
    directives = answer.headers["Content-Security-Policy"].split("; ")
    return dict(each.partition(" ")[::2] for each in directives)


async def test_the_page_may_load_nothing_from_elsewhere(client: Client) -> None:
    answer = await client.get("/")
    assert (answer.status, answer.content_type, answer.charset) == (200, "text/html", "utf-8")
    policy = _policy(answer)
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in str(policy) and "http" not in str(policy) and "*" not in str(policy)
    assert answer.headers["Cache-Control"] == "no-cache"


async def test_files_are_kept_for_good_and_the_page_is_asked_for_again(client: Client) -> None:
    answer = await client.get("/console/index-1.js")
    assert (answer.status, answer.content_type) == (200, "text/javascript")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for path in ("/", "/console/index-1.js"):
        tag = (await client.get(path)).headers["ETag"]
        again = await client.get(path, headers={"If-None-Match": tag})
        assert (again.status, await again.read()) == (304, b"")
        other = await client.get(path, headers={"If-None-Match": 'W/"other"'})
        assert other.status == 200


@pytest.mark.parametrize(
    ("accepts", "coding"),
    [
        ("gzip, deflate, br", "gzip"),
        ("br;q=1, gzip;q=0.5", "gzip"),
        ("*", "gzip"),
        ("gzip;q=0", None),
        ("identity", None),
        ("", None),
    ],
)
async def test_what_the_browser_reads_compressed_comes_so(
    client: Client, accepts: str, coding: str | None
) -> None:
    answer = await client.get("/console/index-1.js", headers={"Accept-Encoding": accepts})
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.headers["Vary"] == "Accept-Encoding"
    body = await answer.read()
    assert (gzip.decompress(body) if coding else body) == b"start()" * 200


@pytest.mark.parametrize(
    "path", ["/console/none.js", "/console/..%2findex.html", "/console/index.html", "/console/%00"]
)
async def test_there_is_nothing_else(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_a_file_that_a_new_version_has_removed(client: Client, tmp_path: Path) -> None:
    (tmp_path / "console" / "index-1.js").unlink()
    assert (await client.get("/console/index-1.js")).status == 404


async def test_the_folder_leads_to_the_page(client: Client) -> None:
    for path in ("/console", "/console/"):
        answer = await client.get(path)
        assert (answer.status, answer.url.path) == (200, "/")


async def test_a_query_at_the_root_is_still_a_command(client: Client) -> None:
    for answer in (
        await client.get("/", params={"Command": "Speak", "Username": "admin", "Password": "x"}),
        await client.get("/", params={"action": "sendmsg"}),
        await client.post("/", data={"command": "Speak"}),
        await client.post("/"),
    ):
        assert answer.content_type == "application/xml", await answer.text()
