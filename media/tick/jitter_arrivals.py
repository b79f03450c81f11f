"""The half of the jitter buffer that takes packets (RFC 3550 sequence numbers and timestamps).

A packet belongs to the stream of its row or begins a new one, is late, comes twice, or waits in
`slots` for its turn. What can be learned from it is learned here: how long packets take (`transit`)
and how much sound is in each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from media.tick.packets import ArrivedPackets, Index
from media.tick.slots import MAX_OCTETS, SLOTS, Contents, Slots
from media.tick.transit import TransitTimes

RESYNC_S = 1.0
"A packet whose transit time differs by more than this belongs to a new stream."

LONGEST_PACKET_S = 0.120
"More audio than this is in no packet: a greater step of the timestamp is a pause."

_FIRST = 1 << 32
"Where extended counting begins, so that packets before the first one stay positive."


class JitterArrivals:
    """The columns of all rows, and how packets get into them.

    The public columns are counters and measurements to read.
    """

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
