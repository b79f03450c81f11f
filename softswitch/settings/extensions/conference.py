"""The settings of a conference."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.settings.values import Count, read_secret


class ConferenceExtension(ExtensionSettings):
    """A number whose callers hear each other; each number of a block is a room of its own."""

    type: Literal["conference"]
    pin: str | None = Field(default=None, repr=False)
    "Keys that callers have to press, 1 to 16 digits; without it everybody is let in."
    pin_file: Path | None = None
    "A file whose first line is the PIN."
    pin_prompt: Path | None = None
    "An audio file that asks for the PIN; without it, a beep."
    max_members: Count | None = None
    "Members at a time; more are busy."
    music: Path | None = None
    "Music for a single member; without the key, `media.hold_music`."
    announce: bool = False
    "Whether all hear a beep when a member enters or leaves."
    mute_key: Annotated[str, Field(pattern=r"^[0-9*#]{1,4}$")] | None = None
    "Keys with which members mute themselves and end it; without it, nobody can."
    mute_keys: bool = True
    "Whether the sound of keys that a member presses is kept from the others."

    @model_validator(mode="after")
    def _read_pin(self) -> Self:
        pin = read_secret("pin", self.pin, self.pin_file)
        if pin is not None and re.fullmatch(r"[0-9]{1,16}", pin, re.ASCII) is None:
            raise ValueError("expected a pin of 1 to 16 digits")
        object.__setattr__(self, "pin", pin)
        return self

    def named_sounds(self) -> dict[str, Path | None]:
        """The music, and what asks for the PIN."""
        return {"music": self.music, "pin_prompt": self.pin_prompt}
