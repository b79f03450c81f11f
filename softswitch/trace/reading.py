"""Finds traces: what is in memory, behind what is on disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from softswitch.trace.lines import AnyLine
from softswitch.trace.timeline import Timeline
from softswitch.trace.traces import Traces

PAGE = 1000
"Lines that are read at a time."


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTrace:
    """The trace of a call, a message or an alarm, at the moment when it was found."""

    subject: str
    began: float
    "Unix time in seconds."
    ended: float | None
    numbers: frozenset[str]
    "The extensions that it concerns."
    parties: dict[str, str]
    "Whose dialog has which Call-ID."
    lost: int
    in_memory: tuple[AnyLine, ...]

    @property
    def total(self) -> int:
        """How many lines there are."""
        return len(self.in_memory)


class TraceReader:
    """Reads traces; writes none."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    async def find(self, subject: str) -> FoundTrace | None:
        """The trace of a call by its id, of `message/ID` or `alarm/ID`; None without any."""
        timeline = self._traces.get(subject)
        return None if timeline is None else _in_memory(timeline)

    async def lines(self, found: FoundTrace, offset: int, limit: int) -> list[AnyLine]:
        """Some of its lines, from `offset` on."""
        return list(found.in_memory[offset : offset + limit])

    async def pages(self, found: FoundTrace) -> AsyncIterator[list[AnyLine]]:
        """All of its lines, a page at a time."""
        for offset in range(0, found.total, PAGE):
            yield await self.lines(found, offset, PAGE)


def _in_memory(timeline: Timeline) -> FoundTrace:
    return FoundTrace(
        subject=timeline.subject,
        began=timeline.began,
        ended=timeline.ended,
        numbers=frozenset(timeline.numbers),
        parties=dict(timeline.parties),
        lost=timeline.lost,
        in_memory=(*timeline.writing, *timeline.lines),
    )
