"""A web server whose answers look like those of PHP, of C#, and of a server that names no type."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from tests.ports import free_port

Page = Callable[[Mapping[str, str]], str]
"What stands between `<Response>` and its end, from the fields of query and form."


@dataclass(frozen=True)
class Manner:
    """How a server writes an answer."""

    content_type: str | None
    before: bytes
    "What stands before `<Response>`."


PHP = Manner("text/html; charset=UTF-8", b"\n\r\n<?xml version='1.0' encoding='utf-8' ?>\n")
CSHARP = Manner(
    "application/octet-stream", b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-16"?>\r\n'
)
UNTYPED = Manner(None, b"")
MANNERS = {"php": PHP, "c#": CSHARP, "untyped": UNTYPED}


@dataclass
class PageServer:
    """Serves pages by their path; what was asked of each waits in `asked`."""

    manner: Manner
    pages: Mapping[str, Page]
    port: int = field(default_factory=free_port)
    asked: asyncio.Queue[tuple[str, Mapping[str, str]]] = field(default_factory=asyncio.Queue)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def next(self, path: str, seconds: float = 8.0) -> Mapping[str, str]:
        """The fields of the next request for a page; others before it are dropped."""
        async with asyncio.timeout(seconds):
            while True:
                asked, fields = await self.asked.get()
                if asked == path:
                    return fields

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request and its answer in HTTP/1.0."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            target = urlsplit(head.split(" ")[1])
            length = next(
                (
                    int(line.partition(":")[2])
                    for line in head.splitlines()
                    if line.lower().startswith("content-length:")
                ),
                0,
            )
            body = (await reader.readexactly(length)).decode()
            fields = dict(parse_qsl(target.query) + parse_qsl(body, keep_blank_values=True))
            self.asked.put_nowait((target.path, fields))
            writer.write(self._answer(target.path, fields))
            await writer.drain()
        finally:
            writer.close()

    def _answer(self, path: str, fields: Mapping[str, str]) -> bytes:
        page = self.pages.get(path)
        if page is None:
            return b"HTTP/1.0 404 Not Found\r\n\r\n"
        kind = self.manner.content_type
        header = f"Content-Type: {kind}\r\n" if kind else ""
        text = f"<Response>\n{page(fields)}\n</Response>".encode()
        return f"HTTP/1.0 200 OK\r\n{header}\r\n".encode() + self.manner.before + text


@asynccontextmanager
async def page_server(manner: Manner, pages: Mapping[str, Page]) -> AsyncIterator[PageServer]:
    """A server for the length of a test."""
    ours = PageServer(manner, pages)
    server = await asyncio.start_server(ours.serve, "127.0.0.1", ours.port)
    try:
        yield ours
    finally:
        server.close()
        await server.wait_closed()
