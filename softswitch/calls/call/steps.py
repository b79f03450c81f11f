"""What has happened to a call, step by step, so that its record can be read as a story.

A call that belongs to an earlier one (the consultation before an attended transfer, the call of the
switch to one of its own extensions, a callback) names the first of them as its chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MOST_STEPS = 100
"Steps that a call keeps: the first ones, and the last."
LONGEST_FACT = 128
"Characters of one fact; peers give some of them."


class Steps:
    """The steps of one call, oldest first."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        self._steps: list[dict[str, Any]] = []

    def add(self, at: float, what: str, facts: Mapping[str, str]) -> None:
        """Note a step at a Unix time; of too many, the last takes the place of the one before."""
        step = {"at": round(at, 3), "what": what}
        step |= {name: fact[:LONGEST_FACT] for name, fact in facts.items() if fact}
        if len(self._steps) >= MOST_STEPS:
            self._steps.pop()
        self._steps.append(step)

    def __len__(self) -> int:
        return len(self._steps)

    def written(self) -> Sequence[Mapping[str, Any]]:
        """The steps as the record holds them: `at`, `what`, and the facts by name."""
        return tuple(self._steps)
