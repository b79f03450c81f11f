"""Finds traces: what is on disk, and what is in memory behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from softswitch.trace.kept.chunks import Chunk
from softswitch.trace.kept.disk import TraceDisk
from softswitch.trace.kept.segment import ChunkPlace
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
    parties: Mapping[str, str]
    "Whose dialog has which Call-ID."
    lost: int
    on_disk: tuple[ChunkPlace, ...]
    in_memory: tuple[AnyLine, ...]

    @property
    def total(self) -> int:
        """How many lines there are."""
        return sum(place.lines for place in self.on_disk) + len(self.in_memory)


class TraceReader:
    """Reads traces; writes none."""

    def __init__(self, traces: Traces, disk: TraceDisk | None = None) -> None:
        """Without a disk, those that are in memory."""
        self._traces = traces
        self._disk = disk
        self.recent = traces.recent
        "The last lines of all of them."

    async def find(self, subject: str) -> FoundTrace | None:
        """The trace of a call by its id; None without any."""
        timeline = self._traces.get(subject)
        if timeline is None:
            return await self._on_disk(subject)
        lines, on_disk = (*timeline.writing, *timeline.lines), timeline.on_disk
        places = await self._places(subject) if on_disk else []
        return _found(timeline, _first(places, on_disk), lines)

    async def _places(self, subject: str) -> list[ChunkPlace]:
        return [] if self._disk is None else await self._disk.find(subject)

    async def _on_disk(self, subject: str) -> FoundTrace | None:
        places = await self._places(subject)
        last = await self._disk.chunk(places[-1]) if self._disk is not None and places else None
        if last is None or last.subject != subject:
            return None
        return FoundTrace(
            subject=subject,
            began=last.began,
            ended=last.ended,
            numbers=frozenset(last.numbers),
            parties=last.parties,
            lost=last.lost,
            on_disk=tuple(places),
            in_memory=(),
        )

    async def lines(self, found: FoundTrace, offset: int, limit: int) -> list[AnyLine]:
        """Some of its lines, from `offset` on; those are missing whose file is gone meanwhile."""
        lines: list[AnyLine] = []
        passed = 0
        for place in found.on_disk:
            first, last = max(offset - passed, 0), offset + limit - passed
            if first < place.lines and last > 0:
                lines += await self._lines_at(place, first, last)
            passed += place.lines
        first, last = max(offset - passed, 0), max(offset + limit - passed, 0)
        return [*lines, *found.in_memory[first:last]]

    async def _lines_at(self, place: ChunkPlace, first: int, last: int) -> list[AnyLine]:
        chunk: Chunk | None = None if self._disk is None else await self._disk.chunk(place)
        return [] if chunk is None else chunk.in_order()[first:last]

    async def pages(self, found: FoundTrace) -> AsyncIterator[list[AnyLine]]:
        """All of its lines, some at a time."""
        for place in found.on_disk:
            yield await self._lines_at(place, 0, place.lines)
        for first in range(0, len(found.in_memory), PAGE):
            yield list(found.in_memory[first : first + PAGE])


def _first(places: list[ChunkPlace], lines: int) -> tuple[ChunkPlace, ...]:
    """The places of the first lines: what has come to disk since is read from memory."""
    taken: list[ChunkPlace] = []
    for place in places:
        if lines <= 0:
            break
        taken.append(place)
        lines -= place.lines
    return tuple(taken)


def _found(
    timeline: Timeline, on_disk: tuple[ChunkPlace, ...], in_memory: tuple[AnyLine, ...]
) -> FoundTrace:
    return FoundTrace(
        subject=timeline.subject,
        began=timeline.began,
        ended=timeline.ended,
        numbers=frozenset(timeline.numbers),
        parties=dict(timeline.parties),
        lost=timeline.lost,
        on_disk=on_disk,
        in_memory=in_memory,
    )
