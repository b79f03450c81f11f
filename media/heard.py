"""What listeners tell: keys and sounds on a leg, with times since the listening began."""

from __future__ import annotations

from typing import NamedTuple


class KeyPressed(NamedTuple):
    """A key went down, and it is certain that it is one."""

    row: int
    "The leg's row."
    key: str
    "One of `0`-`9`, `*`, `#`, `A`-`D`."
    started_ms: float
    "Begin of its sound, since the row was claimed."


class KeyReleased(NamedTuple):
    """The key of the last `KeyPressed` went up."""

    row: int
    key: str
    started_ms: float
    duration_ms: float
    "Length of the sound, breaks shorter than a pause included."


class ToneStarted(NamedTuple):
    """A single steady tone is heard, and nothing much besides."""

    row: int
    hertz: float
    started_ms: float
    "Begin of the tone, since the row was claimed; it is told of some time later."


class ToneEnded(NamedTuple):
    """The tone of the last `ToneStarted` has ended."""

    row: int
    hertz: float
    started_ms: float
    duration_ms: float
