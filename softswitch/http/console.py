"""The console at `/`: the page, and its scripts and styles below `/console/`.

The page may load nothing from another host and run no script but its own files (Content Security
Policy Level 3), whatever a display name or a message says. Files have names that change with their
content, so browsers keep them for good (RFC 8246); the page itself is asked for each time, and is
answered with 304 while it is the same (RFC 9110 section 13.1.2).
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from softswitch.console.built_files import INDEX, BuiltFile, BuiltFiles

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        # Svelte's templates are the only ones that become elements; texts of peers never do.
        "require-trusted-types-for 'script'",
        "trusted-types svelte-trusted-html",
    )
)
PAGE_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
"Of the page itself."
FILE_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable"}
"Of what has its content's hash in its name."


class Console:
    """Serves the built files."""

    def __init__(self, files: BuiltFiles | None = None) -> None:
        self._files = files or BuiltFiles()

    def routes(self) -> list[web.RouteDef]:
        """All but `/`, where commands come as well (`adapter.py`)."""
        return [
            web.get("/console", self._to_the_page),
            web.get("/console/", self._to_the_page),
            web.get("/console/{name}", self._file),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """The page. Raises HTTPNotFound where it has not been built."""
        if INDEX not in self._files:
            raise web.HTTPNotFound(text="the console is not built: make console")
        return await self._answer(request, INDEX, PAGE_HEADERS)

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self._files or name == INDEX:
            raise web.HTTPNotFound(text="no such file of the console")
        return await self._answer(request, name, FILE_HEADERS)

    async def _to_the_page(self, request: web.Request) -> web.Response:
        raise web.HTTPFound("../" if request.path.endswith("/") else "./")

    async def _answer(
        self, request: web.Request, name: str, headers: dict[str, str]
    ) -> web.Response:
        try:
            file = await asyncio.to_thread(self._files.get, name)
        except OSError:  # another version was installed since the switch started
            raise web.HTTPNotFound(text="the file is there no more: restart the switch") from None
        # One tag for both forms, so it is a weak one (RFC 9110 section 8.8.1).
        headers = {**headers, "ETag": f'W/"{file.tag}"', "Vary": "Accept-Encoding"}
        if _has_it(request, file):
            return web.Response(status=304, headers=headers)
        body = file.content
        if file.gzipped is not None and _takes_gzip(request):
            body, headers["Content-Encoding"] = file.gzipped, "gzip"
        charset = "utf-8" if file.content_type.startswith("text/") else None
        return web.Response(
            body=body, headers=headers, content_type=file.content_type, charset=charset
        )


def _has_it(request: web.Request, file: BuiltFile) -> bool:
    tags = request.if_none_match or ()
    return any(tag.value in (file.tag, "*") for tag in tags)


def _takes_gzip(request: web.Request) -> bool:
    """Whether the client reads gzip (RFC 9110 section 12.5.3)."""
    for coding in request.headers.get("Accept-Encoding", "").lower().split(","):
        name, _, quality = coding.partition(";")
        if name.strip() in ("gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
