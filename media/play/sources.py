"""The playlists of legs: one for each row, and one gather for all rows that play.

A stage of the tick. The frame of a row that is in the middle of a clip, which is nearly always so,
comes out of the pool by one expression over all rows. Only where a clip ends within the frame,
Python looks at the row: it goes on with the next piece in the same frame, and no gap is heard.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from media.play.clip_pool import Clip, ClipPool, Ring

Rows = NDArray[np.int16]
Index = NDArray[np.intp]


class Finished(NamedTuple):
    """The end of an item of a playlist."""

    row: int
    token: int
    "The number that the item was given when it was queued."
    milliseconds: float
    "How much of it was really sent."
    error: str | None
    "Why it ended before its time; None at its own end."


class Item:
    """One thing to play: pieces that follow each other without a gap, and may still be coming."""

    def __init__(
        self,
        token: int,
        pieces: Iterable[Clip] = (),
        *,
        complete: bool = True,
        repeat: bool = False,
        longest: int | None = None,
        again_from: int = 0,
    ) -> None:
        """`longest` is in samples; a repeated item needs it, or ends by being stopped.

        It is repeated from the piece number `again_from` on.
        """
        self.token = token
        self.repeat = repeat
        self._again_from = again_from
        self.longest = longest
        self.complete = complete
        "Whether all pieces are there; while not, the item waits for more in silence."
        self.error: str | None = None
        self.ended = False
        "Whether it was played, stopped or given up."
        self.first = False
        "Whether it goes before all that was not queued so."
        self.sent = 0
        "Samples."
        self.starved = 0
        "Samples of silence sent because a piece was not there in time."
        self._pieces: list[Clip] = []
        self._next = 0
        self._rest: tuple[int, int] | None = None
        "What is left of the present piece, when the item was interrupted in it."
        for piece in pieces:
            self.add(piece)

    def add(self, piece: Clip) -> None:
        """Append a piece; it is held until the item ends. Too late is not wrong."""
        if piece.length and not self.ended:
            piece.holders += 1
            self._pieces.append(piece)

    def finish(self, error: str | None = None) -> None:
        """Say that all pieces are there, or that no more will come."""
        self.complete = True
        self.error = error

    def stretch(self) -> tuple[int, int] | None:
        """Return start and end, in the pool, of what is to be played next; None: nothing now."""
        if self.exhausted:
            return None
        if self._rest is not None:
            rest, self._rest = self._rest, None
            return rest
        if self._next == len(self._pieces) and self.repeat and self.complete and not self.error:
            self._next = self._again_from
        if self._next >= len(self._pieces):
            return None
        piece = self._pieces[self._next]
        self._next += 1
        return piece.start, piece.start + self._bounded(piece.length)

    def over(self) -> bool:
        """Return whether nothing is to come any more."""
        at_end = self._next >= len(self._pieces) and self._rest is None
        again = self.repeat and self.error is None and self._pieces
        return self.exhausted or bool(at_end and self.complete and not again)

    @property
    def endless(self) -> bool:
        """Whether it lasts until it is stopped."""
        return self.repeat and self.longest is None

    def interrupt(self, start: int, end: int) -> None:
        """Keep what is left of the present piece; the next `stretch` goes on with it."""
        if start < end:
            self._rest = (start, end)

    @property
    def exhausted(self) -> bool:
        """Whether the longest time was reached."""
        return self.longest is not None and self.sent >= self.longest

    def moved(self, samples: int) -> None:
        """Count what was sent."""
        self.sent += samples

    def release(self, pool: ClipPool) -> None:
        """Let go of the pieces."""
        self.ended = True
        for piece in self._pieces:
            piece.holders -= 1
        self._pieces.clear()

    def _bounded(self, count: int) -> int:
        return count if self.longest is None else min(count, self.longest - self.sent)


class StreamItem(Item):
    """A long file that another thread streams into a ring."""

    def __init__(
        self, token: int, ring: Ring, *, repeat: bool = False, longest: int | None = None
    ) -> None:
        super().__init__(token, repeat=repeat, longest=longest)
        self._ring = ring

    def interrupt(self, start: int, end: int) -> None:
        """Keep nothing: the ring knows what was read of it."""

    def stretch(self) -> tuple[int, int] | None:
        """Return the samples that are there, up to the place where the ring wraps."""
        at = self._ring.read % self._ring.size
        there = self._ring.written - self._ring.read
        # In short steps, because the writer is told of its room only at the end of each.
        count = self._bounded(min(there, self._ring.size - at, self._ring.size // 8))
        return (self._ring.start + at, self._ring.start + at + count) if count > 0 else None

    def over(self) -> bool:
        """Return whether everything was sent that will ever be written."""
        # `ended` first: what was written before it was set is then seen too.
        if self._ring.ended and self._ring.read >= self._ring.written:
            self.error = self._ring.error
            return True
        return self.exhausted

    def moved(self, samples: int) -> None:
        """Count what was sent, and make room for as much."""
        self.sent += samples
        self._ring.read += samples

    def release(self, pool: ClipPool) -> None:
        """Tell the writer to stop; the region is free when it has."""
        self.ended = True
        pool.retire(self._ring)


class Sources:
    """The playlists of all rows at one sample rate."""

    def __init__(self, capacity: int, pool: ClipPool) -> None:
        self._pool = pool
        self._frame = pool.frame
        self._at = np.zeros(capacity, dtype=np.intp)
        "Place in the pool of each row's next sample."
        self._end = np.zeros(capacity, dtype=np.intp)
        "Place up to which a row can go on without a look."
        self._counted = np.zeros(capacity, dtype=np.intp)
        "Place up to which the current item knows what was sent of it."
        self.playing = np.zeros(capacity, dtype=np.bool_)
        "Which rows have a playlist that has not ended."
        self._lists: dict[int, deque[Item]] = {}
        self._aside: dict[int, deque[Item]] = {}
        "By row: what waits until `put_back`."
        self._finished: list[Finished] = []

    def queue(self, row: int, item: Item) -> None:
        """Play an item when all that was queued for the row before has ended."""
        items = self._lists.setdefault(row, deque())
        items.append(item)
        if len(items) == 1:
            self._place(row, 0, 0)
            self.playing[row] = True

    def queue_first(self, row: int, item: Item) -> None:
        """Play an item at once; what it interrupts goes on afterwards.

        Only others that were queued so, and have not ended, go before it.
        """
        items = self._lists.get(row)
        if not items:
            self.queue(row, item)
            item.first = True
            return
        item.first = True
        before = next((place for place, each in enumerate(items) if not each.first), len(items))
        if before == 0:
            self._interrupt(row, items[0])
        items.insert(before, item)

    def set_aside(self, row: int) -> None:
        """Let all that a row plays, and what is queued, wait where it is until `put_back`."""
        items = self._lists.get(row)
        if items:
            self._interrupt(row, items[0])
            self._aside.setdefault(row, deque()).extend(items)
            self._forget(row)

    def put_back(self, row: int) -> list[Finished]:
        """Go on with what was set aside, when what is played now has ended; the endless ends now.

        Returns what was sent of that.
        """
        waiting = self._aside.pop(row, ())
        ended = self.end_endless(row) if waiting else []
        for item in waiting:
            self.queue(row, item)
        return ended

    def end_endless(self, row: int, but: int | None = None) -> list[Finished]:
        """Stop what others would wait for without end, but the item of that token."""
        endless = [each.token for each in self._lists.get(row, ()) if each.endless]
        return [ended for each in endless if each != but for ended in self._stop_present(row, each)]

    def stop(self, row: int, token: int | None = None) -> list[Finished]:
        """Stop one item, or all, at once; return what was really sent of each."""
        return self._stop_aside(row, token) + self._stop_present(row, token)

    def _stop_aside(self, row: int, token: int | None) -> list[Finished]:
        waiting = self._aside.pop(row, deque())
        stopped = [item for item in waiting if token is None or item.token == token]
        left = deque(item for item in waiting if item not in stopped)
        if left:
            self._aside[row] = left
        return [self._finish(row, item) for item in stopped]

    def _stop_present(self, row: int, token: int | None) -> list[Finished]:
        items = self._lists.get(row)
        if not items:
            return []
        current = items[0]
        self._count(row, current)
        stopped = [item for item in items if token is None or item.token == token]
        for item in stopped:
            items.remove(item)
        if current in stopped:
            self._place(row, 0, 0)
        if not items:
            self._forget(row)
        return [self._finish(row, item) for item in stopped]

    def replace(self, row: int, item: Item, other: Item) -> None:
        """Put another item in the place of one that has not played anything yet."""
        for items in (self._lists.get(row), self._aside.get(row)):
            if items is not None and item in items:
                other.first = item.first
                items[items.index(item)] = other
                item.release(self._pool)

    def items(self, row: int) -> tuple[Item, ...]:
        """Return a row's playlist, what is being played first, and what was set aside last."""
        return (*self._lists.get(row, ()), *self._aside.get(row, ()))

    def take_frames(self, rows: Index) -> tuple[Rows, list[Finished]]:
        """Return the next frame of rows that are playing, shape (n, samples), and move on.

        With it come the ends of the items that ended within the frame, in their order.
        """
        at = self._at[rows]
        frames: Rows = self._pool.windows[at]
        self._at[rows] = at + self._frame
        ragged = np.flatnonzero(at + self._frame > self._end[rows])
        self._finished = []
        for number in ragged.tolist():
            self._fill(int(rows[number]), int(at[number]), frames[number])
        # Told now, not with the next frame, so that the next sound follows without a gap.
        end = self._end[rows]
        for row in rows[(self._at[rows] == end) & (end > 0)].tolist():
            self._go_on(row, self._lists[row])
        return frames, self._finished

    def _fill(self, row: int, at: int, frame: Rows) -> None:
        """Put one frame together from pieces; the first sample is the one at `at`."""
        items, filled = self._lists[row], 0
        self._at[row] = at
        while filled < self._frame:
            at = int(self._at[row])
            count = min(int(self._end[row]) - at, self._frame - filled)
            if count > 0:
                frame[filled : filled + count] = self._pool.read(at, count)
                self._at[row] += count
                filled += count
            elif not self._go_on(row, items):
                break
        frame[filled:] = 0
        if items:
            items[0].starved += self._frame - filled

    def _go_on(self, row: int, items: deque[Item]) -> bool:
        """Place a row at what follows; return whether there is something to be played now."""
        item = items[0]
        self._count(row, item)
        stretch = item.stretch()
        self._place(row, *(stretch or (0, 0)))
        if stretch is not None:
            return True
        if not item.over():
            return False
        self._finished.append(self._finish(row, items.popleft()))
        if not items:
            self._forget(row)
        return bool(items)

    def _interrupt(self, row: int, item: Item) -> None:
        """Stop a row's present item so that it can go on later."""
        self._count(row, item)
        item.interrupt(int(self._at[row]), int(self._end[row]))
        self._place(row, 0, 0)

    def _place(self, row: int, start: int, end: int) -> None:
        self._at[row] = self._counted[row] = start
        self._end[row] = end

    def _count(self, row: int, item: Item) -> None:
        item.moved(int(self._at[row] - self._counted[row]))
        self._counted[row] = self._at[row]

    def _finish(self, row: int, item: Item) -> Finished:
        item.release(self._pool)
        return Finished(row, item.token, 1000.0 * item.sent / self._pool.rate, item.error)

    def _forget(self, row: int) -> None:
        del self._lists[row]
        self.playing[row] = False
