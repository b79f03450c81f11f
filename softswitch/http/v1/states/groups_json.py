"""The states of groups as JSON; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.operations import Operation
from softswitch.http.v1.states.doing import MemberStatus


class GroupMemberShown(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a group."""

    number: str
    name: str
    status: MemberStatus
    delay: Annotated[float, Meta(description="Seconds that the others ring before it.")]


class GroupStateShown(msgspec.Struct, frozen=True, kw_only=True):
    """A group at this moment."""

    number: str
    name: str
    strategy: str
    members: Annotated[list[GroupMemberShown], Meta(description="As the settings list them.")]
    ringing: Annotated[list[str], Meta(description="The ids of calls that ring it.")]


class GroupStatesShown(msgspec.Struct, frozen=True, kw_only=True):
    """The groups that concern the user, by number."""

    groups: list[GroupStateShown]


GROUP_STATE_OPERATIONS = (
    Operation(
        path="/states/groups",
        id="listGroupStates",
        right=Right.SEE_OWN,
        summary="What the members of groups do, and which calls ring them.",
        answers={200: ("The groups.", GroupStatesShown)},
    ),
    Operation(
        path="/groups/{number}/state",
        id="showGroupState",
        right=Right.SEE_OWN,
        summary="What the members of a group do, and which calls ring it.",
        answers={200: ("The group.", GroupStateShown), 404: ("There is no such group.", Problem)},
    ),
)
"What `groups_api.py` serves."
