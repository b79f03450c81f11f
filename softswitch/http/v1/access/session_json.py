"""Logins of the console, as `/v1/session` takes and shows them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right, User
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.moments import Moment, moment
from softswitch.http.v1.operations import Operation
from softswitch.settings.exchange.users import Role


class Login(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who logs in."""

    username: Annotated[str, Meta(min_length=1, max_length=64)]
    password: Annotated[str, Meta(max_length=1024)]

    def __repr__(self) -> str:
        return f"Login(username={self.username!r})"


class SessionShown(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and until when the login counts."""

    user: str
    role: Annotated[Role, Meta(description="What the user may do.")]
    extensions: Annotated[
        list[str], Meta(description="Of an application its own, numbers and ranges; else empty.")
    ]
    expires: Annotated[
        Moment | None, Meta(description="When the session ends; null for other logins.")
    ]


def show_session(user: User, expires: float | None) -> SessionShown:
    """The login of a user that ends then, at a Unix time."""
    return SessionShown(
        user=user.name,
        role=user.role,
        extensions=[] if user.own is None else user.own.texts(),
        expires=None if expires is None else moment(expires),
    )


SESSION_OPERATIONS = (
    Operation(
        path="/session",
        method="post",
        id="beginSession",
        right=None,
        summary="Log in at the console: the answer brings the cookie of the session.",
        body=Login,
        answers={
            200: ("The user is logged in.", SessionShown),
            400: ("The body is wrong.", Problem),
            503: ("The database takes nothing; nobody is logged in.", Problem),
        },
    ),
    Operation(
        path="/session",
        id="showSession",
        right=Right.SEE_OWN,
        summary="Who asks, and until when the session lasts.",
        answers={200: ("The user.", SessionShown)},
    ),
    Operation(
        path="/session",
        method="delete",
        id="endSession",
        right=Right.SEE_OWN,
        summary="Log out.",
        answers={
            204: ("The session has ended.", None),
            404: ("The request has no session.", Problem),
            503: ("It has ended, but a restart could bring it back: ask again.", Problem),
        },
    ),
)
"What `session_api.py` serves."
