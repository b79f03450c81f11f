"""`/recordings/…`: where finished recordings are downloaded from, by the users of the HTTP API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import web

from softswitch.commands.base.codes import CommandError
from softswitch.guard.files import AllowedFiles, PathRefused
from softswitch.http.users import Users

CHALLENGE = {"WWW-Authenticate": 'Basic realm="softswitch", charset="UTF-8"'}


def recording_routes(files: AllowedFiles, users: Users) -> list[web.RouteDef]:
    """What the HTTP server serves of recordings below `files`."""

    async def download(request: web.Request) -> web.StreamResponse:
        try:
            users.of_request(request, _fields(request.query))
        except CommandError as error:
            return web.Response(status=401, text=error.message, headers=CHALLENGE)
        try:
            path = await asyncio.to_thread(files.existing, request.match_info["path"])
        except PathRefused:
            return web.Response(status=404, text="no such recording")
        return web.FileResponse(path)

    return [web.get("/recordings/{path:.+}", download)]


def _fields(query: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in query.items()}
