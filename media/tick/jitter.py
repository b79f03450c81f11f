"""The adaptive jitter buffer of all legs whose samples are needed (RFC 3550 timestamps, 20-200 ms).

A stage of the tick. Packets come in by `jitter_arrivals` and wait in `slots`, found by sequence
number; one is pulled for each frame that is due. When a packet is played follows from its
timestamp: it is due when it has waited for as long as `transit` finds good, counted from the moment
at which the fastest packets would have come.

The delay changes where it is heard least: it grows when the buffer is empty and a frame must be
made up anyway; it shrinks by leaving a frame out while the speaker is quiet, or at once when it is
far too long. A silent sender (RFC 3550 section 5.1, DTX) leaves a gap in the timestamps but none
in the sequence numbers; that is no loss. Packets without sound, such as the keys that some phones
send between those of their sound (RFC 4733), have a turn that takes no time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from media.tick.jitter_arrivals import JitterArrivals
from media.tick.packets import Index, Pulled, PullKind

FAR_TOO_LONG = 3.0
"Frames beyond the wanted delay at which frames are left out even while somebody speaks."

SHRINK_PAUSE = 10
"Frames between two that are left out."

# As numbers, because numpy asks a member of an enumeration at length whether it is an array.
_FRAME, _NOTHING = int(PullKind.FRAME), int(PullKind.NOTHING)


class _Next(NamedTuple):
    """What stands next in each of n rows."""

    here: NDArray[np.bool_]
    "Whether the row plays and the packet has come; if not, the other fields mean nothing."
    stamps: NDArray[np.int64]
    "Its timestamp."
    excess: NDArray[np.float64]
    "Seconds that it has waited beyond the delay that the row wants."


class JitterBuffer(JitterArrivals):
    """The buffers of all rows: `insert` packets, `pull` frames."""

    def target_ms(self, rows: Index) -> NDArray[np.float64]:
        """Return the delay that each row wants, 20 to 200 ms."""
        return 1000.0 * self._transit.wait(rows)

    def delay_ms(self, rows: Index, now: float) -> NDArray[np.float64]:
        """Return how long the frame that is next has waited, compared with the fastest packet."""
        return 1000.0 * np.where(self._playing[rows], self._delay(rows, self._due[rows], now), 0.0)

    def pull(self, rows: Index, now: float, quiet: NDArray[np.bool_] | None = None) -> Pulled:
        """Return the frame that is due for each row; `rows` are all different.

        `now` is seconds of the same clock as the arrivals. `quiet`, shape (n,), says whose last
        frame was so quiet that leaving one out is not heard.
        """
        self._start(rows, now)
        playing = self._playing[rows]
        with_mute_ones = rows[playing & (self._mute_ones[rows] > 0)]
        self._pass(with_mute_ones)
        self._repay(rows[playing])
        self._pass(with_mute_ones)
        found = self._look(rows, playing, now)
        if self._shrink(rows, found, quiet):
            self._pass(with_mute_ones)
            found = self._look(rows, playing, now)
        here, lasts, due = found.here, self._frame[rows], self._due[rows]
        paused = here & (found.stamps - due > lasts / 2) & (found.excess < 0)
        frame = here & ~paused
        kinds = np.where(frame, _FRAME, _NOTHING).astype(np.uint8)
        at = np.where(frame, found.stamps, due)
        moves = here
        if np.count_nonzero(frame) != len(rows):
            moves = here | self._miss(rows, kinds, paused, playing & ~here)
        pulled = self._pulled(rows, kinds)
        self._next[rows] += moves & ~paused
        self._due[rows] = np.where(moves, at + lasts, at).astype(np.int64)
        self._owed[rows[frame]] = 0
        return pulled

    def _miss(
        self,
        rows: Index,
        kinds: NDArray[np.uint8],
        paused: NDArray[np.bool_],
        missing: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        """Say of rows without a frame why they have none; return whose frame is lost."""
        lost = missing & (self._highest[rows] > self._next[rows])
        empty = missing & ~lost
        for kind, which in (
            (PullKind.LOST, lost),
            (PullKind.EMPTY, empty),
            (PullKind.PAUSE, paused),
        ):
            kinds[which] = int(kind)
        self.lost[rows] += lost
        self.stretched[rows] += empty
        self._owed[rows] += empty
        return lost

    def _look(self, rows: Index, playing: NDArray[np.bool_], now: float) -> _Next:
        due = self._next[rows]
        stamps = self._slots.timestamps(rows, due)
        return _Next(
            playing & self._slots.hold(rows, due),
            stamps,
            self._delay(rows, stamps, now) - self._transit.wait(rows),
        )

    def lasted(self, rows: Index, milliseconds: float) -> None:
        """Learn how long the packets really were that were pulled last."""
        ticks = milliseconds * self._clock[rows] / 1000.0
        self._due[rows] += (ticks - self._frame[rows]).astype(np.int64)
        self._frame[rows] = ticks

    def following(self, rows: Index) -> Pulled:
        """Look at the packets that would be pulled next, for the redundancy that they may carry."""
        here = self._slots.hold(rows, self._next[rows])
        return self._pulled(rows, np.where(here, _FRAME, _NOTHING).astype(np.uint8))

    def _pulled(self, rows: Index, kinds: NDArray[np.uint8]) -> Pulled:
        return Pulled(kinds, *self._slots.contents(rows, self._next[rows], kinds == _FRAME))

    def _delay(self, rows: Index, timestamps: NDArray[np.int64], now: float) -> NDArray[np.float64]:
        """Return how long packets with these timestamps have waited, had they been the fastest."""
        return self._transit.beyond(rows, now - timestamps / self._clock[rows])

    def _start(self, rows: Index, now: float) -> None:
        waiting = rows[self._known[rows] & ~self._playing[rows]]
        if len(waiting):
            ripe = self._delay(waiting, self._due[waiting], now) >= self._transit.wait(waiting)
            self._playing[waiting[ripe]] = True

    def _pass(self, rows: Index) -> None:
        """Let packets without sound, of rows that play, have their turn."""
        while len(rows):
            due = self._next[rows]
            rows = rows[self._slots.hold(rows, due) & self._slots.are_mute(rows, due)]
            self._next[rows] += 1
            self._mute_ones[rows] -= 1

    def _repay(self, rows: Index) -> None:
        """Leave out holes for which a frame was made up already, when nothing was there yet."""
        owing = rows[self._owed[rows] > 0]
        if not len(owing):
            return
        missing = ~self._slots.hold(owing, self._next[owing])
        owing = owing[missing & (self._highest[owing] > self._next[owing])]
        self._next[owing] += 1
        self._due[owing] += self._frame[owing].astype(np.int64)
        self._owed[owing] -= 1
        self.lost[owing] += 1

    def _shrink(self, rows: Index, found: _Next, quiet: NDArray[np.bool_] | None) -> bool:
        """Leave frames out of rows whose delay is longer than wanted; return whether there are."""
        self._pause[rows] = np.maximum(self._pause[rows] - 1, 0)
        frames = found.excess * self._clock[rows] / self._frame[rows]
        now_or_never = frames > FAR_TOO_LONG
        if quiet is not None:
            now_or_never |= (frames > 1.0) & quiet
        shrinking = found.here & now_or_never & (self._pause[rows] == 0)
        if not shrinking.any():
            return False
        chosen = rows[shrinking]
        wanted = np.where(frames > 2 * FAR_TOO_LONG, frames, 1.0)[shrinking].astype(np.int64)
        # The newest packet is kept, so that there is something to play.
        count = np.minimum(wanted, self._highest[chosen] - self._next[chosen])
        self._next[chosen] += count
        self._due[chosen] += (count * self._frame[chosen]).astype(np.int64)
        self._pause[chosen] = SHRINK_PAUSE
        self.skipped[chosen] += count
        return True
