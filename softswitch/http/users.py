"""Who may use the HTTP interface: fields of the request, or Basic authentication (RFC 7617)."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping

import structlog
from aiohttp import web

from softswitch.commands.codes import Code, CommandError

log = structlog.get_logger("api")


class Users:
    """The users of the settings and their passwords."""

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self._passwords = dict(passwords)

    def of_request(self, request: web.Request, lower: Mapping[str, str]) -> str:
        """The user of a request; `lower` are its fields by lower-case name.

        Raises CommandError 304 or 305.
        """
        username, password = lower.get("username", ""), lower.get("password", "")
        header = request.headers.get("Authorization", "")
        if not username and header:
            username, password = basic_credentials(header)
        if not username:
            raise CommandError(Code.AUTHENTICATION_REQUIRED)
        expected = self._passwords.get(username)
        right = hmac.compare_digest(password.encode(), (expected or "\0").encode())
        if expected is None or not right:
            log.warning("wrong password", user=username[:64], source=request.remote)
            raise CommandError(Code.AUTHENTICATION_FAILED)
        return username


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
