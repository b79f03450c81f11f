"""Who asks `/v1`, with which fields, and how everything there answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta

from softswitch.commands.base.codes import CommandError
from softswitch.http.users import Users, challenge

LOGIN = frozenset({"username", "password"})
"Fields of a query that authenticate the requester."

S = TypeVar("S", bound=msgspec.Struct)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no other answer."""

    error: Annotated[str, Meta(description="A sentence.")]


def refusal(request: web.Request, users: Users) -> web.Response | None:
    """The answer to a requester who is no user; None for a user."""
    try:
        users.of_request(request, _fields(request))
    except CommandError as error:
        return answer(401, Problem(error=error.message), challenge(request))
    return None


def asked(request: web.Request, kind: type[S]) -> S:
    """The query as a value of that class. Raises msgspec.ValidationError."""
    wanted = {name: text for name, text in _fields(request).items() if name not in LOGIN}
    return msgspec.convert(wanted, kind, strict=False)


def answer(
    status: int, body: msgspec.Struct, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A value as JSON."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/json",
        headers=headers,
    )


def _fields(request: web.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.query.items()}
