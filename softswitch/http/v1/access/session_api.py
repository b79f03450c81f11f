"""`/v1/session`: the console logs users in and out."""

from __future__ import annotations

import structlog
from aiohttp import web

from softswitch.commands.base.codes import CommandError
from softswitch.guard.rights import User
from softswitch.http.access.asked_changes import AskedChange, ask_change
from softswitch.http.access.cookies import cookie_of, drop_cookie, set_cookie
from softswitch.http.access.sessions import Sessions
from softswitch.http.cross_site import is_cross_site
from softswitch.http.users import Users
from softswitch.http.v1.access.session_json import SESSION_OPERATIONS, Login, show_session
from softswitch.http.v1.asking import NotServed, answer, refused_login
from softswitch.http.v1.bodies import body_of
from softswitch.http.v1.serving import served

log = structlog.get_logger("softswitch.security")


class SessionApi:
    """Begins sessions, shows and ends them."""

    def __init__(self, sessions: Sessions, users: Users) -> None:
        self._sessions = sessions
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {"beginSession": self.begin, "showSession": self.show, "endSession": self.end}
        return served(SESSION_OPERATIONS, self._users, works)

    async def begin(self, request: web.Request, _nobody: User) -> web.Response:
        """Log in with name and password; a session that the browser has ends."""
        if is_cross_site(request):
            raise web.HTTPForbidden(text="a page of another site has made this request")
        login = await body_of(request, Login)
        try:
            user = self._users.of_password(request, login.username, login.password)
        except CommandError as error:
            raise refused_login(request, error, runs_commands=True) from None
        ask_change(request, AskedChange(user, "beginSession", "session"))
        before = cookie_of(request)
        if before:
            await self._sessions.end(before)
        cookie, expires = await self._sessions.begin(user.name, login.password)
        log.info("logged in", user=user.name, source=request.remote)
        told = answer(200, show_session(user, expires), {"Cache-Control": "no-store"})
        set_cookie(request, told, cookie)
        return told

    async def show(self, request: web.Request, user: User) -> web.Response:
        """Who asks."""
        expires = self._sessions.expires(cookie_of(request)) if user.login == "session" else None
        return answer(200, show_session(user, expires), {"Cache-Control": "no-store"})

    async def end(self, request: web.Request, user: User) -> web.Response:
        """Log out."""
        if user.login != "session":
            raise NotServed(404, "the request has no session")
        await self._sessions.end(cookie_of(request))
        log.info("logged out", user=user.name, source=request.remote)
        told = web.Response(status=204)
        drop_cookie(request, told)
        return told
