"""The results of listeners: keys and sounds on a leg, with times since the listening began."""

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


class SilenceHeard(NamedTuple):
    """A leg has been silent for as long as was asked for; told of once a silence."""

    row: int
    since_ms: float
    "Begin of the silence, since the row was claimed."


class SoundHeard(NamedTuple):
    """A silence that was told of is over."""

    row: int
    since_ms: float


class ProgressHeard(NamedTuple):
    """A tone of the network is heard."""

    row: int
    tone: str
    "`dial`, `ringback`, `busy` or `congestion`."
    started_ms: float
    "Begin of the first burst that counted, since the row was claimed."


class PatternHeard(NamedTuple):
    """Single tones have made a known pattern."""

    row: int
    pattern: str
    "`cng` (a fax calls), `ced` (a fax answers), `sit` (special information), `beep`."
    ended_ms: float
    "When the last tone of it ended or, for `ced`, had lasted long enough."


class AnswererHeard(NamedTuple):
    """Whether a human or a machine has answered a call, as far as can be told."""

    row: int
    by: str
    "`human`, `machine` or `unknown`."
    reason: str
    "What it was judged by, in a few words."
    at_ms: float
    "When it was judged, since the row was claimed."
