"""The last warnings and errors of the log, for people who do not read it.

The stories of exceptions, and messages, are left to the log.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, NamedTuple

MOST = 200
"Lines that are kept."
LONGEST = 300
"Characters of one fact."


class RecentLine(NamedTuple):
    """A warning or an error, with how often it came in a row."""

    at: float
    "Unix time in seconds of the last time."
    level: str
    event: str
    facts: Mapping[str, str]
    times: int


class RecentLines:
    """Keeps the last of them; a processor of structlog, called in any thread."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        """`mask` hides secrets in a text."""
        self._mask = mask
        self._lines: deque[RecentLine] = deque(maxlen=MOST)
        self.listeners: list[Callable[[RecentLine], None]] = []
        "Told of each line, in the thread that has written it; must not raise."

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Take note of a line, and hand it on."""
        level = str(event.get("level", ""))
        if level in ("warning", "error", "critical"):
            self._keep(level, event)
        return event

    def _keep(self, level: str, event: Mapping[str, Any]) -> None:
        text = self._mask(str(event.get("event", "")))[:LONGEST]
        facts = {
            name: self._mask(str(value))[:LONGEST]
            for name, value in event.items()
            if name not in ("event", "level", "exception", "lines", "exc_info")
        }
        count = 1
        if self._lines and self._lines[-1][1:4] == (level, text, facts):
            count += self._lines.pop().times
        line = RecentLine(time.time(), level, text, facts, count)
        self._lines.append(line)
        for listener in self.listeners:
            listener(line)

    def __iter__(self) -> Iterator[RecentLine]:
        """The newest first."""
        return iter(list(self._lines)[::-1])
