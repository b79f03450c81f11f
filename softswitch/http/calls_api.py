"""`/v1/calls`: the calls that are up and how they sound, as JSON, for the users of the HTTP API.

A list is a page of a bounded size. The parties of its calls are asked for one after the other, and
all requests take turns, so that no list keeps a media worker from its packets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec
from aiohttp import web

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.calls.endings.states import FINAL
from softswitch.commands.base.codes import CommandError
from softswitch.http.calls_json import CallsShown, Page, Problem, show_call
from softswitch.http.openapi import DOCUMENT
from softswitch.http.recordings import CHALLENGE
from softswitch.http.users import Users

LOGIN = frozenset({"username", "password"})
"Fields of a query that authenticate the requester."


class CallsApi:
    """Shows calls; it changes nothing."""

    def __init__(self, calls: Calls, users: Users) -> None:
        self._calls = calls
        self._users = users
        self._turn = asyncio.Lock()
        "Held by the request that asks the media workers."

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        return [
            web.get("/v1/calls", self.list),
            web.get("/v1/calls/{call_id}", self.show),
            web.get("/openapi.json", describe),
        ]

    async def list(self, request: web.Request) -> web.Response:
        """A page of the calls, oldest first."""
        fields = _fields(request)
        if (refusal := self._refusal(request, fields)) is not None:
            return refusal
        wanted = {name: text for name, text in fields.items() if name not in LOGIN}
        try:
            page = msgspec.convert(wanted, Page, strict=False)
        except msgspec.ValidationError as error:
            return _answer(400, Problem(error=str(error)))
        up = [call for call in self._calls if _is_up(call)]
        async with self._turn:
            shown = [
                await show_call(call)
                for call in up[page.offset : page.offset + page.limit]
                if _is_up(call)
            ]
        return _answer(200, CallsShown(total=len(up), calls=shown))

    async def show(self, request: web.Request) -> web.Response:
        """One call."""
        if (refusal := self._refusal(request, _fields(request))) is not None:
            return refusal
        call_id = request.match_info["call_id"]
        call = self._calls.get(call_id)
        if call is None or not _is_up(call):
            return _answer(404, Problem(error=f"no call '{call_id[:64]}' is up"))
        async with self._turn:
            return _answer(200, await show_call(call))

    def _refusal(self, request: web.Request, fields: Mapping[str, str]) -> web.Response | None:
        """The answer to a requester who is no user; None for a user."""
        try:
            self._users.of_request(request, fields)
        except CommandError as error:
            return _answer(401, Problem(error=error.message), CHALLENGE)
        return None


async def describe(request: web.Request) -> web.Response:
    """The description of what `/v1` serves; it holds no secret."""
    return web.Response(body=DOCUMENT, content_type="application/json")


def _is_up(call: Call) -> bool:
    return call.state not in FINAL


def _fields(request: web.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.query.items()}


def _answer(
    status: int, body: msgspec.Struct, headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/json",
        headers=headers,
    )
