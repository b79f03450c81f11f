"""Recordings as JSON; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.lists import ListFilter
from softswitch.http.v1.moments import Moment
from softswitch.http.v1.operations import Operation


class RecordingFilter(ListFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which recordings are listed."""

    call: Annotated[str, Meta(description="The id of the call.")] = ""
    name: Annotated[str, Meta(description="A part of the file's path, in any letter case.")] = ""
    format: Annotated[
        str, Meta(pattern="^(wav|mp3|flac|)$", description="wav, mp3 or flac; without it all.")
    ] = ""


class RecordingShown(msgspec.Struct, frozen=True, kw_only=True):
    """A recording."""

    id: Annotated[str, Meta(description="Its name at `/v1/recordings/{id}`.")]
    file: Annotated[str, Meta(description="Its path below `storage.recordings`.")]
    format: str
    size: Annotated[int, Meta(description="Octets.")]
    changed_at: Annotated[
        Moment, Meta(description="Its last change: of a finished recording, its end.")
    ]
    finished: Annotated[bool, Meta(description="False while it is being recorded.")]
    call: Annotated[
        str, Meta(description="The id of its call; empty where the name does not hold it.")
    ]
    source: Annotated[str, Meta(description="Who called, as the history has it; or empty.")]
    destination: Annotated[str, Meta(description="Who was called; or empty.")]
    url: Annotated[
        str,
        Meta(description="Where it is fetched without a password for `http.ticket_life`."),
    ]


class RecordingDetails(RecordingShown, frozen=True, kw_only=True):
    """A recording with its length."""

    seconds: Annotated[
        float | None, Meta(description="Null while that cannot be told from the file.")
    ]


class RecordingsShown(msgspec.Struct, frozen=True, kw_only=True):
    """A page of recordings."""

    total: Annotated[int, Meta(description="How many there are on all pages.")]
    octets: Annotated[int, Meta(description="What these take of the disk together.")]
    offset: int
    limit: int
    recordings: list[RecordingShown]


class PeaksQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How fine the shape is."""

    points: Annotated[int, Meta(ge=10, le=4000, description="The most points of each channel.")] = (
        800
    )


class PeaksShown(msgspec.Struct, frozen=True, kw_only=True):
    """The shape of a recording."""

    seconds: float
    channels: Annotated[
        list[list[float]],
        Meta(description="Of each side, the caller first: the loudest of each point, 0 to 1."),
    ]


class SoundQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the browser does with the sound."""

    download: Annotated[bool, Meta(description="True: it is saved, and not played.")] = False


_MISSING = {404: ("There is no such recording.", Problem)}
_UNREADABLE = {
    **_MISSING,
    409: ("It is still being recorded, or holds no sound.", Problem),
    503: ("Others are being looked at; Retry-After says when to ask again.", Problem),
}

RECORDING_OPERATIONS = (
    Operation(
        path="/recordings",
        id="listRecordings",
        right=Right.SEE,
        summary="A page of the recordings, the newest first.",
        query=RecordingFilter,
        answers={200: ("The page.", RecordingsShown), 400: ("A parameter is wrong.", Problem)},
    ),
    Operation(
        path="/recordings/{id}",
        id="showRecording",
        right=Right.SEE,
        summary="A recording, with its length.",
        answers={200: ("The recording.", RecordingDetails), **_MISSING},
    ),
    Operation(
        path="/recordings/{id}",
        method="delete",
        id="deleteRecording",
        right=Right.ADMINISTER,
        summary="Delete a recording for good.",
        answers={
            204: ("It is gone.", None),
            **_MISSING,
            409: ("It is still being recorded, or cannot be deleted.", Problem),
        },
    ),
    Operation(
        path="/recordings/{id}/sound",
        id="playRecording",
        right=Right.SEE,
        summary="The sound of a recording; a part of it where Range says so.",
        query=SoundQuery,
        answers={200: ("The file.", "audio/*"), 206: ("The part.", "audio/*"), **_MISSING},
    ),
    Operation(
        path="/recordings/{id}/peaks",
        id="showPeaks",
        right=Right.SEE,
        summary="How loud a recording is over its time, for a picture of it.",
        query=PeaksQuery,
        answers={200: ("Its shape.", PeaksShown), **_UNREADABLE},
    ),
)
"What `recordings_api.py` serves."
