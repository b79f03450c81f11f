"""`/v1/bans`: the bans of sources that guessed passwords, listed and lifted by HTTP users."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import structlog
from aiohttp import web

from softswitch.guard.bans import BanList
from softswitch.http.users import Users
from softswitch.http.v1.asking import BadQuery, Problem, answer, asked, refusal
from softswitch.http.v1.bans_json import BanFilter, BansLifted, BansShown, show_ban

log = structlog.get_logger("softswitch.security")


class BansApi:
    """Shows bans and lifts them."""

    def __init__(self, bans: BanList, users: Users) -> None:
        self._bans = bans
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        return [web.get("/v1/bans", self.list), web.delete("/v1/bans", self.lift)]

    async def list(self, request: web.Request) -> web.Response:
        """The bans that last, by service, oldest first."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        now = datetime.now(UTC).astimezone()
        return answer(200, BansShown(bans=[show_ban(ban, now) for ban in self._bans.standing()]))

    async def lift(self, request: web.Request) -> web.Response:
        """End the bans that fit the query."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        try:
            wanted = asked(request, BanFilter)
        except BadQuery as error:
            return answer(400, Problem(error=str(error)))
        lifted = self._bans.lift(
            service=wanted.service, source=wanted.source, account=wanted.account
        )
        if lifted:
            log.warning("bans lifted", count=lifted, **msgspec.structs.asdict(wanted))
        return answer(200, BansLifted(lifted=lifted))
