"""[announcements]: what callers hear before a call that leads nowhere is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from softswitch.settings.exchange.prompts import prompt_of
from softswitch.settings.values import Section

SOUNDS = (".wav", ".ogg", ".opus", ".flac", ".mp3")
"What the names of audio files end with."

Said = Annotated[str, Field(min_length=1, max_length=500)]


class AnnouncementSettings(Section):
    """What callers hear as early media, before they get the response that refuses the call.

    Each is a text to speak, the path of an audio file or `prompt:NAME`; without it, the call is
    refused at once.
    """

    wrong_number: Said | None = None
    "For a number that leads nowhere (404, 410, 484)."
    rejected: Said | None = None
    "For a call that is refused, as by missing rights, a budget or the callee (403, 603)."
    busy: Said | None = None
    "For a busy callee (486, 600)."
    no_answer: Said | None = None
    "For a callee that does not answer (480)."
    unavailable: Said | None = None
    "For an extension without a registered phone (480)."
    no_way: Said | None = None
    "For a call that no trunk takes (500 to 504)."
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")] | None = None
    "Of the texts, such as `de`; without the key, English."
    trunks: bool = False
    "Whether callers from trunks hear them as well; a carrier may charge for it, or cut it off."

    def sounds(self) -> dict[str, Path]:
        """The audio files and prompts among them, by key."""
        return {
            key: Path(value) for key, value in self if isinstance(value, str) and is_sound(value)
        }


def is_sound(value: str) -> bool:
    """Whether it is an audio file or a prompt, and no text."""
    return value.lower().endswith(SOUNDS) or prompt_of(value) is not None
