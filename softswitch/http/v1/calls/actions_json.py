"""What is done to calls, as JSON: the bodies of the actions; `openapi.py` describes these classes.

Each action is a command of `/api`, whose page in `docs/commands/` says what it does in detail.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.commands.base.values import DAY_SECONDS, MachineDetection, Parties
from softswitch.commands.record import RecordingFormat
from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.calls.calls_json import CallShown
from softswitch.http.v1.operations import Operation, Shape

Number = Annotated[
    str, Meta(max_length=320, description="A telephone number, an extension or number@host.")
]
Seconds = Annotated[float, Meta(ge=0, le=DAY_SECONDS)]
Address = Annotated[str, Meta(max_length=2048, description="An http or https URL.")]
Heard = Annotated[Parties, Meta(description="Who hears it.")]


class CallAsked(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"from_": "from"},
):
    """A call that is to be made."""

    to: Annotated[Number, Meta(description="The number to call.")]
    from_: Annotated[
        Number | None,
        Meta(description="The number that is rung first; when it has answered, `to` is rung."),
    ] = None
    api_extension: Annotated[
        Number | None,
        Meta(description="Without `from`: the extension that places the call, of type api or ivr."),
    ] = None
    caller_id: Annotated[str | None, Meta(description="Without `from`: the number shown.")] = None
    caller_display_name: Annotated[
        str | None, Meta(description="Without `from`: the name shown.")
    ] = None
    url: Annotated[
        Address | None, Meta(description="Gets CallConnected; its answer is the script.")
    ] = None
    script: Annotated[
        str | None, Meta(description="OzML that runs on answer; wins over `url`.")
    ] = None
    ring_time: Annotated[
        Seconds | None, Meta(description="Without `from`: seconds of ringing; 60 by default.")
    ] = None
    machine_detection: MachineDetection | None = None
    finished_url: Annotated[
        Address | None, Meta(description="Requested when the call has been completed.")
    ] = None
    error_url: Annotated[Address | None, Meta(description="Requested when an error occurs.")] = None


class TransferAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a party is to go: to a number, or to the party of another call."""

    target: Annotated[
        Number | None, Meta(description="The number to transfer to (a blind transfer).")
    ] = None
    target_call: Annotated[
        str | None, Meta(description="The id of the other call (an attended transfer).")
    ] = None
    transferor: Annotated[
        Parties | None,
        Meta(
            description="The party that leaves. Without it, the switch where it is one; else the "
            "callee, of two calls the number that both share."
        ),
    ] = None
    finished_url: Annotated[
        Address | None,
        Meta(description="Of a blind transfer: requested when the transferred call ends."),
    ] = None


class ForwardAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which number a ringing call is to ring instead."""

    destination: Number


class MuteAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to be heard by nobody, or again."""

    party: Annotated[Parties, Meta(description="The party that is muted; all: both.")]
    on: Annotated[bool, Meta(description="False lets it be heard again.")] = True


class PlayAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sound to play."""

    audio_file: Annotated[
        str, Meta(description="Below `storage.static`, an http(s) URL, or `prompt:NAME`.")
    ]
    party: Heard = Parties.ALL
    repeat: Annotated[bool, Meta(description="Play again and again.")] = False
    timeout: Annotated[Seconds | None, Meta(description="Seconds after which it stops.")] = None


class SpeakAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text to say."""

    text: Annotated[str, Meta(min_length=1, max_length=10_000)]
    party: Heard = Parties.ALL
    language: Annotated[str | None, Meta(description="Such as `en-us`.")] = None
    voice: Annotated[str | None, Meta(description="An installed voice.")] = None


class RecordAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A recording to begin."""

    format: RecordingFormat = RecordingFormat.MP3
    record_path: Annotated[
        str | None, Meta(description="A directory below `storage.recordings`.")
    ] = None
    file_name: Annotated[
        str | None, Meta(description="The file's name; by default the time and the id.")
    ] = None
    mute_keys: Annotated[bool, Meta(description="Leave out the sound of pressed keys.")] = False
    finished_url: Annotated[Address | None, Meta(description="Gets RecordCompleted.")] = None


class StopAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to end: both, without a word about it."""

    sounds: Annotated[bool, Meta(description="What the parties are played, and keys.")] = True
    recordings: Annotated[bool, Meta(description="All recordings of the call.")] = True


class KeysAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys to send."""

    keys: Annotated[
        str, Meta(min_length=1, max_length=256, description="0-9 * # A-D; a comma is a pause.")
    ]
    party: Annotated[Parties, Meta(description="Who receives them.")] = Parties.ALL


class ListeningWay(StrEnum):
    """By whom a supervisor is heard: by nobody, by one party, by both."""

    MONITOR = "monitor"
    WHISPER = "whisper"
    BARGE = "barge"


class ListenAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to hear a call, and how."""

    supervisor: Annotated[Number, Meta(description="The extension whose phone is rung.")]
    way: Annotated[
        ListeningWay,
        Meta(description="Only listen; whisper to one party; barge in and be heard by both."),
    ] = ListeningWay.MONITOR
    party: Annotated[
        Parties, Meta(description="The party that is supervised, or whispered to.")
    ] = Parties.ALL


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """Something that goes on beside the call."""

    call: CallShown
    warnings: Annotated[
        list[str], Meta(description="What is done in another way than it was asked to.")
    ]


_Answers = dict[int, tuple[str, Shape | str | None]]
_REFUSED: _Answers = {
    400: ("A field is wrong; the sentence names it.", Problem),
    404: ("No call with that id is up, or it concerns others only.", Problem),
    409: ("The state of the call does not allow it, or the number is not reached.", Problem),
}
_NOW: _Answers = {200: ("It is done; the call as it is now.", CallShown)}
_BEGUN: _Answers = {202: ("It has begun.", Begun)}
_MADE: _Answers = {201: ("The call is under way; Location is its path.", CallShown)}


def _action(
    name: str,
    operation: str,
    summary: str,
    answers: _Answers,
    *,
    body: Shape | None = None,
    right: Right = Right.OPERATE_OWN,
) -> Operation:
    return Operation(
        path=f"/calls/{{call_id}}/{name}",
        method="post",
        id=operation,
        right=right,
        summary=summary,
        body=body,
        answers={**answers, **_REFUSED},
    )


def _operations() -> Iterator[Operation]:
    yield Operation(
        path="/calls",
        method="post",
        id="startCall",
        right=Right.OPERATE_OWN,
        summary="Call a number, for a script or for a phone that is rung first.",
        body=CallAsked,
        answers={
            **_MADE,
            400: _REFUSED[400],
            409: ("The number leads nowhere, or there are too many calls.", Problem),
        },
    )
    yield Operation(
        path="/calls/{call_id}",
        method="delete",
        id="hangUp",
        right=Right.OPERATE_OWN,
        summary="End a call for everybody, whatever its state.",
        answers={204: ("It has ended.", None), 404: _REFUSED[404]},
    )
    yield _action("hold", "holdCall", "Put both parties on hold.", _NOW)
    yield _action("resume", "resumeCall", "Bring both parties back from hold.", _NOW)
    transfer = "Connect the party that stays to a number, or to the party of another call."
    done: _Answers = {200: ("It is done; the call in which the party talks on.", CallShown)}
    yield _action("transfer", "transferCall", transfer, done, body=TransferAsked)
    yield _action("forward", "forwardCall", "Ring another number instead.", _NOW, body=ForwardAsked)
    mute = "Let nobody hear a party, or let it be heard again."
    yield _action("mute", "muteParty", mute, _NOW, body=MuteAsked, right=Right.OPERATE)
    yield _action("play", "playSound", "Play an audio file to a party.", _BEGUN, body=PlayAsked)
    yield _action("speak", "speakText", "Read a text to a party.", _BEGUN, body=SpeakAsked)
    yield _action("record", "recordCall", "Record the call to a file.", _BEGUN, body=RecordAsked)
    stop = "End what the parties are played, and the recordings of the call."
    yield _action("stop", "stopSounds", stop, _NOW, body=StopAsked)
    yield _action("keys", "sendKeys", "Send keys to a party.", _BEGUN, body=KeysAsked)
    listen = "Ring a supervisor, who then hears the call."
    yield _action("listen", "listenIn", listen, _MADE, body=ListenAsked, right=Right.OPERATE)


ACTION_OPERATIONS = tuple(_operations())
"What `actions_api.py` serves."
