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
from softswitch.commands.running.own_calls import concerns
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer, asked
from softswitch.http.v1.calls.calls_json import CALL_OPERATIONS, CallsShown, Page, show_call
from softswitch.http.v1.serving import served


class CallsApi:
    """Shows calls; it changes nothing."""

    def __init__(self, calls: Calls, users: Users) -> None:
        self._calls = calls
        self._users = users
        self._turn = asyncio.Lock()
        "Held by the request that asks the media workers."

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {"listCalls": self.list, "showCall": self.show}
        return served(CALL_OPERATIONS, self._users, works)

    async def list(self, request: web.Request, user: User) -> web.Response:
        """A page of the calls, oldest first."""
        page = asked(request, Page)
        up = [call for call in self._calls if is_up(call) and concerns(call, user)]
        async with self._turn:
            shown = [
                await show_call(call, quality=page.quality)
                for call in up[page.offset : page.offset + page.limit]
                if is_up(call)
            ]
        return answer(200, CallsShown(total=len(up), calls=shown))

    async def show(self, request: web.Request, user: User) -> web.Response:
        """One call."""
        call_id = request.match_info["call_id"]
        call = self._calls.get(call_id)
        if call is None or not is_up(call) or not concerns(call, user):
            raise NotServed(404, f"no call '{call_id[:64]}' is up")
        async with self._turn:
            return answer(200, await show_call(call))


def is_up(call: Call) -> bool:
    """Whether a call has not ended."""
    return call.state not in FINAL
