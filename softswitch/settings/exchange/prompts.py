"""[[prompts]]: sounds with names, which other settings and scripts name as `prompt:NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from softswitch.settings.values import Section

PREFIX = "prompt:"
"What a value begins with that names a prompt, where else the path of an audio file stands."


class PromptSettings(Section):
    """A sound with a name: an audio file, or a text that is spoken."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    file: Path | None = None
    "The audio file; what is uploaded while the switch runs is kept in `storage.prompts`."
    text: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    "What is spoken instead."
    language: Annotated[str, Field(min_length=2, max_length=35)] | None = None
    "Of the text, as in RFC 5646, such as `de`; without the key, English."
    voice: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    "The voice that speaks it, as `softswitch voices` lists them."

    @model_validator(mode="after")
    def _one_sound(self) -> Self:
        if (self.file is None) == (self.text is None):
            raise ValueError("expected file or text, one of them")
        if self.text is None and (self.language is not None or self.voice is not None):
            raise ValueError("expected text beside language and voice")
        if self.file is not None and prompt_of(self.file) is not None:
            raise ValueError("expected an audio file, not another prompt")
        return self


def prompt_of(value: Path | str) -> str | None:
    """The prompt that a value names; None where it is a path."""
    text = str(value)
    return text.removeprefix(PREFIX) if text.startswith(PREFIX) else None


def source_of(value: Path | str) -> str:
    """What is given to a port to be played: `prompt:NAME` as it is, or the whole path of a file."""
    return str(value) if prompt_of(value) is not None else str(Path(value).absolute())
