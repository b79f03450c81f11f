"""A web application of the tests' own: remembers notifications, answers with OzML."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from xml.sax.saxutils import escape

from aiohttp import web

from tests.ports import free_port


class WebApplication:
    """Answers by path; what was posted waits in `posted`."""

    def __init__(self) -> None:
        self.port = free_port()
        self.answers: dict[str, str] = {}
        "`{RecordURL}` in an answer is that field of the request."
        self.once: dict[str, list[str]] = {}
        "Answers that are given once each, before those of `answers`."
        self.cookies: dict[str, dict[str, str]] = {}
        "What answers set."
        self.delays: dict[str, float] = {}
        "Seconds before answers."
        self.is_over = asyncio.Event()
        "Nobody waits for an answer any more."
        self.posted: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        cookie = request.headers.get("Cookie", "")
        self.posted.put_nowait({"path": request.path, "cookie": cookie, **form})
        with suppress(TimeoutError):
            async with asyncio.timeout(self.delays.get(request.path, 0)):
                await self.is_over.wait()
        once = self.once.get(request.path)
        text = once.pop(0) if once else self.answers.get(request.path, "")
        for name, value in form.items():
            text = text.replace(f"{{{name}}}", escape(value))
        if request.path == "/redirect":
            raise web.HTTPFound(text)
        if request.path == "/endless":
            return await _without_end(request)
        response = web.Response(text=text, content_type="application/xml")
        for name, value in self.cookies.get(request.path, {}).items():
            response.set_cookie(name, value)
        return response

    async def heard(self, name: str, seconds: float = 15.0, **fields: str) -> dict[str, str]:
        """The next notification of that name with these fields; others before it are dropped."""
        async with asyncio.timeout(seconds):
            while True:
                form = await self.posted.get()
                if form.get("NotificationName") == name and fields.items() <= form.items():
                    return form

    async def posted_to(self, path: str, seconds: float = 15.0) -> dict[str, str]:
        """The next form that was posted there; others before it are dropped."""
        async with asyncio.timeout(seconds):
            while True:
                form = await self.posted.get()
                if form["path"] == path:
                    return form


async def _without_end(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/xml"})
    await response.prepare(request)
    while True:
        await response.write(b" " * 100_000)


@asynccontextmanager
async def application() -> AsyncIterator[WebApplication]:
    """A web application for the length of a test."""
    ours = WebApplication()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", ours.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", ours.port).start()
    try:
        yield ours
    finally:
        ours.is_over.set()
        await runner.cleanup()
