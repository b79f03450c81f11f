"""`/v1/parking`: the calls that are parked now."""

from __future__ import annotations

from aiohttp import web

from softswitch.calls.parking.parking import Parking
from softswitch.http.users import Users
from softswitch.http.v1.asking import answer, refusal
from softswitch.http.v1.parking.parking_json import show_parking


class ParkingApi:
    """Shows the lots that are taken."""

    def __init__(self, parking: Parking, users: Users) -> None:
        self._parking = parking
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        return [web.get("/v1/parking", self.list)]

    async def list(self, request: web.Request) -> web.Response:
        """The calls that are parked, by lot."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        return answer(200, show_parking(self._parking))
