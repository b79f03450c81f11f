"""The states of conferences as JSON; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.moments import Moment
from softswitch.http.v1.operations import Operation, Shape


class ConferenceMemberShown(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a conference."""

    call: Annotated[str, Meta(description="The id of its call, which names it here.")]
    number: Annotated[str, Meta(description="Empty when unknown.")]
    name: str
    since: Annotated[Moment, Meta(description="When its call was answered.")]
    muted: Annotated[bool, Meta(description="Whether the others do not hear it, for any reason.")]
    muted_by_itself: Annotated[bool, Meta(description="Whether it has pressed the mute key.")]
    on_hold: Annotated[bool, Meta(description="Whether it is out of the room meanwhile.")]


class ConferenceStateShown(msgspec.Struct, frozen=True, kw_only=True):
    """A conference at this moment."""

    number: str
    name: str
    locked: Annotated[bool, Meta(description="Whether no newcomer is let in.")]
    members: Annotated[list[ConferenceMemberShown], Meta(description="Who came first is first.")]
    entering: Annotated[int, Meta(description="Newcomers that ring, or are asked for the PIN.")]
    most_members: Annotated[int | None, Meta(description="`max_members`; null is no bound.")]


class ConferenceStatesShown(msgspec.Struct, frozen=True, kw_only=True):
    """The conferences that concern the user, by number."""

    conferences: list[ConferenceStateShown]


class MemberMuteAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a member is to be heard."""

    on: Annotated[bool, Meta(description="False lets it be heard again.")] = True


_Answers = dict[int, tuple[str, Shape | str | None]]
_MISSING: _Answers = {404: ("There is no such conference or member.", Problem)}
_NOW: _Answers = {200: ("The conference as it is now.", ConferenceStateShown), **_MISSING}

CONFERENCE_STATE_OPERATIONS = (
    Operation(
        path="/states/conferences",
        id="listConferenceStates",
        right=Right.SEE_OWN,
        summary="Who is in which conference.",
        answers={200: ("Those where anybody is.", ConferenceStatesShown)},
    ),
    Operation(
        path="/conferences/{number}/state",
        id="showConferenceState",
        right=Right.SEE_OWN,
        summary="Who is in a conference.",
        answers={**_NOW},
    ),
    Operation(
        path="/conferences/{number}/members/{call_id}",
        method="delete",
        id="removeMember",
        right=Right.OPERATE_OWN,
        summary="End the call of a member.",
        answers={204: ("It has left.", None), **_MISSING},
    ),
    Operation(
        path="/conferences/{number}/members/{call_id}/mute",
        method="post",
        id="muteMember",
        right=Right.OPERATE,
        summary="Let nobody hear a member, or let it be heard again.",
        body=MemberMuteAsked,
        may_be_empty=True,
        answers={**_NOW, 400: ("The body is wrong.", Problem)},
    ),
    Operation(
        path="/conferences/{number}/lock",
        method="put",
        id="lockConference",
        right=Right.OPERATE_OWN,
        summary="Let nobody else in, until it is unlocked or all have left.",
        answers={**_NOW, 409: ("Nobody is there.", Problem)},
    ),
    Operation(
        path="/conferences/{number}/lock",
        method="delete",
        id="unlockConference",
        right=Right.OPERATE_OWN,
        summary="Let newcomers in again.",
        answers={**_NOW},
    ),
)
"What `conferences_api.py` serves."
