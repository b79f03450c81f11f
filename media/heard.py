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
