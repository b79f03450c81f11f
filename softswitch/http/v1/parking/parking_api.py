"""`/v1/parking`: the calls that are parked now."""

from __future__ import annotations

from aiohttp import web

from softswitch.calls.parking.parking import Parking
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import answer
from softswitch.http.v1.parking.parking_json import PARKING_OPERATIONS, show_parking
from softswitch.http.v1.serving import served


class ParkingApi:
    """Shows the lots that are taken."""

    def __init__(self, parking: Parking, users: Users) -> None:
        self._parking = parking
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        return served(PARKING_OPERATIONS, self._users, {"listParking": self.list})

    async def list(self, _request: web.Request, user: User) -> web.Response:
        """The calls that are parked, by lot."""
        return answer(200, show_parking(self._parking, user))
