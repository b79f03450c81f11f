"""Which extensions have legs now, and since when each talks no more: busy members and idle agents.

An extension is in use from the INVITE that its phone sends, or that rings it, to the end of that
leg; how the leg moves from call to call meanwhile does not matter.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial

from softswitch.calls.leg.leg import Leg


class Lines:
    """The extensions in use, by the legs of their phones."""

    __slots__ = ("_free_since", "_legs", "_now", "_talking", "listeners")

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` is seconds of a clock that never goes back."""
        self._now = now
        self._legs: Counter[str] = Counter()
        self._talking: set[Leg] = set()
        self._free_since: dict[str, float] = {}
        self.listeners: list[Callable[[str], None]] = []
        "Told of an extension that is in use from now on, or is no more; must not block."

    def take(self, extension: str, leg: Leg, *, talks: bool) -> None:
        """Count a leg of a phone of this extension until it ends; `talks` of one that calls."""
        self._legs[extension] += 1
        if talks:
            self._talking.add(leg)
        leg.ended.add_done_callback(partial(self._ended, extension, leg))
        if self._legs[extension] == 1:
            self._tell(extension)

    def answers(self, leg: Leg) -> None:
        """Note that a phone that was rung has answered."""
        self._talking.add(leg)

    def are_used_by(self, extension: str) -> bool:
        """Whether a phone of the extension rings, calls or talks."""
        return extension in self._legs

    def free_since(self, extension: str) -> float:
        """When it last stopped talking; 0 when it has not talked since the switch started."""
        return self._free_since.get(extension, 0.0)

    def _ended(self, extension: str, leg: Leg, _: asyncio.Future[object]) -> None:
        if leg in self._talking:
            self._talking.remove(leg)
            self._free_since[extension] = self._now()
        self._legs[extension] -= 1
        if self._legs[extension] <= 0:
            del self._legs[extension]
            self._tell(extension)

    def _tell(self, extension: str) -> None:
        for listener in self.listeners:
            listener(extension)
