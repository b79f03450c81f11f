"""`/v1/extensions/{number}/callbacks`: for whom an extension waits, until they are free."""

from __future__ import annotations

from aiohttp import web

from softswitch.calls.features.callback_requests import CallbackRequests
from softswitch.http.users import Users
from softswitch.http.v1.asking import answer, refusal
from softswitch.http.v1.extensions.callbacks_json import CallbacksDropped, CallbacksShown

PATH = "/v1/extensions/{number}/callbacks"


class CallbacksApi:
    """Shows the callbacks that wait, and forgets them."""

    def __init__(self, requests: CallbackRequests, users: Users) -> None:
        self._requests = requests
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        return [web.get(PATH, self.list), web.delete(PATH, self.drop)]

    async def list(self, request: web.Request) -> web.Response:
        """The numbers that an extension waits for."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        number = request.match_info["number"]
        waiting = [each for each in self._requests.waiting() if each.extension == number]
        return answer(200, CallbacksShown(waits_for=[each.wanted for each in waiting]))

    async def drop(self, request: web.Request) -> web.Response:
        """Forget what an extension has asked for."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        dropped = self._requests.drop(request.match_info["number"])
        return answer(200, CallbacksDropped(dropped=dropped))
