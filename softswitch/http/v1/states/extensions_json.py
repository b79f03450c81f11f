"""What extensions do now, as JSON; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.operations import Operation
from softswitch.http.v1.states.doing import MemberStatus

MOST_EXTENSIONS = 500
"Extensions in one answer."


class ExtensionStateFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which extensions are listed."""

    type: Annotated[
        str, Meta(max_length=40, description="Their `type`, such as phone; without it all.")
    ] = ""
    limit: Annotated[int, Meta(ge=1, le=MOST_EXTENSIONS, description="The most in the answer.")] = (
        100
    )
    offset: Annotated[int, Meta(ge=0, description="How many to leave out.")] = 0


class ExtensionStateShown(msgspec.Struct, frozen=True, kw_only=True):
    """An extension at this moment."""

    number: str
    name: str
    type: str
    status: MemberStatus
    registrations: Annotated[int, Meta(description="Phones that can be reached now.")]
    calls: Annotated[
        list[str],
        Meta(description="The ids of calls in which it talks, rings, or has been dialled."),
    ]


class ExtensionStatesShown(msgspec.Struct, frozen=True, kw_only=True):
    """A page of extensions, in the order of the settings."""

    total: Annotated[int, Meta(description="How many there are on all pages.")]
    offset: int
    limit: int
    extensions: list[ExtensionStateShown]


EXTENSION_STATE_OPERATIONS = (
    Operation(
        path="/states/extensions",
        id="listExtensionStates",
        right=Right.SEE_OWN,
        summary="Whether extensions are free, ring, talk, or cannot be reached.",
        query=ExtensionStateFilter,
        answers={200: ("The page.", ExtensionStatesShown), 400: ("A parameter is wrong.", Problem)},
    ),
)
"What `extensions_api.py` serves."
