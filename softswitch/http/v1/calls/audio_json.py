"""The sound of a call while it lasts: its query, and what it answers."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.commands.base.values import Parties
from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.operations import Operation


class AudioQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to be heard, and by which right."""

    party: Annotated[Parties, Meta(description="Who is heard: caller, callee or all.")] = (
        Parties.ALL
    )
    supervisor: Annotated[
        str,
        Meta(description="An extension that may supervise the call; admins need to name none."),
    ] = ""


AUDIO_OPERATIONS = (
    Operation(
        path="/calls/{call_id}/audio",
        id="hearCall",
        right=Right.OPERATE,
        summary="Hear a call while it lasts, as an endless WAV of 16 kHz.",
        query=AudioQuery,
        answers={
            200: ("The sound, as long as the call lasts.", "audio/wav"),
            400: ("A parameter is wrong.", Problem),
            404: ("No call with that id is up.", Problem),
            409: ("Nobody of the call can be heard now.", Problem),
            503: ("As many are heard as may be, or no port is free.", Problem),
        },
    ),
)
"What `audio_api.py` serves."
