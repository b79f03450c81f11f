"""Authenticates HTTP requests: by their fields, by Basic (RFC 7617), by a token or a cookie.

A browser keeps the password of Basic and sends it with whatever any page asks for. So it is not
taken from requests that other sites make, and it is only asked for where a person sees it and
nothing can be changed by a GET: where commands run, 401 names a scheme that browsers do not know.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import replace

import structlog
from aiohttp import web

from softswitch.commands.base.codes import Code, CommandError
from softswitch.guard.bans import Bans
from softswitch.guard.rates import RequestSources
from softswitch.guard.rights import NotAllowed, User
from softswitch.http.access.cookies import HEADER, WORD, cookie_of, is_by_our_page
from softswitch.http.access.sessions import Sessions
from softswitch.http.access.tokens import Tokens, id_of, limited
from softswitch.http.cross_site import is_cross_site, is_seen
from softswitch.settings.exchange.users import HttpUser
from softswitch.settings.passwords import TERMINAL_KEY

log = structlog.get_logger("api")


UNKNOWN_TO_BROWSERS = 'xBasic realm="softswitch", charset="UTF-8"'
"The challenge where a browser must not ask for a password and keep it."
SAFE = frozenset({"GET", "HEAD"})
"Methods that change nothing, but where commands run."
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
        sessions: Sessions | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        """`passwords` by name; who is not among the `settings` is as they are by default.
        `sessions` are logins of the console, `tokens` stand for passwords; without them no cookie
        and no token counts.

        Who proves the `terminal_key` is at the terminal of this machine: any user without a
        password, by default the first admin, and never banned.
        """
        self._passwords, self._users = dict(passwords), _users(passwords, settings)
        self._bans = Bans(SERVICE) if bans is None else bans
        self._sources = sources or RequestSources()
        self._terminal_key = terminal_key.encode()
        self._sessions = sessions
        self._tokens = tokens
        self._end_tokens_of_others()

    def exchange(self, passwords: Mapping[str, str], settings: Iterable[HttpUser] = ()) -> None:
        """Take the users of changed settings."""
        self._passwords, self._users = dict(passwords), _users(passwords, settings)
        self._end_tokens_of_others()

    def as_now(self, user: User) -> User:
        """A user, perhaps of a token, as the settings are now; may do nothing where it is gone."""
        now = self.now(user.name)
        if not user.token:
            return now
        row = self._tokens.named(user.token) if self._tokens is not None else None
        try:
            if row is not None and self._tokens is not None and self._tokens.counts(row.id):
                return limited(row, now)
        except NotAllowed as error:
            log.debug("token without rights", reason=str(error))
        return User.gone(user.name)

    def now(self, name: str) -> User:
        """The user of that name as the settings are now; may do nothing where there is none."""
        return self._users.get(name) or User.gone(name)

    def of_request(
        self,
        request: web.Request,
        lower: Mapping[str, str],
        *,
        runs_commands: bool = False,
        seen: bool = True,
    ) -> User:
        """The user of a request; `lower` are its fields by lower-case name.

        `runs_commands` where a GET may change something. Without `seen` a session or a token is
        not used by it: a request that lasts is looked at again and again.

        Raises CommandError 304, 305 or 307, Banned for a banned source, and HTTPForbidden for a
        password of Basic or a cookie that a page of another site has made a browser send.
        """
        username, password = lower.get("username", ""), lower.get("password", "")
        header = request.headers.get("Authorization", "")
        if not username and header[:7].lower() == "bearer ":
            return self._of_token(request, header[7:].strip(), seen=seen)
        if not username and header:
            _refuse_other_sites(request)
            username, password = basic_credentials(header)
        if not username and self._sessions is not None and (cookie := cookie_of(request)):
            return self._of_session(request, self._sessions, cookie, runs_commands, seen=seen)
        return self.of_password(request, username, password)

    def of_password(self, request: web.Request, username: str, password: str) -> User:
        """The user of that name, if it is the password. Raises as `of_request`."""
        is_here = self._is_at_the_terminal(request)
        if not username and is_here:
            username = self._first_admin()
        if not username:
            raise CommandError(Code.AUTHENTICATION_REQUIRED)
        source, account = self._sources.find(request.remote or ""), username[:64]
        if not is_here and self._bans.refuses(source, account):
            raise Banned(self._bans.retry_after(source, account))
        user = self._users.get(username)
        if user is not None:
            try:  # whatever the password is: who may not come from there learns nothing about it
                self._require_address(request, user)
            except CommandError:
                if not is_here:
                    self._bans.wrong(source, account)
                raise
        expected = self._passwords.get(username)
        given = password.encode(errors="replace")
        right = hmac.compare_digest(given, (expected or "\0").encode()) or (is_here and not given)
        if user is None or expected is None or not right:
            log.warning("wrong password", user=account, source=request.remote)
            self._bans.wrong(source, account)
            raise CommandError(Code.AUTHENTICATION_FAILED)
        self._bans.right(source, account)
        return replace(user, login="terminal" if is_here else "password")

    def _of_token(self, request: web.Request, token: str, *, seen: bool) -> User:
        """The user of a token (RFC 6750 section 2.1); wrong ones are counted as passwords are."""
        source, account = self._sources.find(request.remote or ""), f"token {id_of(token)}"
        if self._bans.refuses(source, account):
            raise Banned(self._bans.retry_after(source, account))
        row = self._tokens.find(token) if self._tokens is not None else None
        user = None if row is None else self._users.get(row.username)
        if self._tokens is None or row is None or user is None:
            log.warning("wrong token", token=id_of(token), source=request.remote)
            self._bans.wrong(source, account)
            detail = "the token is not known, or has expired or was revoked"
            raise CommandError(Code.AUTHENTICATION_FAILED, detail=detail)
        self._require_address(request, user)
        try:
            narrowed = limited(row, user)
        except NotAllowed as error:
            raise CommandError(Code.AUTHENTICATION_FAILED, detail=str(error)) from None
        self._bans.right(source, account)
        if seen:
            self._tokens.used(row.id)
        return narrowed

    def _of_session(
        self,
        request: web.Request,
        sessions: Sessions,
        cookie: str,
        runs_commands: bool,
        *,
        seen: bool,
    ) -> User:
        """The user of a cookie, which browsers send unasked: other pages must not use it."""
        _refuse_other_sites(request)
        name = sessions.find(cookie, self._passwords.get, seen=seen)
        user = None if name is None else self._users.get(name)
        if user is None:
            raise CommandError(Code.AUTHENTICATION_REQUIRED, detail="the session has ended")
        changes = runs_commands or request.method not in SAFE
        if changes and not is_by_our_page(request):
            log.warning("no page of ours", user=user.name, source=request.remote)
            raise web.HTTPForbidden(text=f"expected the header {HEADER}: {WORD} beside the cookie")
        self._require_address(request, user)
        return replace(user, login="session")

    def _require_address(self, request: web.Request, user: User) -> None:
        """See that the user may come from there. Raises CommandError 307."""
        if not user.may_come_from(request.remote or ""):
            log.warning("address not allowed", user=user.name, source=request.remote)
            raise CommandError(
                Code.FORBIDDEN_ADDRESS, detail=f"{user.name} may not come from {request.remote}"
            )

    def _first_admin(self) -> str:
        """The name of the first user who may do all; empty where there is none."""
        admins = (name for name, user in self._users.items() if user.role == "admin")
        return next(admins, "")

    def _end_tokens_of_others(self) -> None:
        """Who is no user any more leaves no token to a later user of that name."""
        if self._tokens is not None:
            self._tokens.keep(self._users)

    def _is_at_the_terminal(self, request: web.Request) -> bool:
        """Whether a request proves that it comes from the terminal of this machine."""
        given = request.headers.get(TERMINAL_KEY, "").encode(errors="replace")
        return bool(self._terminal_key) and hmac.compare_digest(given, self._terminal_key)


def _refuse_other_sites(request: web.Request) -> None:
    """Raise HTTPForbidden where a page of another site has made a browser send its login."""
    if is_cross_site(request):
        log.warning("cross-site request", source=request.remote, path=request.path[:80])
        raise web.HTTPForbidden(text="a page of another site has made this request")


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
