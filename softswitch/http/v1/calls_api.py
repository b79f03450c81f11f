"""`/v1/calls`: the calls that are up and how they sound, as JSON, for the users of the HTTP API.

A list is a page of a bounded size. The parties of its calls are asked for one after the other, and
all requests take turns, so that no list keeps a media worker from its packets.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.calls.endings.states import FINAL
from softswitch.http.users import Users
from softswitch.http.v1.asking import BadQuery, Problem, answer, asked, refusal
from softswitch.http.v1.calls_json import CallsShown, Page, show_call
from softswitch.http.v1.openapi import document


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
        if (refused := refusal(request, self._users)) is not None:
            return refused
        try:
            page = asked(request, Page)
        except BadQuery as error:
            return answer(400, Problem(error=str(error)))
        up = [call for call in self._calls if _is_up(call)]
        async with self._turn:
            shown = [
                await show_call(call)
                for call in up[page.offset : page.offset + page.limit]
                if _is_up(call)
            ]
        return answer(200, CallsShown(total=len(up), calls=shown))

    async def show(self, request: web.Request) -> web.Response:
        """One call."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        call_id = request.match_info["call_id"]
        call = self._calls.get(call_id)
        if call is None or not _is_up(call):
            return answer(404, Problem(error=f"no call '{call_id[:64]}' is up"))
        async with self._turn:
            return answer(200, await show_call(call))


async def describe(request: web.Request) -> web.Response:
    """The description of what `/v1` serves; it holds no secret."""
    return web.Response(body=document(), content_type="application/json")


def _is_up(call: Call) -> bool:
    return call.state not in FINAL
