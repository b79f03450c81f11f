"""`/v1/tokens`: tokens are made, listed and revoked."""

from __future__ import annotations

import structlog
from aiohttp import web

from softswitch.guard.rights import NotAllowed, User
from softswitch.http.access.tokens import DAY, Tokens, TooManyTokens
from softswitch.http.users import Users
from softswitch.http.v1.access.tokens_json import (
    TOKEN_OPERATIONS,
    TokensShown,
    TokenWanted,
    show_new_token,
    show_token,
)
from softswitch.http.v1.asking import NotServed, answer
from softswitch.http.v1.bodies import BadBody, body_of
from softswitch.http.v1.faults import BodyFault
from softswitch.http.v1.serving import served
from softswitch.settings.exchange.users import read_number_or_range

log = structlog.get_logger("softswitch.security")


class TokensApi:
    """Makes tokens, lists and revokes them."""

    def __init__(self, tokens: Tokens, users: Users) -> None:
        self._tokens = tokens
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {"listTokens": self.list, "makeToken": self.make, "revokeToken": self.revoke}
        return served(TOKEN_OPERATIONS, self._users, works)

    async def list(self, _request: web.Request, user: User) -> web.Response:
        """The tokens that the user may see."""
        found = self._tokens.of(None if user.role == "admin" else user.name)
        return answer(200, TokensShown(tokens=[show_token(row) for row in found]))

    async def make(self, request: web.Request, user: User) -> web.Response:
        """A new token."""
        if user.token:
            raise NotAllowed("a token makes no tokens: log in with a password")
        wanted = await body_of(request, TokenWanted)
        role = wanted.role or user.role
        extensions = _extensions(wanted, role, user)
        try:
            token, row = await self._tokens.make(
                user, wanted.name, role, extensions, wanted.days * DAY
            )
        except TooManyTokens as error:
            raise NotServed(409, str(error)) from None
        log.info("token made", token=row.name, id=row.id, user=user.name, role=role)
        return answer(201, show_new_token(row, token), {"Cache-Control": "no-store"})

    async def revoke(self, request: web.Request, user: User) -> web.Response:
        """End a token."""
        identity = request.match_info["token_id"]
        row = self._tokens.named(identity)
        if row is None or (user.role != "admin" and row.username != user.name):
            raise NotServed(404, f"there is no token {identity[:64]!r}")
        if user.token not in ("", identity) and user.role != "admin":
            raise NotAllowed("a token revokes itself alone: log in with a password")
        await self._tokens.revoke(identity)
        log.info("token revoked", token=row.name, id=row.id, of=row.username, user=user.name)
        return web.Response(status=204)


def _extensions(wanted: TokenWanted, role: str, user: User) -> list[str]:
    """The numbers of an application; those of its user by default. Raises BadBody."""
    if role != "application":
        if wanted.extensions:
            raise _bad("extensions", 'expected role "application" beside extensions')
        return []
    if wanted.extensions is None and user.own is not None:
        return user.own.texts()
    if not wanted.extensions:
        raise _bad("extensions", "expected the numbers that are the application's own")
    for index, text in enumerate(wanted.extensions):
        try:
            read_number_or_range(text)
        except ValueError as error:
            raise _bad(f"extensions[{index}]", str(error)) from None
    return wanted.extensions


def _bad(field: str, wrong: str) -> BadBody:
    fault = BodyFault(field, wrong)
    return BadBody(str(fault), [fault])
