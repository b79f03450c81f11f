"""The bans that last, as `/v1/bans` shows them; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.guard.bans import Ban
from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.moments import Moment, moment
from softswitch.http.v1.operations import Operation


class BanShown(msgspec.Struct, frozen=True, kw_only=True):
    """A ban that lasts."""

    service: Annotated[str, Meta(description="What was guessed at: SIP, HTTP, SMPP, PIN.")]
    source: Annotated[
        str,
        Meta(description="The address (of IPv6 its /64), or for a PIN the caller; else a trunk."),
    ]
    account: Annotated[
        str, Meta(description="The user, or the number that the PIN opens; empty for all of them.")
    ]
    until: Moment
    seconds: Annotated[int, Meta(description="How long it still lasts.")]
    dropped: Annotated[int, Meta(description="Attempts that it has dropped.")]


class BansShown(msgspec.Struct, frozen=True, kw_only=True):
    """The bans that last."""

    bans: list[BanShown]


class BanFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which bans are lifted: those that fit all that is given; without anything, all."""

    service: Annotated[str | None, Meta(description="Only bans of that service.")] = None
    source: Annotated[str | None, Meta(description="Only bans of that source.")] = None
    account: Annotated[str | None, Meta(description="Only bans for that account.")] = None


class BansLifted(msgspec.Struct, frozen=True, kw_only=True):
    """How many bans were lifted."""

    lifted: int


def show_ban(ban: Ban, now: float) -> BanShown:
    """A ban, at the Unix time `now`."""
    return BanShown(
        service=ban.service,
        source=ban.source,
        account=ban.account,
        until=moment(now + ban.seconds),
        seconds=round(ban.seconds),
        dropped=ban.dropped,
    )


BAN_OPERATIONS = (
    Operation(
        path="/bans",
        id="listBans",
        right=Right.SEE,
        summary="The bans that last.",
        answers={200: ("All of them.", BansShown)},
    ),
    Operation(
        path="/bans",
        method="delete",
        id="liftBans",
        right=Right.OPERATE,
        summary="Lift the bans that fit the query.",
        query=BanFilter,
        answers={200: ("They are lifted.", BansLifted), 400: ("A parameter is wrong.", Problem)},
    ),
)
"What `bans_api.py` serves."
