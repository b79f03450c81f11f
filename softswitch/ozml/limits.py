"""The limits of one call's scripts, and what they have used (API reference, section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScriptLimits:
    """What one call's scripts may use."""

    steps: int = 10_000
    "Commands in all."
    seconds: float = 86_400.0
    "Wall time in all."
    moves: int = 100
    "`GoTo` commands in all."
    errors: int = 100
    "Commands that could not be done."
    depth: int = 64
    "Blocks inside blocks, across the answers to notifications."


class ScriptStopped(Exception):
    """The script reached a limit, or a command failed that must not; the sentence names it."""


class ScriptUsage:
    """What the scripts of one call have used; every method raises ScriptStopped at a limit."""

    def __init__(self, limits: ScriptLimits, clock: Callable[[], float]) -> None:
        """`clock` tells seconds from any beginning; time counts from now on."""
        self.limits = limits
        self.clock = clock
        self.steps = 0
        "Commands that have begun."
        self._started = clock()
        self._moves = 0
        self._errors = 0
        self._depth = 0

    def step(self) -> None:
        """Begin a command."""
        self.steps += 1
        if self.steps > self.limits.steps:
            raise ScriptStopped(f"more than {self.limits.steps} commands")
        if self.clock() - self._started > self.limits.seconds:
            raise ScriptStopped(f"ran longer than {self.limits.seconds:g} s")

    def move(self) -> None:
        """Go on with another document."""
        self._moves += 1
        if self._moves > self.limits.moves:
            raise ScriptStopped(f"more than {self.limits.moves} GoTo commands")

    def fail(self) -> None:
        """Count a command that could not be done."""
        self._errors += 1
        if self._errors > self.limits.errors:
            raise ScriptStopped(f"more than {self.limits.errors} commands failed")

    @contextmanager
    def block(self) -> Iterator[None]:
        """While it lasts, commands are nested one deeper."""
        self._depth += 1
        try:
            if self._depth > self.limits.depth:
                raise ScriptStopped(f"blocks nested deeper than {self.limits.depth}")
            yield
        finally:
            self._depth -= 1
