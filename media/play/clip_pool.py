"""The memory that the tick plays from: one array of samples, so that playing is one gather.

Clips are kept under a key for ten minutes after their last use, less if their space is needed, and
as long as a row plays them; rings are regions that another thread fills while the tick reads. The
array is reserved at once, but the operating system gives it memory only where it was written to. So
the space of clips that nobody plays any more is used first.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

FRAME_MS = 20
RING_S = 4.0
KEPT_S = 600.0
"Seconds after its last use in which a clip is kept."


class PoolFull(RuntimeError):
    """More audio is being played at once than there is room for."""


@dataclass(slots=True, eq=False)
class Clip:
    """A piece of audio in the pool."""

    key: Hashable
    start: int
    length: int
    "Samples."
    holders: int = 0
    "How many are going to play it; it is not dropped before that is 0."
    used_at: float = 0.0
    "When it was asked for."


class Ring:
    """A region that a thread fills and the tick empties; a `Sink` of `file_reader`."""

    def __init__(self, memory: Samples, start: int, size: int) -> None:
        self._memory = memory
        self.start, self.size = start, size
        self.written = 0
        "Samples ever written; changed by the writing thread only."
        self.read = 0
        "Samples ever read; changed by the tick only."
        self.ended = False
        self.error: str | None = None
        self.wanted = True
        "Cleared by the tick when the sound is not needed any more."

    def room(self) -> int:
        """Return how many samples can be written now; -1: no more are wanted."""
        return self.size - (self.written - self.read) if self.wanted else -1

    def write(self, samples: Samples) -> None:
        """Append samples, at most `room()`."""
        at = self.written % self.size
        first = samples[: self.size - at]
        self._memory[self.start + at : self.start + at + len(first)] = first
        rest = samples[len(first) :]
        self._memory[self.start : self.start + len(rest)] = rest
        # Last, so that the tick never sees samples that are not there yet.
        self.written += len(samples)

    def end(self, error: str | None) -> None:
        """Say that no more will come, and why if it is not the end."""
        self.error = error
        self.ended = True


class ClipPool:
    """Clips and rings of one sample rate."""

    def __init__(
        self, rate: int, seconds: float = 3600.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate = rate
        self._clock = clock
        self.frame = rate * FRAME_MS // 1000
        self._size = int(rate * seconds)
        self._samples = np.zeros(self._size + self.frame, dtype=np.int16)
        self.windows: Samples = np.lib.stride_tricks.sliding_window_view(self._samples, self.frame)
        "Row `i` is the frame that begins at sample `i`: indexing with an array is the gather."
        self._clips: OrderedDict[Hashable, Clip] = OrderedDict()
        self._free: list[tuple[int, int]] = [(0, self._size)]
        self._retired: list[Ring] = []

    def find(self, key: Hashable) -> Clip | None:
        """Return the clip that is kept under a key."""
        clip = self._clips.get(key)
        if clip is not None:
            self._clips.move_to_end(key)
            clip.used_at = self._clock()
        return clip

    def keep(self, key: Hashable, samples: Samples) -> Clip:
        """Put samples into the pool, unless the key is there already; raises `PoolFull`."""
        clip = self.find(key)
        if clip is None:
            clip = Clip(key, self._take(len(samples)), len(samples), used_at=self._clock())
            self._samples[clip.start : clip.start + clip.length] = samples
            self._clips[key] = clip
        return clip

    def read(self, start: int, count: int) -> Samples:
        """Return a view of samples by their place."""
        return self._samples[start : start + count]

    def ring(self, seconds: float = RING_S) -> Ring:
        """Take a region to be filled by another thread; raises `PoolFull`."""
        size = int(seconds * self.rate)
        return Ring(self._samples, self._take(size), size)

    def retire(self, ring: Ring) -> None:
        """Let go of a ring; its region is used again when its thread has ended it."""
        ring.wanted = False
        self._retired.append(ring)

    def _take(self, size: int) -> int:
        """Find room, dropping clips that no row plays, the longest unused first."""
        for ring in [ring for ring in self._retired if ring.ended]:
            self._retired.remove(ring)
            self._give((ring.start, ring.size))
        self._forget()
        while True:
            for number, (start, length) in enumerate(self._free):
                if length >= size:
                    self._free[number] = (start + size, length - size)
                    return start
            idle = next((clip for clip in self._clips.values() if not clip.holders), None)
            if idle is None:
                raise PoolFull(
                    f"no room for {size / self.rate:.0f} s: the clips being played fill the pool"
                )
            self._drop(idle)

    def _forget(self) -> None:
        """Drop the clips that no row plays and that nobody has asked for lately."""
        limit = self._clock() - KEPT_S
        old = takewhile(lambda clip: clip.used_at <= limit, self._clips.values())
        for clip in [clip for clip in old if not clip.holders]:
            self._drop(clip)

    def _drop(self, clip: Clip) -> None:
        del self._clips[clip.key]
        self._give((clip.start, clip.length))

    def _give(self, region: tuple[int, int]) -> None:
        """Put a region back and join it with its free neighbours."""
        joined: list[tuple[int, int]] = []
        for start, length in sorted([*self._free, region]):
            if joined and joined[-1][0] + joined[-1][1] == start:
                joined[-1] = (joined[-1][0], joined[-1][1] + length)
            elif length:
                joined.append((start, length))
        self._free = joined
