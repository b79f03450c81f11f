"""Tokens as `/v1/tokens` takes and shows them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.moments import Moment, moment
from softswitch.http.v1.operations import Operation
from softswitch.settings.exchange.users import Role
from softswitch.store.exchange.web_tokens import TokenRow


class TokenWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to make."""

    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=64,
            pattern=r"^[^\x00-\x1f\x7f]+$",
            description="What it is for.",
        ),
    ]
    role: Annotated[
        Role | None, Meta(description="What it may do, at most what its user may: the default.")
    ] = None
    extensions: (
        Annotated[
            list[str],
            Meta(
                max_length=1000,
                description="Of the role application its own extensions, numbers and ranges such"
                " as 1100-1199; default: those of its user.",
            ),
        ]
        | None
    ) = None
    days: Annotated[int, Meta(ge=1, le=3650, description="When it expires.")] = 90


class TokenShown(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret."""

    id: str
    name: str
    user: Annotated[str, Meta(description="In whose name it acts.")]
    role: str
    extensions: list[str]
    made: Moment
    expires: Moment
    used: Annotated[
        Moment | None, Meta(description="When a request came last with it, to the minute.")
    ]


class TokenMade(TokenShown, frozen=True, kw_only=True):
    """A new token, with its secret: it is shown once."""

    token: Annotated[str, Meta(description="For Authorization: Bearer …")]

    def __repr__(self) -> str:
        return f"TokenMade(id={self.id!r})"


class TokensShown(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens, the oldest first."""

    tokens: list[TokenShown]


def show_token(row: TokenRow) -> TokenShown:
    """What is shown of a token."""
    return TokenShown(
        id=row.id,
        name=row.name,
        user=row.username,
        role=row.role,
        extensions=row.extensions,
        made=moment(row.made_at),
        expires=moment(row.expires_at),
        used=None if row.used_at is None else moment(row.used_at),
    )


def show_new_token(row: TokenRow, token: str) -> TokenMade:
    """The same with the token itself."""
    return TokenMade(**msgspec.structs.asdict(show_token(row)), token=token)


TOKEN_OPERATIONS = (
    Operation(
        path="/tokens",
        id="listTokens",
        right=Right.SEE_OWN,
        summary="The tokens of the user who asks; of all users for an admin.",
        answers={200: ("They, without their secrets.", TokensShown)},
    ),
    Operation(
        path="/tokens",
        method="post",
        id="makeToken",
        right=Right.SEE_OWN,
        summary="Make a token that acts in the name of the user who asks. A token makes none.",
        body=TokenWanted,
        answers={
            201: ("The token, whose secret is shown this once.", TokenMade),
            400: ("The body is wrong.", Problem),
            409: ("The user has too many tokens.", Problem),
            503: ("The database takes nothing; there is no token.", Problem),
        },
    ),
    Operation(
        path="/tokens/{token_id}",
        method="delete",
        id="revokeToken",
        right=Right.SEE_OWN,
        summary="End a token at once: one's own, or as an admin any.",
        answers={
            204: ("It counts no more.", None),
            404: ("There is no such token.", Problem),
            503: ("It has ended, but a restart could bring it back: ask again.", Problem),
        },
    ),
)
"What `tokens_api.py` serves."
