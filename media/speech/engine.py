"""The interface of a speech engine: its voices, text made into sound, and its errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]
"Samples of one channel, full scale 1."


class SpeechError(ValueError):
    """Text, voice or language that cannot be spoken; the sentence names the cause."""


class NoSuchVoice(SpeechError):
    """A voice that the engine has not got; another might."""


class Voice(msgspec.Struct, frozen=True):
    """A voice that can be asked for."""

    engine: str
    name: str
    "Unique within the engine."
    language: str
    "As in RFC 5646, in lower case: `en-us`, `de`."
    description: str = ""

    @property
    def full_name(self) -> str:
        """Return the name that is unique among all engines."""
        return f"{self.engine}:{self.name}"


class Engine(Protocol):
    """One engine, in a process of its own; it is used by one thread."""

    name: str
    rate: int
    "Samples a second of its sound."

    def voices(self) -> list[Voice]:
        """Return the voices that are on this machine, the best first."""

    def synthesise(self, text: str, voice: str | None, language: str) -> Iterator[Sound]:
        """Yield the sound of a sentence; raises `SpeechError` for an unknown voice or language."""
