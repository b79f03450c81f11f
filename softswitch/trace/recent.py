"""The last lines of all traces, numbered, for who follows what happens now."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice

from softswitch.trace.lines import AnyLine
from softswitch.trace.timeline import Timeline

MOST_RECENT = 4096
"Lines that are kept for who follows; who asks more seldom misses some, and is told so."


class RecentTraceLines:
    """A listener of traces that remembers what they have told last."""

    def __init__(self) -> None:
        self._lines: deque[tuple[Timeline, AnyLine]] = deque(maxlen=MOST_RECENT)
        self.last = 0
        "The number of the last line; the first one is 1."

    def take(self, timeline: Timeline, line: AnyLine) -> None:
        """Remember a line."""
        self.last += 1
        self._lines.append((timeline, line))

    def since(
        self, after: int, most: int, wanted: Callable[[Timeline], bool]
    ) -> tuple[int, int, list[tuple[Timeline, AnyLine]]]:
        """The lines behind a number, of those timelines that are wanted.

        Returns the number to ask with next time, how many lines are forgotten, and the lines.
        """
        first = self.last - len(self._lines) + 1
        begin = max(after + 1, first)
        found = list(islice(self._lines, begin - first, begin - first + most))
        shown = [each for each in found if wanted(each[0])]
        return begin + len(found) - 1, begin - after - 1, shown
