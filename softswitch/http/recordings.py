"""`/recordings/…`: where finished recordings are downloaded from, with a ticket or as a user."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import web

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.running.recording_links import FIELD, RecordingLinks
from softswitch.guard.files import AllowedFiles, PathRefused
from softswitch.guard.proofs.tickets import Worth
from softswitch.guard.rights import NotAllowed, Right
from softswitch.http.users import Users, challenge


def recording_routes(
    files: AllowedFiles, users: Users, links: RecordingLinks
) -> list[web.RouteDef]:
    """What the HTTP server serves of recordings below `files`; `links` made their URLs."""

    async def download(request: web.Request) -> web.StreamResponse:
        fields = _fields(request.query)
        worth = links.judge(request.match_info["path"], fields.get(FIELD, ""))
        if worth is not Worth.GOOD:
            try:
                users.of_request(request, fields).require(Right.SEE)
            except NotAllowed as error:
                return web.Response(status=403, text=str(error))
            except CommandError as error:
                if error.code is Code.FORBIDDEN_ADDRESS:
                    return web.Response(status=403, text=error.message)
                text = "the link has expired" if worth is Worth.EXPIRED else error.message
                return web.Response(status=401, text=text, headers=challenge(request))
        try:
            path = await asyncio.to_thread(files.existing, request.match_info["path"])
        except PathRefused:
            return web.Response(status=404, text="no such recording")
        return web.FileResponse(path)

    return [web.get("/recordings/{path:.+}", download)]


def _fields(query: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in query.items()}
