"""`/v1/extensions/{number}/callbacks`: for whom an extension waits, until they are free."""

from __future__ import annotations

from aiohttp import web

from softswitch.calls.features.callback_requests import CallbackRequests
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import answer
from softswitch.http.v1.extensions.callbacks_json import (
    CALLBACK_OPERATIONS,
    CallbacksDropped,
    CallbacksShown,
)
from softswitch.http.v1.serving import served


class CallbacksApi:
    """Shows the callbacks that wait, and forgets them."""

    def __init__(self, requests: CallbackRequests, users: Users) -> None:
        self._requests = requests
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {"listCallbacks": self.list, "dropCallbacks": self.drop}
        return served(CALLBACK_OPERATIONS, self._users, works)

    async def list(self, request: web.Request, _user: User) -> web.Response:
        """The numbers that an extension waits for."""
        number = request.match_info["number"]
        waiting = [each for each in self._requests.waiting() if each.extension == number]
        return answer(200, CallbacksShown(waits_for=[each.wanted for each in waiting]))

    async def drop(self, request: web.Request, _user: User) -> web.Response:
        """Forget what an extension has asked for."""
        dropped = await self._requests.cancel(request.match_info["number"])
        return answer(200, CallbacksDropped(dropped=dropped))
