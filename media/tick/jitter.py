"""The adaptive jitter buffer of all legs whose samples are needed (RFC 3550 timestamps, 20-200 ms).

A stage of the tick. Packets wait in `slots`, found by sequence number; one is pulled for each frame
that is due. When a packet is played follows from its timestamp: it is due when it has waited for as
long as `transit` finds good, counted from the moment at which the fastest packets would have come.

The delay changes where it is heard least: it grows when the buffer is empty and a frame must be
made up anyway; it shrinks by leaving a frame out while the speaker is quiet, or at once when it is
far too long. A silent sender (RFC 3550 section 5.1, DTX) leaves a gap in the timestamps but none
in the sequence numbers; that is no loss. Packets without sound, such as the keys that some phones
send between those of their sound (RFC 4733), have a turn that takes no time.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from media.tick.slots import MAX_OCTETS, SLOTS, Contents, Slots
from media.tick.transit import TransitTimes

Index = NDArray[np.integer]

RESYNC_S = 1.0
"A packet whose transit time differs by more than this belongs to a new stream."

FAR_TOO_LONG = 3.0
"Frames beyond the wanted delay at which frames are left out even while somebody speaks."

SHRINK_PAUSE = 10
"Frames between two that are left out."

LONGEST_PACKET_S = 0.120
"More audio than this is in no packet: a greater step of the timestamp is a pause."

_FIRST = 1 << 32
"Where extended counting begins, so that packets before the first one stay positive."


class PullKind(IntEnum):
    """What a pull yields for a row."""

    NOTHING = 0
    "No stream, or it has not begun to play: silence."
    FRAME = 1
    "A packet."
    LOST = 2
    "A packet is missing while later ones are here: conceal it."
    EMPTY = 3
    "Nothing is here yet: conceal, which soon fades to silence; the delay grows by this frame."
    PAUSE = 4
    "The sender is silent on purpose: comfort noise or silence."


# As numbers, because numpy asks a member of an enumeration at length whether it is an array.
_FRAME, _NOTHING = int(PullKind.FRAME), int(PullKind.NOTHING)


class ArrivedPackets(NamedTuple):
    """Packets in order of arrival, one column a field, each of length n."""

    rows: Index
    sequences: NDArray[np.integer]
    "16 bits, as they stand in the header."
    timestamps: NDArray[np.integer]
    "32 bits, as they stand in the header."
    arrivals: NDArray[np.float64]
    "Seconds of the clock that `pull` is given."
    payload_types: NDArray[np.integer]
    "7 bits."
    payloads: NDArray[np.uint8]
    "Shape (n, any)."
    lengths: NDArray[np.integer]
    "Octets of each payload."


class Pulled(NamedTuple):
    """One frame for each of n rows."""

    kinds: NDArray[np.uint8]
    "Values of `PullKind`, shape (n,)."
    payloads: NDArray[np.uint8]
    "Shape (n, longest of `lengths`); only rows of kind FRAME mean anything."
    lengths: Index
    "Octets of each payload, 0 where there is none."
    payload_types: NDArray[np.integer]


class _Next(NamedTuple):
    """What stands next in each of n rows."""

    here: NDArray[np.bool_]
    "Whether the row plays and the packet has come; if not, the other fields mean nothing."
    stamps: NDArray[np.int64]
    "Its timestamp."
    excess: NDArray[np.float64]
    "Seconds that it has waited beyond the delay that the row wants."


class JitterBuffer:
    """The buffers of all rows; the public columns are counters and measurements to read."""

    def __init__(self, capacity: int) -> None:
        def integers(fill: int = 0) -> NDArray[np.int64]:
            return np.full(capacity, fill, np.int64)

        def seconds(fill: float = 0.0) -> NDArray[np.float64]:
            return np.full(capacity, fill, np.float64)

        self.received = integers()
        self.late = integers()
        "Packets that came after their turn, or did not fit: discarded."
        self.duplicates = integers()
        self.lost = integers()
        "Frames that were missing when their turn came, late ones included."
        self.stretched = integers()
        "Frames made up because nothing was there yet."
        self.skipped = integers()
        "Frames left out to shorten the delay."

        self._clock = seconds(8000.0)
        self._frame = seconds(160.0)
        self._known = np.zeros(capacity, np.bool_)
        self._playing = np.zeros(capacity, np.bool_)
        self._highest = integers()
        self._latest_ts = integers()
        self._step = integers()
        self._next = integers()
        self._due = integers()
        self._owed = integers()
        self._pause = integers()
        self._place = integers()
        "Where in the last batch the row's last packet stood."

        self._mute_ones = integers()
        "How many packets without sound wait."

        self._fresh = {
            name: column[0].copy()
            for name, column in vars(self).items()
            if isinstance(column, np.ndarray)
        }
        self._slots = Slots(capacity)
        self._transit = TransitTimes(capacity)

    def open_row(self, row: int, clock: int = 8000, frame_ms: float = 20.0) -> None:
        """Begin a row: its RTP clock in Hz, and how long its packets are thought to be."""
        for name, value in self._fresh.items():
            getattr(self, name)[row] = value
        self._slots.clear(row)
        self._transit.reset(row)
        self._clock[row] = clock
        self._frame[row] = clock * frame_ms / 1000.0

    def set_clock(self, row: int, clock: int) -> None:
        """Begin a row anew, should its packets have another clock from now on.

        What was counted and what is known of the network is kept.
        """
        if self._clock[row] != clock:
            self._frame[row] *= clock / self._clock[row]
            self._clock[row] = clock
            self._known[row] = self._playing[row] = False

    def frame_ms(self, rows: Index) -> NDArray[np.float64]:
        """Return how long the packets of each row are; a pull is due that often."""
        return 1000.0 * self._frame[rows] / self._clock[rows]

    def target_ms(self, rows: Index) -> NDArray[np.float64]:
        """Return the delay that each row wants, 20 to 200 ms."""
        return 1000.0 * self._transit.wait(rows)

    def delay_ms(self, rows: Index, now: float) -> NDArray[np.float64]:
        """Return how long the frame that is next has waited, compared with the fastest packet."""
        return 1000.0 * np.where(self._playing[rows], self._delay(rows, self._due[rows], now), 0.0)

    # ---- packets come in --------------------------------------------------------------------

    def insert(self, batch: ArrivedPackets) -> None:
        """Take a batch of packets; a row may occur in it more than once."""
        places = np.arange(len(batch.rows))
        self._place[batch.rows] = places
        if (self._place[batch.rows] == places).all():
            self._insert_once(batch)
            return
        turns = _occurrences(batch.rows)
        for turn in range(int(turns.max()) + 1):
            self._insert_once(ArrivedPackets(*(column[turns == turn] for column in batch)))

    def pass_over(self, rows: Index, sequences: NDArray[np.integer]) -> None:
        """Take the turns of packets that hold no sound; a row may occur more than once."""
        highest = self._highest[rows]
        extended = highest + (sequences - highest).astype(np.int16)
        fits = self._known[rows] & (np.abs(extended - highest) < SLOTS)
        fits &= extended >= self._next[rows]
        rows, extended = rows[fits], extended[fits]
        self._slots.put_mute(rows, extended)
        np.add.at(self._mute_ones, rows, 1)
        np.maximum.at(self._highest, rows, extended)

    def _insert_once(self, batch: ArrivedPackets) -> None:
        """Take packets of rows that are all different."""
        rows = batch.rows
        sequences, timestamps = self._extend(batch)
        transits = batch.arrivals - timestamps / self._clock[rows]
        strange = np.abs(sequences - self._highest[rows]) >= SLOTS
        strange |= np.abs(self._transit.beyond(rows, transits)) > RESYNC_S
        strange |= ~self._known[rows]
        if strange.any():
            self._begin(rows[strange], batch, strange)
            sequences, timestamps = self._extend(batch)
            transits = batch.arrivals - timestamps / self._clock[rows]
        self.received[rows] += 1
        self._transit.measure(rows, transits)
        self._learn_step(rows, sequences, timestamps)

        late = self._playing[rows] & (sequences < self._next[rows])
        late |= batch.lengths > MAX_OCTETS
        twice = self._slots.hold(rows, sequences)
        self.late[rows] += late & ~twice
        self.duplicates[rows] += twice
        self._store(batch, sequences, timestamps, ~(late | twice))

    def _extend(self, batch: ArrivedPackets) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return sequence numbers and timestamps counted on beyond their 16 and 32 bits."""
        highest, latest = self._highest[batch.rows], self._latest_ts[batch.rows]
        sequences = highest + (batch.sequences - highest).astype(np.int16)
        timestamps = latest + (batch.timestamps - latest).astype(np.int32)
        return sequences, timestamps

    def _begin(self, rows: Index, batch: ArrivedPackets, which: NDArray[np.bool_]) -> None:
        """Begin these rows anew with their packet; what is known of the network is kept."""
        sequences = batch.sequences[which].astype(np.int64) + _FIRST
        timestamps = batch.timestamps[which].astype(np.int64) + _FIRST
        self._highest[rows] = self._next[rows] = sequences
        self._latest_ts[rows] = self._due[rows] = timestamps
        self._transit.begin(rows, batch.arrivals[which] - timestamps / self._clock[rows])
        self._known[rows] = True
        self._playing[rows] = False
        self._owed[rows] = self._step[rows] = self._mute_ones[rows] = 0
        self._slots.clear(rows)

    def _learn_step(
        self, rows: Index, sequences: NDArray[np.int64], timestamps: NDArray[np.int64]
    ) -> None:
        """Learn how long packets are: what two neighbouring steps of the timestamp agree upon."""
        step = timestamps - self._latest_ts[rows]
        next_one = sequences == self._highest[rows] + 1
        agreed = next_one & (step == self._step[rows]) & (step > 0)
        agreed &= step <= LONGEST_PACKET_S * self._clock[rows]
        self._frame[rows] = np.where(agreed, step, self._frame[rows])
        newer = sequences > self._highest[rows]
        self._step[rows] = np.where(next_one, step, np.where(newer, 0, self._step[rows]))
        self._highest[rows] = np.maximum(sequences, self._highest[rows])
        self._latest_ts[rows] = np.where(newer, timestamps, self._latest_ts[rows])

    def _store(
        self,
        batch: ArrivedPackets,
        sequences: NDArray[np.int64],
        timestamps: NDArray[np.int64],
        fits: NDArray[np.bool_],
    ) -> None:
        rows = batch.rows[fits]
        contents = Contents(batch.payloads[fits], batch.lengths[fits], batch.payload_types[fits])
        self._slots.put_packets(rows, sequences[fits], timestamps[fits], contents)
        # Packets from before the first one, while nothing has been played yet.
        earlier = ~self._playing[rows] & (sequences[fits] < self._next[rows])
        self._next[rows[earlier]] = sequences[fits][earlier]
        self._due[rows[earlier]] = timestamps[fits][earlier]

    # ---- frames go out ----------------------------------------------------------------------

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


def _occurrences(rows: Index) -> Index:
    """Return for each entry how many equal ones stand before it."""
    if len(rows) < 2:
        return np.zeros(len(rows), np.intp)
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    first = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    starts = np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))
    turns = np.empty(len(rows), np.intp)
    turns[order] = np.arange(len(rows)) - starts
    return turns
