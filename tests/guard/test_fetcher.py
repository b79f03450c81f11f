"""The guarded fetcher against a real web server on loopback."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from softswitch.guard.fetcher import (
    Cookies,
    Fetcher,
    FetchError,
    FetchRefused,
    NoConnection,
    shown,
)
from softswitch.guard.proofs.signing import HEADER, is_signed
from softswitch.guard.reach import Reach

LOOPBACK = [ip_network("127.0.0.1/32")]


async def echo(request: web.Request) -> web.Response:
    form = await request.post()
    text = f"{request.method} {sorted(form.items())} {request.headers.get('Cookie', '')}"
    response = web.Response(text=text)
    response.set_cookie("call", "7")
    return response


async def redirect(request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": request.query["to"]})


async def again(request: web.Request) -> web.Response:
    return web.Response(status=307, headers={"Location": "/again"})


async def large(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        for _ in range(10_000):
            await response.write(bytes(10_000))
    except ConnectionError:
        pass
    return response


async def slow(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(50):
        await response.write(b"x")
        await asyncio.sleep(0.1)
    return response


async def bomb(request: web.Request) -> web.Response:
    return web.Response(body=gzip.compress(bytes(1_000_000)), headers={"Content-Encoding": "gzip"})


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    app = web.Application()
    app.router.add_route("*", "/echo", echo)
    app.router.add_route("*", "/redirect", redirect)
    app.router.add_route("*", "/again", again)
    app.router.add_route("*", "/large", large)
    app.router.add_route("*", "/slow", slow)
    app.router.add_route("*", "/bomb", bomb)
    async with TestServer(app, host="127.0.0.1") as server:
        yield server


def url(server: TestServer, path: str) -> str:
    return f"http://127.0.0.1:{server.port}{path}"


async def test_posts_fields_and_keeps_the_cookies_of_a_call(server: TestServer) -> None:
    async with Fetcher(allow=LOOPBACK) as fetcher:
        cookies = Cookies()
        first = await fetcher.post(url(server, "/echo"), {"a": "1"}, cookies=cookies)
        assert first.body == b"POST [('a', '1')] "
        assert first.content_type == "text/plain"
        second = await fetcher.get(url(server, "/echo"), cookies=cookies)
        assert second.body == b"GET [] call=7"
        other_call = await fetcher.get(url(server, "/echo"), cookies=Cookies())
        assert other_call.body == b"GET [] "


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "gopher://example.org/",
        "http://127.0.0.1:1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://169.254.169.254/latest",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://224.0.0.1/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://localhost/",
        "http:///nohost",
        "http://[",
        "",
    ],
)
async def test_refuses_what_the_settings_do_not_allow(target: str) -> None:
    async with Fetcher() as fetcher:
        with pytest.raises(FetchRefused):
            await fetcher.get(target)


async def test_an_origin_of_the_settings_is_always_allowed(server: TestServer) -> None:
    async with Fetcher(origins=[url(server, "/incoming")]) as fetcher:
        assert (await fetcher.get(url(server, "/echo"))).status == 200
        with pytest.raises(FetchRefused):
            await fetcher.get(f"http://127.0.0.1:{(server.port or 0) + 1}/echo")


async def test_every_redirect_is_judged_again(server: TestServer) -> None:
    async with Fetcher(origins=[url(server, "/")]) as fetcher:
        good = await fetcher.get(url(server, "/redirect?to=/echo"))
        assert good.url.endswith("/echo")
        with pytest.raises(FetchRefused):
            await fetcher.get(url(server, "/redirect?to=http://127.0.0.2/"))
        with pytest.raises(FetchRefused):
            await fetcher.get(url(server, "/redirect?to=file:///etc/passwd"))
        with pytest.raises(FetchError, match="more than 3 redirects"):
            await fetcher.post(url(server, "/again"), {})


async def test_bounds_of_size_time_and_coding(server: TestServer) -> None:
    async with Fetcher(allow=LOOPBACK, total_seconds=0.5, max_octets=100_000) as fetcher:
        with pytest.raises(FetchError, match="larger than 100000 octets"):
            await fetcher.get(url(server, "/large"))
        with pytest.raises(FetchError, match="compressed"):
            await fetcher.get(url(server, "/bomb"))
        with pytest.raises(FetchError, match=r"no complete answer in 0.5 s"):
            await fetcher.get(url(server, "/slow"))


async def test_a_server_that_is_down_is_named(unused_tcp_port: int) -> None:
    async with Fetcher(allow=LOOPBACK) as fetcher:
        with pytest.raises(NoConnection, match=rf"127\.0\.0\.1:{unused_tcp_port}"):
            await fetcher.get(f"http://127.0.0.1:{unused_tcp_port}/x?secret=1")


def test_an_allowed_network_is_reached() -> None:
    reach = Reach([ip_network("10.1.0.0/16")])
    assert reach.permits_address("10.1.2.3")
    assert reach.permits_address("8.8.8.8")
    assert not reach.permits_address("10.2.0.1")
    assert not reach.permits_address("fd00::1")


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("http://app.example/a?token=secret", "http://app.example/a"),
        ("http://app.example/a#secret", "http://app.example/a"),
        ("http://user:secret@app.example:80/a", "http://app.example:80/a"),
        ("http://secret@app.example", "http://app.example"),
        ("http://user:secret@x@app.example/a", "http://app.example/a"),
        ("http://user:secret@[::1]:80/a?x", "http://[::1]:80/a"),
        ("http://user:sec/ret@app.example/a", "http://app.example/a"),
        ("http://user:sec?ret@app.example/a", "http://app.example/a"),
        ("http:user:secret@app.example/a", "app.example/a"),
        ("http://app.example/a@b", "http://app.example/a@b"),
        ("http://app.example/?mail=a@b", "http://app.example/"),
        ("scripts/menu.xml", "scripts/menu.xml"),
        ("http://app.example/" + "x" * 500, "http://app.example/" + "x" * 181),
    ],
)
def test_what_may_be_secret_in_a_url_is_not_shown(url: str, seen: str) -> None:
    assert shown(url) == seen


@pytest.mark.parametrize("is_ours", [True, False])
async def test_forms_to_applications_of_the_settings_are_signed(is_ours: bool) -> None:
    received: list[tuple[str, bytes]] = []

    async def take(request: web.Request) -> web.Response:
        received.append((request.headers.get(HEADER, ""), await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    async with TestServer(app, host="127.0.0.1") as server:
        target = url(server, "/")
        origins = [target] if is_ours else []
        async with Fetcher(allow=LOOPBACK, origins=origins, secret="0123456789abcdef") as fetcher:
            await fetcher.post(target, {"CallId": "7", "Name": "Jürgen & Söhne"})
    [(header, body)] = received
    assert body == b"CallId=7&Name=J%C3%BCrgen+%26+S%C3%B6hne"
    assert is_signed("0123456789abcdef", header, body, time.time()) is is_ours
    assert bool(header) is is_ours
