"""One end of a Contact ID call: what it is waiting for, and until when (SIA DC-05-1999.09).

Panel and receiver are machines without input or output. Their methods take what happened, and when,
in milliseconds of any one clock, and return effects: what their driver has to do. The driver calls
`advance` when `deadline` has come.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import inf
from typing import Generic, TypeVar

State = TypeVar("State")
Effect = TypeVar("Effect")


class ContactIdCall(ABC, Generic[State, Effect]):
    """A state with a deadline."""

    def __init__(self, state: State, deadline: float, latest: float = inf) -> None:
        """Begin in a state that lasts until `deadline`; no deadline is ever after `latest`."""
        self._latest = latest
        self.state = state
        self.deadline = min(deadline, latest)
        "When `advance` is to be called next; infinite when nothing is due, and when it is over."

    def advance(self, now: float) -> list[Effect]:
        """Do what is due."""
        effects: list[Effect] = []
        while self.deadline <= now:
            effects += self._timeout(self.deadline)
        return effects

    @abstractmethod
    def _timeout(self, now: float) -> list[Effect]:
        """Leave the state whose deadline has come."""

    def _wait(self, state: State, until: float) -> None:
        """Wait in a state, until `until` at the latest."""
        self.state, self.deadline = state, min(until, self._latest)

    def _finish(self, state: State) -> None:
        """Enter the last state, in which nothing is due any more."""
        self.state, self.deadline = state, inf
