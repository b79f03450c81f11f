"""Who asks `/v1`, with which fields, and how everything there answers."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta

from softswitch.commands.base.codes import Code, CommandError
from softswitch.guard.rights import User
from softswitch.http.access.asked_changes import tell_given
from softswitch.http.users import Users, challenge

LOGIN = frozenset({"username", "password"})
"Fields of a query that authenticate the requester."

S = TypeVar("S", bound=msgspec.Struct)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no other answer: problem details (RFC 9457 section 3.1)."""

    type: Annotated[
        str, Meta(description="What kind it is; about:blank where the status says all of it.")
    ] = "about:blank"
    title: Annotated[str, Meta(description="The kind in words, always the same.")]
    status: Annotated[int, Meta(description="The status of the answer.", ge=400, le=599)]
    detail: Annotated[str, Meta(description="A sentence: what is wrong, what was expected.")]


def user_of(request: web.Request, users: Users, *, seen: bool = True) -> User:
    """Who asks; `seen` as `Users.of_request`.

    Raises NotServed to a requester who is no user, or may not come from there.
    """
    try:
        return users.of_request(request, _fields(request), seen=seen)
    except CommandError as error:
        raise refused_login(request, error) from None


def is_still(request: web.Request, users: Users, user: User) -> bool:
    """Whether the login of a request still counts: it may have ended, or have other rights."""
    try:
        return user_of(request, users, seen=False) == user
    except (NotServed, web.HTTPException):
        return False


class NotServed(Exception):
    """What is answered in place of what was asked for."""

    def __init__(
        self, status: int, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = headers


def refused_login(
    request: web.Request, error: CommandError, *, runs_commands: bool = False
) -> NotServed:
    """What is answered where a login does not count; `runs_commands` is as in `challenge`."""
    if error.code is Code.FORBIDDEN_ADDRESS:
        return NotServed(403, error.message)
    return NotServed(401, error.message, challenge(request, runs_commands=runs_commands))


def asked(request: web.Request, kind: type[S]) -> S:
    """The query as a value of that class. Raises BadQuery."""
    wanted = {name: text for name, text in _fields(request).items() if name not in LOGIN}
    tell_given(request, (f"{name}={text}" for name, text in wanted.items()))
    try:
        return msgspec.convert(wanted, kind, strict=False)
    except msgspec.ValidationError:
        raise BadQuery(_fault(wanted, kind)) from None


class BadQuery(Exception):
    """A query that cannot be read; the sentence names the field and what was expected."""


def _fault(wanted: Mapping[str, str], kind: type[msgspec.Struct]) -> str:
    """What is wrong with a query, in words of ours."""
    known = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    for name, text in wanted.items():
        if name not in known:
            return f"unknown field {name[:40]!r}, expected one of {', '.join(known)}"
        try:
            msgspec.convert(text, known[name], strict=False)
        except msgspec.ValidationError:
            return f"{name} cannot be {text[:40]!r}, expected {_expected(known[name])}"
    return f"expected {', '.join(name for name in known if name not in wanted)}"


def _expected(kind: object) -> str:
    """What a field takes, in words."""
    schema = msgspec.json.schema(kind)
    if schema.get("type") == "boolean":
        return "true or false"
    if schema.get("type") == "integer":
        low, high = schema.get("minimum", 0), schema.get("maximum")
        return f"a whole number from {low}{f' to {high}' if high is not None else ''}"
    return "one of " + ", ".join(map(str, schema["enum"])) if "enum" in schema else "a text"


def answer(
    status: int, body: msgspec.Struct, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A value as JSON."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type=media_type_of(type(body)),
        headers=headers,
    )


def media_type_of(kind: type[msgspec.Struct]) -> str:
    """What JSON of that class is called."""
    return "application/problem+json" if issubclass(kind, Problem) else "application/json"


def answer_problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Why there is no other answer, where the status says what kind of problem it is."""
    title = HTTPStatus(status).phrase
    return answer(status, Problem(title=title, status=status, detail=detail), headers)


def _fields(request: web.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.query.items()}
