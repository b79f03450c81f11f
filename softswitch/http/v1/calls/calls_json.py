"""The calls that are up, as `/v1/calls` shows them; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party
from softswitch.calls.endings.states import CallState
from softswitch.calls.endings.whereabouts import ScriptPlace
from softswitch.calls.ports.quality import Quality, quality_of
from softswitch.guard.fetcher import shown
from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.moments import Moment, moment
from softswitch.http.v1.operations import Operation

MOST_CALLS = 100
"Calls in one answer: each costs the media worker a question for each of its parties."
LONGEST_COMMAND = 40
"Characters of a command's name that are shown."

Limit = Annotated[int, Meta(ge=1, le=MOST_CALLS, description="The most calls in the answer.")]
Offset = Annotated[int, Meta(ge=0, description="How many of the oldest calls to leave out.")]


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the calls are listed."""

    limit: Limit = 20
    offset: Offset = 0
    quality: Annotated[
        bool,
        Meta(description="False: `quality` is null everywhere, and the answer comes sooner."),
    ] = True


class PartyShown(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a call."""

    number: Annotated[str, Meta(description="Its number; of a callee, the one that is rung.")]
    name: Annotated[str, Meta(description="Its display name; empty when unknown.")]
    extension: Annotated[
        str, Meta(description="The extension of its phone; empty for a party from outside.")
    ]
    trunk: Annotated[str, Meta(description="The trunk that it is at; empty for a phone of ours.")]
    holds: Annotated[bool, Meta(description="Whether its phone has put the call on hold.")]
    held: Annotated[bool, Meta(description="Whether a command holds it.")]
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


class StateShown(msgspec.Struct, frozen=True, kw_only=True):
    """A state of a call."""

    state: CallState
    since: Moment


class ScriptShown(msgspec.Struct, frozen=True, kw_only=True):
    """Where the script of a call is."""

    name: Annotated[
        str,
        Meta(description="Its file or URL, without query; empty where a command has brought it."),
    ]
    extension: Annotated[str, Meta(description="Whose script it is; empty where it is nobody's.")]
    line: Annotated[int, Meta(description="Of the document, from 1.")]
    command: Annotated[str, Meta(description="The command that runs, such as `UserInput`.")]
    since: Moment


class CallShown(msgspec.Struct, frozen=True, kw_only=True):
    """A call that has not ended."""

    id: Annotated[str, Meta(description="The CallId of commands.")]
    state: CallState
    since: Annotated[Moment, Meta(description="When the state began.")]
    states: Annotated[list[StateShown], Meta(description="All of its states, in their order.")]
    started_at: Moment
    answered_at: Annotated[Moment | None, Meta(description="Null while nobody has answered.")]
    dialed: Annotated[str, Meta(description="The number that the caller asked for.")]
    caller: PartyShown
    callee: PartyShown
    script: Annotated[
        ScriptShown | None, Meta(description="Where its script is; null while none controls it.")
    ]
    recordings: Annotated[int, Meta(description="How many recordings of it go on.")]
    chain: Annotated[
        str, Meta(description="The id of the call that it has come from, which may be its own.")
    ]


class CallsShown(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the calls that have not ended, oldest first."""

    total: Annotated[int, Meta(description="How many calls there are on all pages.")]
    calls: list[CallShown]


async def show_call(call: Call, *, quality: bool = True) -> CallShown:
    """A call, with what the media worker tells of its parties at this moment if `quality` says."""
    states = [StateShown(state=state, since=moment(at)) for state, at in call.whereabouts.states]
    return CallShown(
        id=call.id,
        state=call.state,
        since=states[-1].since,
        states=states,
        started_at=moment(call.started_at),
        answered_at=None if call.answered_at is None else moment(call.answered_at),
        dialed=call.dialled,
        caller=await _show_party(call.caller, quality),
        callee=await _show_party(call.callee, quality),
        script=_show_script(call.whereabouts.script),
        recordings=len(call.recordings),
        chain=call.chain_id,
    )


async def _show_party(party: Party, quality: bool) -> PartyShown:
    audio = party.audio
    asked = audio.port if quality else None
    return PartyShown(
        number=party.number,
        name=party.name,
        extension=party.extension,
        trunk=party.trunk,
        holds=audio.is_held_by_phone,
        held=audio.on_hold,
        muted=bool(party.mutes),
        quality=None if asked is None else quality_of(await asked.statistics()),
    )


def _show_script(place: ScriptPlace | None) -> ScriptShown | None:
    if place is None:
        return None
    return ScriptShown(
        name=shown(place.source),
        extension=place.extension,
        line=place.line,
        command=place.command[:LONGEST_COMMAND],
        since=moment(place.since),
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
