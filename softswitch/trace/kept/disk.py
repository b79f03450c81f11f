"""All files of traces: written beside the calls, read, and removed when they are old.

Nothing here is ever in the way of a call: files are written in a thread of its own. While the disk
refuses, lines stay in memory as far as there is room; then some are lost, and the trace tells how
many.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TypeVar

import structlog

from softswitch.trace.kept.chunks import Chunk
from softswitch.trace.kept.segment import SUFFIX, ChunkPlace, Segment, chunk_at, hash_of
from softswitch.trace.timeline import LARGE, Timeline
from softswitch.trace.traces import Traces

log = structlog.get_logger("softswitch.trace")

T = TypeVar("T")

LOOK_SECONDS = 1.0
"How often it is seen which lines are to be written."
SETTLE_SECONDS = 1.0
"How long a timeline that has ended waits for its last messages."
PATIENCE = 30.0
"How long lines of a call that lasts wait for others."
TOGETHER = 64
"Timelines in one record."
MOST_AT_ONCE = 1024
"Timelines that are written at a time."
DAY = 86_400.0
SEGMENT_SECONDS = DAY / 4
"After so long a new file is begun, so that old ones can be removed whole."
SEGMENT_OCTETS = 16_000_000
FORGET_SECONDS = 600.0
"How often it is seen which files are too old."
SILENCE = 60.0
"Seconds between two lines of the log about a disk that takes nothing."


@dataclass(frozen=True, slots=True)
class DiskTerms:
    """Where traces are kept, and how many."""

    folder: Path
    keep_seconds: float
    most_octets: int


class TraceDisk:
    """Writes what `traces.waiting` holds, and finds it again."""

    def __init__(
        self, traces: Traces, terms: DiskTerms, now: Callable[[], float] = time.time
    ) -> None:
        """`now` is Unix time in seconds."""
        self._traces = traces
        self._terms = terms
        self._now = now
        self._segments: dict[Path, Segment] = {}
        self._lock = Lock()
        "Held by who reads or changes `_segments`."
        self._open: Segment | None = None
        self._opened_at = 0.0
        self._writer = ThreadPoolExecutor(1, "traces")
        self._wake = asyncio.Event()
        self._complained = -SILENCE
        self.octets = 0
        "That the files take, as far as is known."
        traces.is_kept = True
        traces.large = self._wake.set

    # -- writing -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Write, and remove what is old, until cancelled."""
        forget_at = 0.0
        while True:
            if time.monotonic() >= forget_at:
                forget_at = time.monotonic() + FORGET_SECONDS
                await self._in_thread(self.forget)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            await self.write()

    async def close(self) -> None:
        """Write everything that waits; for the end of the switch."""
        while self._traces.waiting and await self.write(everything=True):
            pass
        await asyncio.to_thread(self._writer.shutdown)

    async def write(self, *, everything: bool = False) -> bool:
        """Write the lines that have waited long enough, or all; False where the disk refuses."""
        due = self._due(everything=everything)
        for first in range(0, len(due), TOGETHER):
            timelines = due[first : first + TOGETHER]
            chunks = [self._chunk(timeline) for timeline in timelines]
            is_kept = await self._in_thread(partial(self._append, chunks))
            for timeline in timelines:
                if is_kept:
                    timeline.written()
                else:
                    timeline.take_back()
                if timeline.lines:
                    self._traces.waiting.setdefault(timeline.subject, timeline)
            if not is_kept:
                return False
        return True

    def _due(self, *, everything: bool) -> list[Timeline]:
        now, waiting = self._now(), self._traces.waiting
        found = [
            timeline
            for timeline in waiting.values()
            if timeline.lines and (everything or _is_due(timeline, now))
        ]
        return found[:MOST_AT_ONCE]

    def _chunk(self, timeline: Timeline) -> Chunk:
        self._traces.waiting.pop(timeline.subject, None)
        timeline.hand_over()
        return Chunk.of(timeline)

    def _append(self, chunks: Sequence[Chunk]) -> bool:
        try:
            segment = self._segment()
            before = segment.size
            with self._lock:
                segment.append(chunks)
            self.octets += segment.size - before
        except OSError as error:
            self._open = None
            if time.monotonic() - self._complained >= SILENCE:
                self._complained = time.monotonic()
                lines = sum(map(len, chunks))
                folder = str(self._terms.folder)
                log.error("traces not kept", folder=folder, lines=lines, reason=error.strerror)
            return False
        return True

    def _segment(self) -> Segment:
        """The file that grows; a new one where it has grown enough. Raises OSError."""
        segment, now = self._open, self._now()
        is_old = now - self._opened_at >= SEGMENT_SECONDS
        if segment is None or segment.size >= SEGMENT_OCTETS or is_old:
            folder = self._terms.folder
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            name = f"{int(now * 1000):014d}-{os.getpid()}{SUFFIX}"
            segment = self._open = Segment(folder / name)
            self._opened_at = now
            with self._lock:
                self._segments[segment.path] = segment
        return segment

    # -- reading -----------------------------------------------------------------------------------

    async def find(self, subject: str) -> list[ChunkPlace]:
        """Where the lines about a subject are, oldest first; none where no file can be read."""
        return await asyncio.to_thread(self._find, subject)

    def _find(self, subject: str) -> list[ChunkPlace]:
        hashed = hash_of(subject)
        with self._lock:
            self._look()
            segments = sorted(self._segments.values(), key=lambda segment: segment.path.name)
            return [place for segment in segments for place in segment.find(hashed)]

    def _look(self) -> None:
        """Learn of the files that others have written, and of those that are gone."""
        paths = set(self._terms.folder.glob(f"*{SUFFIX}"))
        growing = set() if self._open is None else {self._open.path}
        for path in self._segments.keys() - paths - growing:
            del self._segments[path]
        for path in paths - self._segments.keys():
            segment = Segment(path)
            try:
                segment.read()
            except OSError as error:
                log.warning("trace not read", path=str(path), reason=error.strerror)
            self._segments[path] = segment

    async def chunk(self, place: ChunkPlace) -> Chunk | None:
        """The lines at a place; None where the file is gone or damaged."""
        return await asyncio.to_thread(_chunk_or_none, place)

    # -- removing ----------------------------------------------------------------------------------

    def forget(self) -> None:
        """Remove the files that are too old, or too many."""
        before, kept = self._now() - self._terms.keep_seconds, 0
        for path in sorted(self._terms.folder.glob(f"*{SUFFIX}"), reverse=True):
            try:
                found = path.stat()
                is_growing = self._open is not None and self._open.path == path
                too_many = kept + found.st_size > self._terms.most_octets
                if not is_growing and (found.st_mtime < before or too_many):
                    path.unlink()
                    log.info("old traces removed", file=path.name, octets=found.st_size)
                else:
                    kept += found.st_size
            except OSError as error:
                log.warning("old traces not removed", path=str(path), reason=error.strerror)
        self.octets = kept

    async def _in_thread(self, work: Callable[[], T]) -> T:
        done = asyncio.get_running_loop().run_in_executor(self._writer, work)
        return await asyncio.shield(done)  # it is done although nobody waits any more


def _is_due(timeline: Timeline, now: float) -> bool:
    if timeline.ended is not None:
        return now - timeline.ended >= SETTLE_SECONDS
    return len(timeline.lines) >= LARGE or now - timeline.lines[0].at >= PATIENCE


def _chunk_or_none(place: ChunkPlace) -> Chunk | None:
    try:
        return chunk_at(place)
    except (OSError, ValueError) as error:
        log.warning("trace not read", path=str(place.path), reason=str(error))
        return None
