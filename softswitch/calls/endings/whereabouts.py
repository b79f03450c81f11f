"""Where a call is: its states with their times, and the command that its script runs.

That is what somebody sees who looks at a call that does not go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from softswitch.calls.endings.states import CallState

MOST_STATES = 50
"States that a call remembers: phones may hold and resume it again and again."


class ScriptPlace(NamedTuple):
    """The command that a script runs at this moment."""

    source: str
    """Its file, or the URL that it came from with all that stands in it, which may be secret; empty
    for one that a command brought with it."""
    extension: str
    "The extension whose script it is; empty where there is none."
    line: int
    "Of the document, from 1."
    command: str
    "As the document writes it."
    since: float
    "Unix time in seconds."


class Whereabouts:
    """The states of one call, and where its script is."""

    __slots__ = ("_now", "script", "states")

    def __init__(self, state: CallState, now: Callable[[], float]) -> None:
        self._now = now
        self.states = [(state, now())]
        "Each with the Unix time at which it began; of too many the first ones and the last."
        self.script: ScriptPlace | None = None
        "Where the script is that controls the call; None while none does."

    def enter(self, state: CallState, at: float) -> None:
        """Note a state and when it began."""
        if len(self.states) >= MOST_STATES:
            self.states.pop()
        self.states.append((state, at))

    @contextmanager
    def at_step(self, extension: str, source: str, line: int, command: str) -> Iterator[None]:
        """While it lasts, the script of an extension runs this command; see `ScriptPlace`."""
        before = self.script
        self.script = ScriptPlace(source, extension, line, command, self._now())
        try:
            yield
        finally:
            self.script = before
