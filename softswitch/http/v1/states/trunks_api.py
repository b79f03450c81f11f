"""`/v1/states/trunks`: whether trunks can be used."""

from __future__ import annotations

from aiohttp import web

from softswitch.calls.numbers.trunks import Trunks
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer
from softswitch.http.v1.serving import served
from softswitch.http.v1.states.trunks_json import (
    TRUNK_STATE_OPERATIONS,
    TrunkStatesShown,
    show_trunk,
)


class TrunkStatesApi:
    """Shows how trunks are."""

    def __init__(self, trunks: Trunks, users: Users) -> None:
        self._trunks = trunks
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {"listTrunkStates": self.list, "showTrunkState": self.show}
        return served(TRUNK_STATE_OPERATIONS, self._users, works)

    async def list(self, _request: web.Request, _user: User) -> web.Response:
        """All trunks."""
        return answer(200, TrunkStatesShown(trunks=[show_trunk(trunk) for trunk in self._trunks]))

    async def show(self, request: web.Request, _user: User) -> web.Response:
        """One trunk."""
        name = request.match_info["name"]
        trunk = self._trunks.get(name)
        if trunk is None:
            raise NotServed(404, f"no trunk {name[:64]!r}")
        return answer(200, show_trunk(trunk))
