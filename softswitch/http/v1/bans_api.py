"""`/v1/bans`: the bans of sources that guessed passwords, listed and lifted by HTTP users."""

from __future__ import annotations

import time

import msgspec
import structlog
from aiohttp import web

from softswitch.guard.bans import BanList
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import answer, asked
from softswitch.http.v1.bans_json import BAN_OPERATIONS, BanFilter, BansLifted, BansShown, show_ban
from softswitch.http.v1.serving import served

log = structlog.get_logger("softswitch.security")


class BansApi:
    """Shows bans and lifts them."""

    def __init__(self, bans: BanList, users: Users) -> None:
        self._bans = bans
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {"listBans": self.list, "liftBans": self.lift}
        return served(BAN_OPERATIONS, self._users, works)

    async def list(self, _request: web.Request, _user: User) -> web.Response:
        """The bans that last, by service, oldest first."""
        now = time.time()
        return answer(200, BansShown(bans=[show_ban(ban, now) for ban in self._bans.standing()]))

    async def lift(self, request: web.Request, user: User) -> web.Response:
        """End the bans that fit the query."""
        wanted = asked(request, BanFilter)
        lifted = self._bans.lift(
            service=wanted.service, source=wanted.source, account=wanted.account
        )
        if lifted:
            log.warning("bans lifted", count=lifted, by=user.name, **msgspec.structs.asdict(wanted))
        return answer(200, BansLifted(lifted=lifted))
