"""Authenticates HTTP requests, by fields of the request or by Basic (RFC 7617).

A browser keeps the password of Basic and sends it with whatever any page asks for. So it is not
taken from requests that other sites make, and it is only asked for where a person sees it and
nothing can be changed by a GET: where commands run, 401 names a scheme that browsers do not know.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping

import structlog
from aiohttp import web

from softswitch.commands.base.codes import Code, CommandError
from softswitch.guard.bans import Bans
from softswitch.guard.rates import RequestSources
from softswitch.guard.rights import User
from softswitch.http.cross_site import is_cross_site, is_seen
from softswitch.settings.exchange.users import HttpUser
from softswitch.settings.passwords import TERMINAL_KEY

log = structlog.get_logger("api")


UNKNOWN_TO_BROWSERS = 'xBasic realm="softswitch", charset="UTF-8"'
"The challenge where a browser must not ask for a password and keep it."
SERVICE = "HTTP"
"What the bans of sources that guess passwords are called."


class Banned(web.HTTPTooManyRequests):
    """The source has sent too many wrong passwords."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            text=f"too many wrong passwords, ask again in {seconds} seconds",
            headers={"Retry-After": str(seconds)},
        )


class Users:
    """The users of the settings; a source that sends wrong passwords too often is banned."""

    def __init__(
        self,
        passwords: Mapping[str, str],
        bans: Bans | None = None,
        sources: RequestSources | None = None,
        *,
        settings: Iterable[HttpUser] = (),
        terminal_key: str = "",
    ) -> None:
        """`passwords` by name; who is not among the `settings` is as they are by default.

        Who proves the `terminal_key` is at the terminal of this machine, and is never banned.
        """
        self._passwords, self._users = dict(passwords), _users(passwords, settings)
        self._bans = Bans(SERVICE) if bans is None else bans
        self._sources = sources or RequestSources()
        self._terminal_key = terminal_key.encode()

    def exchange(self, passwords: Mapping[str, str], settings: Iterable[HttpUser] = ()) -> None:
        """Take the users of changed settings."""
        self._passwords, self._users = dict(passwords), _users(passwords, settings)

    def now(self, name: str) -> User:
        """The user of that name as the settings are now; may do nothing where there is none."""
        return self._users.get(name) or User.gone(name)

    def of_request(self, request: web.Request, lower: Mapping[str, str]) -> User:
        """The user of a request; `lower` are its fields by lower-case name.

        Raises CommandError 304, 305 or 307, Banned for a banned source, and HTTPForbidden for a
        password of Basic that a page of another site has made a browser send.
        """
        username, password = lower.get("username", ""), lower.get("password", "")
        header = request.headers.get("Authorization", "")
        if not username and header:
            if is_cross_site(request):
                log.warning("cross-site request", source=request.remote, path=request.path[:80])
                raise web.HTTPForbidden(text="a page of another site has made this request")
            username, password = basic_credentials(header)
        if not username:
            raise CommandError(Code.AUTHENTICATION_REQUIRED)
        source, account = self._sources.find(request.remote or ""), username[:64]
        is_here = self._is_at_the_terminal(request)
        if not is_here and self._bans.refuses(source, account):
            raise Banned(self._bans.retry_after(source, account))
        user = self._users.get(username)
        if user is not None and not user.may_come_from(request.remote or ""):
            # Whatever the password is: who may not come from there learns nothing about it.
            log.warning("address not allowed", user=account, source=request.remote)
            if not is_here:
                self._bans.wrong(source, account)
            raise CommandError(
                Code.FORBIDDEN_ADDRESS, detail=f"{account} may not come from {request.remote}"
            )
        expected = self._passwords.get(username)
        given = password.encode(errors="replace")
        right = hmac.compare_digest(given, (expected or "\0").encode())
        if user is None or expected is None or not right:
            log.warning("wrong password", user=account, source=request.remote)
            self._bans.wrong(source, account)
            raise CommandError(Code.AUTHENTICATION_FAILED)
        self._bans.right(source, account)
        return user

    def _is_at_the_terminal(self, request: web.Request) -> bool:
        """Whether a request proves that it comes from the terminal of this machine."""
        given = request.headers.get(TERMINAL_KEY, "").encode(errors="replace")
        return bool(self._terminal_key) and hmac.compare_digest(given, self._terminal_key)


def _users(names: Iterable[str], settings: Iterable[HttpUser]) -> dict[str, User]:
    known = {each.username: each for each in settings}
    return {name: User.of(known.get(name) or HttpUser(username=name)) for name in names}


def challenge(request: web.Request, *, runs_commands: bool = False) -> dict[str, str]:
    """The headers of a 401; `runs_commands` where a GET may change something."""
    asks = is_seen(request) and not runs_commands
    scheme = 'Basic realm="softswitch", charset="UTF-8"' if asks else UNKNOWN_TO_BROWSERS
    return {"WWW-Authenticate": scheme}


def basic_credentials(header: str) -> tuple[str, str]:
    """User and password of an Authorization header. Raises CommandError 305."""
    scheme, _, token = header.partition(" ")
    try:
        decoded = base64.b64decode(token.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise CommandError(Code.AUTHENTICATION_FAILED) from None
    username, colon, password = decoded.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise CommandError(Code.AUTHENTICATION_FAILED)
    return username, password
