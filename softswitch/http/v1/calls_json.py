"""The calls that are up, as `/v1/calls` shows them; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party
from softswitch.calls.endings.states import CallState
from softswitch.calls.ports.quality import Quality, quality_of
from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.moments import Moment, moment
from softswitch.http.v1.operations import Operation

MOST_CALLS = 100
"Calls in one answer: each costs the media worker a question for each of its parties."

Limit = Annotated[int, Meta(ge=1, le=MOST_CALLS, description="The most calls in the answer.")]
Offset = Annotated[int, Meta(ge=0, description="How many of the oldest calls to leave out.")]


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the calls are listed."""

    limit: Limit = 20
    offset: Offset = 0


class PartyShown(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a call."""

    number: Annotated[str, Meta(description="Its number; of a callee, the one that is rung.")]
    name: Annotated[str, Meta(description="Its display name; empty when unknown.")]
    muted: Annotated[
        bool,
        Meta(
            description="Whether nobody hears it: by `Mute`, a mute key, or as one of many paged."
        ),
    ]
    quality: Annotated[
        Quality | None,
        Meta(description="Its sound; null for a side without a phone, such as a script."),
    ]


class CallShown(msgspec.Struct, frozen=True, kw_only=True):
    """A call that has not ended."""

    id: Annotated[str, Meta(description="The CallId of commands.")]
    state: CallState
    started_at: Moment
    answered_at: Annotated[Moment | None, Meta(description="Null while nobody has answered.")]
    dialed: Annotated[str, Meta(description="The number that the caller asked for.")]
    caller: PartyShown
    callee: PartyShown


class CallsShown(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the calls that have not ended, oldest first."""

    total: Annotated[int, Meta(description="How many calls there are on all pages.")]
    calls: list[CallShown]


async def show_call(call: Call) -> CallShown:
    """A call with what the media worker tells of its parties at this moment."""
    return CallShown(
        id=call.id,
        state=call.state,
        started_at=moment(call.started_at),
        answered_at=None if call.answered_at is None else moment(call.answered_at),
        dialed=call.dialled,
        caller=await _show_party(call.caller),
        callee=await _show_party(call.callee),
    )


async def _show_party(party: Party) -> PartyShown:
    port = party.audio.port
    quality = None if port is None else quality_of(await port.statistics())
    return PartyShown(
        number=party.number, name=party.name, muted=bool(party.mutes), quality=quality
    )


CALL_OPERATIONS = (
    Operation(
        path="/calls",
        id="listCalls",
        right=Right.SEE_OWN,
        summary="A page of the calls that have not ended, oldest first.",
        query=Page,
        answers={200: ("The page.", CallsShown), 400: ("A parameter is wrong.", Problem)},
    ),
    Operation(
        path="/calls/{call_id}",
        id="showCall",
        right=Right.SEE_OWN,
        summary="A call that has not ended.",
        answers={200: ("The call.", CallShown), 404: ("No call with that id is up.", Problem)},
    ),
)
"What `calls_api.py` serves."
