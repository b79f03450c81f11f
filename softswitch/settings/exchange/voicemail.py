"""The `[voicemail]` of the settings: where messages are kept, how long and how many they may be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from softswitch.settings.values import Count, Seconds, Section


class VoicemailSettings(Section):
    """What holds for every mailbox."""

    folder: Path = Path("data/voicemails")
    "Where recordings are kept, a folder for each mailbox in it."
    longest: Annotated[Seconds, Field(le=3600)] = 180
    "Seconds after which a recording ends."
    shortest: Annotated[float, Field(ge=0)] = 2
    "Seconds below which a message is not kept."
    silence: Annotated[Seconds, Field(le=60)] = 5
    "Seconds of silence that end a recording."
    most_messages: Count = 100
    "Messages that a mailbox holds; callers of a full one are told so."
    reserve: Annotated[float, Field(ge=0)] = 50
    "Megabytes of free disk below which no message is taken."
    keep_removed: Annotated[int, Field(ge=1, le=3650)] = 30
    "Days that the mailbox of a removed extension is kept aside, to be put back."
    language: str | None = None
    "The language of the prompts, as in RFC 5646; the sentences are English."
    voice: str | None = None
    "The voice that speaks them, as `softswitch voices` lists them."
    mail_by: str | None = None
    "The `email` connection of [[connections]] that carries mails to owners of mailboxes."
