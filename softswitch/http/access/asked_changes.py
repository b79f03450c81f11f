"""What a request asks to change: noted by who reads it, in the audit log when it is answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from softswitch.guard.rights import User

DONE = "ok"
"The result of what was done."
LONGEST = 200
"Characters of a target, and of a detail."


@dataclass(slots=True)
class AskedChange:
    """What a user asks for."""

    user: User
    operation: str
    target: str
    result: str = ""
    "What became of it; empty where the status of the answer says that."
    hurries: bool = False
    "Whether the answer goes before the row is on disk: commands about calls do not wait."


_ASKED = web.RequestKey("asked_change", AskedChange)
_GIVEN = web.RequestKey("given", str)


def ask_change(request: web.Request, change: AskedChange) -> None:
    """The request asks for that, and is written into the audit log when it is answered."""
    request[_ASKED] = change


def asked_change(request: web.BaseRequest) -> AskedChange | None:
    """What the request has asked for; None where it only looks."""
    return request.get(_ASKED)


def refuse_change(request: web.Request, code: int) -> None:
    """The command was refused with that code, whatever the status of the answer."""
    change = asked_change(request)
    if change is not None:
        change.result = str(code)


def tell_given(request: web.Request, names: Iterable[str]) -> None:
    """What the request brings, in words that hold no secret: the names of its fields."""
    request[_GIVEN] = ", ".join(names)[:LONGEST]


def given_of(request: web.BaseRequest) -> str:
    """What was told of the request."""
    given: str | None = request.get(_GIVEN)
    return given or ""
