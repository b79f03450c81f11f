"""Authenticates HTTP requests, by fields of the request or by Basic (RFC 7617).

A browser keeps the password of Basic and sends it with whatever any page asks for. So it is not
taken from requests that other sites make, and it is only asked for where a person sees it and
nothing can be changed by a GET: where commands run, 401 names a scheme that browsers do not know.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping

import structlog
from aiohttp import web

from softswitch.commands.base.codes import Code, CommandError
from softswitch.guard.bans import Bans
from softswitch.guard.rates import RequestSources
from softswitch.http.cross_site import is_cross_site, is_seen

log = structlog.get_logger("api")


RETRY_SECONDS = "60"
"The Retry-After of a banned source."
UNKNOWN_TO_BROWSERS = 'xBasic realm="softswitch", charset="UTF-8"'
"The challenge where a browser must not ask for a password and keep it."
SERVICE = "HTTP"
"What the bans of sources that guess passwords are called."


class Users:
    """The users of the settings; a source that sends wrong passwords too often is banned."""

    def __init__(
        self,
        passwords: Mapping[str, str],
        bans: Bans | None = None,
        sources: RequestSources | None = None,
    ) -> None:
        self._passwords = dict(passwords)
        self._bans = Bans(SERVICE) if bans is None else bans
        self._sources = sources or RequestSources()

    def exchange(self, passwords: Mapping[str, str]) -> None:
        """Take the users of changed settings."""
        self._passwords = dict(passwords)

    def of_request(self, request: web.Request, lower: Mapping[str, str]) -> str:
        """The user of a request; `lower` are its fields by lower-case name.

        Raises CommandError 304 or 305, HTTPTooManyRequests for a banned source, and HTTPForbidden
        for a password of Basic that a page of another site has made a browser send.
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
        if self._bans.refuses(source, account):
            raise web.HTTPTooManyRequests(
                text="too many wrong passwords", headers={"Retry-After": RETRY_SECONDS}
            )
        expected = self._passwords.get(username)
        given = password.encode(errors="replace")
        right = hmac.compare_digest(given, (expected or "\0").encode())
        if expected is None or not right:
            log.warning("wrong password", user=account, source=request.remote)
            self._bans.wrong(source, account)
            raise CommandError(Code.AUTHENTICATION_FAILED)
        self._bans.right(source, account)
        return username


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
