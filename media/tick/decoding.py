"""Decoding, 20 ms at a time: jitter buffer, codec, concealment and comfort noise joined.

The first part of the tick. Rows whose packets are 20 ms long, nearly all, pass straight through;
the others go by way of a queue of samples. Every row gets a frame in every tick, whatever the
network did to its packets.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from media.codecs.codec import Codec, decode_by_length, different
from media.codecs.comfort_noise import ComfortNoise
from media.codecs.concealment import Concealment
from media.tick.jitter import JitterBuffer
from media.tick.packets import ArrivedPackets, Pulled, PullKind
from media.tick.repacketise import SampleQueue

Frames = NDArray[np.int16]
Index = NDArray[np.integer]

NONE, COMFORT = -1, -2
"Instead of a place in the list of codecs: nothing that we decode, and RFC 3389."

MOST_PULLS = 4
"Packets of a row that are played in a tick: more of 10 ms are due only after a gap."

QUIET_PEAK = 250
"A frame below this (-42 dB of full scale) can be left out without being missed."

LEAST_PEAK = 24
"""A frame below this (-63 dB) holds nothing: the three smallest values of µ-law, the smallest of
A-law. A microphone that is switched on is louder now and then."""

GREATEST_PEAK = 32_000
"A frame that reaches this is at full scale, which is 32124 in µ-law and 32256 in A-law."

LONGEST_MADE_UP_MS = 1000.0
"""A codec makes up no more than this, less and less of it in the last `FADE_MS`: libopus would go
on with the noise of the far end for ever. A sender that is silent on purpose (DTX) sends an update
every 400 ms (RFC 7587 section 3.1.3)."""

FADE_MS = 200.0

PAYLOAD_TYPES = 128


# As numbers, because numpy asks a member of an enumeration at length whether it is an array.
_FRAME, _NOTHING = int(PullKind.FRAME), int(PullKind.NOTHING)


class Tally(NamedTuple):
    """The counters of a row's packets and frames."""

    late: int
    "Packets that came too late to be played."
    packets: int
    "All that came in formats that are heard here."
    comfort: int
    "Those of comfort noise that were played: the far end is silent on purpose."
    sounding: int
    "Frames that hold any sound."
    clipped: int
    "Frames that reach full scale."


@runtime_checkable
class Concealing(Protocol):
    """A codec that makes up lost frames by itself, better than anybody else could."""

    def conceal(self, rows: Index, samples: int) -> Frames:
        """Return frames for those that are lost."""

    def recover(
        self, rows: Index, following: NDArray[np.uint8], lengths: Index, samples: int
    ) -> Frames:
        """Return lost frames from the packets that follow them."""


@dataclass(slots=True)
class _Due:
    """One packet's worth of n rows on its way through the stages."""

    rows: Index
    pulled: Pulled
    formats: NDArray[np.int8]
    "The codec of each packet, `COMFORT`, or `NONE` where there is no packet."
    counts: Index
    "Samples of each."
    sound: Frames
    "Shape (n, greatest count)."
    missing: NDArray[np.bool_]
    "Where `sound` holds nothing yet."


class Decoding:
    """The incoming audio of all rows, at one sample rate."""

    def __init__(self, capacity: int, rate: int = 8000) -> None:
        self.jitter = JitterBuffer(capacity)
        "To be read for its counters: late, lost, stretched, delays."
        self._rate, self._frame = rate, rate // 50
        self._codecs: list[Codec] = []
        self._concealing: list[Concealing | None] = []
        "The same codecs, where they conceal by themselves."
        self._format = np.full((capacity, PAYLOAD_TYPES), NONE, dtype=np.int8)
        self._last_codec = np.full(capacity, NONE, dtype=np.int8)
        "The codec of each row's last packet."
        self._noisy = np.zeros(capacity, dtype=np.bool_)
        "Whether that was comfort noise, so that silence is filled with more of it."
        self._quiet = np.zeros(capacity, dtype=np.bool_)
        self._comfort = np.zeros(capacity, dtype=np.int64)
        self._sounding = np.zeros(capacity, dtype=np.int64)
        self._clipped = np.zeros(capacity, dtype=np.int64)
        self._clocks: dict[int, dict[int, int]] = {}
        "By row, where there are several: the clock of each payload type."
        self._several = np.zeros(capacity, dtype=np.bool_)
        "Which rows these are."
        self._made_up = np.zeros(capacity)
        "Milliseconds that the row's codec has made up since its last packet."
        self._noise = ComfortNoise(capacity)
        self._concealment = Concealment(capacity, rate)
        self._queue = SampleQueue(capacity)

    def open_row(
        self,
        row: int,
        clock: int,
        formats: Mapping[int, Codec],
        comfort: Collection[int] = (),
        clocks: Mapping[int, int] | None = None,
    ) -> None:
        """Begin a row: its RTP clock, a codec for each payload type, and the types of RFC 3389.

        The codecs work at this object's sample rate and have opened the row themselves. `clocks`
        are those of payload types, where they are not all the same.
        """
        self.close_row(row)
        self.jitter.open_row(row, clock)
        if clocks and len(set(clocks.values())) > 1:
            self._clocks[row], self._several[row] = dict(clocks), True
        for payload_type, codec in formats.items():
            if codec not in self._codecs:
                self._codecs.append(codec)
                self._concealing.append(codec if isinstance(codec, Concealing) else None)
            self._format[row, payload_type] = self._codecs.index(codec)
        self._format[row, list(comfort)] = COMFORT

    def close_row(self, row: int) -> None:
        """Forget a row, for its next use."""
        self._format[row] = self._last_codec[row] = NONE
        self._noisy[row] = self._quiet[row] = False
        self._made_up[row] = 0.0
        self._comfort[row] = self._sounding[row] = self._clipped[row] = 0
        self.jitter.late[row] = self.jitter.received[row] = 0
        self._several[row] = False
        self._clocks.pop(row, None)
        self._noise.reset(row)
        self._concealment.reset(row)
        self._queue.reset(row)

    def tally(self, row: int) -> Tally:
        """Return what was counted of a row since it was opened."""
        return Tally(
            int(self.jitter.late[row]),
            int(self.jitter.received[row]),
            int(self._comfort[row]),
            int(self._sounding[row]),
            int(self._clipped[row]),
        )

    def put_packets(self, batch: ArrivedPackets) -> None:
        """Take packets that arrived; those of formats that we do not hear only have their turn."""
        mute = self._format[batch.rows, batch.payload_types] == NONE
        if mute.any():
            self.jitter.pass_over(batch.rows[mute], batch.sequences[mute])
            batch = ArrivedPackets(*(column[~mute] for column in batch))
        if self._clocks:
            self._follow_clocks(batch)
        self.jitter.insert(batch)

    def _follow_clocks(self, batch: ArrivedPackets) -> None:
        """Let the jitter buffer begin anew where a far end goes over to another clock."""
        for index in np.flatnonzero(self._several[batch.rows]).tolist():
            row = int(batch.rows[index])
            clock = self._clocks[row].get(int(batch.payload_types[index]))
            if clock is not None:
                self.jitter.set_clock(row, clock)

    def frames(self, rows: Index, now: float) -> Frames:
        """Return the next 20 ms of each row, shape (n, samples); `rows` are all different."""
        heard = np.zeros((len(rows), self._frame), dtype=np.int16)
        level = self._queue.level(rows)
        waiting = np.flatnonzero(level < self._frame)
        queued = np.flatnonzero(level > 0)
        for _ in range(MOST_PULLS):
            if not len(waiting):
                break
            sound, counts = self._pull(rows[waiting], now)
            straight = (counts == self._frame) & (level[waiting] == 0)
            if np.count_nonzero(straight) == len(rows):
                heard = sound
                break
            if straight.any():
                heard[waiting[straight]] = sound[straight, : self._frame]
            by_queue = waiting[~straight]
            if not len(by_queue):
                break
            self._enqueue(rows[by_queue], sound[~straight], counts[~straight])
            level[by_queue] += counts[~straight]
            queued = np.union1d(queued, by_queue)
            waiting = by_queue[level[by_queue] < self._frame]
        if len(queued):
            heard[queued] = self._queue.take_samples(rows[queued], self._frame)
        # Unsigned, because the lowest sample has no opposite.
        peaks = np.abs(heard).view(np.uint16).max(axis=1)
        self._quiet[rows] = peaks < QUIET_PEAK
        self._sounding[rows] += peaks >= LEAST_PEAK
        clipped = peaks >= GREATEST_PEAK
        if np.count_nonzero(clipped):
            self._clipped[rows] += clipped
        return heard

    def _enqueue(self, rows: Index, sound: Frames, counts: Index) -> None:
        for count in different(counts):
            alike = counts == count
            self._queue.put_samples(rows[alike], sound[alike, :count])

    def _pull(self, rows: Index, now: float) -> tuple[Frames, Index]:
        """Return one packet's worth of each row, shape (n, longest), and how many samples it is."""
        pulled = self.jitter.pull(rows, now, self._quiet[rows])
        formats = np.where(pulled.kinds == _FRAME, self._format[rows, pulled.payload_types], NONE)
        counts = np.rint(self.jitter.frame_ms(rows) * self._rate / 1000.0).astype(np.intp)
        decoded = self._decode(rows, pulled, formats)
        for which, frames in decoded:
            self._correct(rows[which], counts[which], frames.shape[1])
            counts[which] = frames.shape[1]
        missing = pulled.kinds != _NOTHING
        for which, _ in decoded:
            missing[which] = False
        due = _Due(rows, pulled, formats, counts, _joined(decoded, counts), missing)
        self._last_codec[rows] = np.where(formats >= 0, formats, self._last_codec[rows])
        self._learn_noise(due)
        self._fill(due)
        return due.sound, due.counts

    def _decode(
        self, rows: Index, pulled: Pulled, formats: NDArray[np.int8]
    ) -> list[tuple[Index, Frames]]:
        """Return what can be decoded: the places of rows, and their frames of equal length."""
        found: list[tuple[Index, Frames]] = []
        for number, codec in enumerate(self._codecs):
            chosen = np.flatnonzero(formats == number)
            if len(chosen):
                payloads, lengths = pulled.payloads[chosen], pulled.lengths[chosen]
                for which, frames in decode_by_length(codec, rows[chosen], payloads, lengths):
                    found.append((chosen[which], frames))
        return found

    def _correct(self, rows: Index, expected: Index, samples: int) -> None:
        """Tell the jitter buffer of packets that were not as long as it thought."""
        others = rows[expected != samples]
        if len(others):
            self.jitter.lasted(others, samples * 1000.0 / self._rate)

    def _learn_noise(self, due: _Due) -> None:
        """Learn which rows are silent on purpose, and how they want their silence to sound."""
        comfort = due.formats == COMFORT
        for place in np.flatnonzero(comfort).tolist():
            payload = due.pulled.payloads[place, : due.pulled.lengths[place]].tobytes()
            self._noise.hear(int(due.rows[place]), payload)
            self._comfort[due.rows[place]] += 1
        self._noisy[due.rows] = comfort | (self._noisy[due.rows] & (due.formats < 0))

    def _fill(self, due: _Due) -> None:
        """Fill the frames that are missing, and blend them with those that are not."""
        speaks = self._last_codec[due.rows]
        noisy = due.missing & self._noisy[due.rows]
        by_codec = np.zeros(len(due.rows), dtype=np.bool_)
        for number, codec in enumerate(self._concealing):
            if codec is not None:
                its = (speaks == number) & ~noisy
                by_codec |= its
                self._made_up[due.rows[its & ~due.missing]] = 0.0
                self._ask(codec, due, np.flatnonzero(its & due.missing))
        for count in different(due.counts):
            alike = due.counts == count
            noise, others = (
                np.flatnonzero(noisy & alike),
                np.flatnonzero(alike & ~by_codec & ~noisy),
            )
            if len(noise):
                due.sound[noise, :count] = self._noise.frames(due.rows[noise], count)
            if len(others) == len(due.rows):
                due.sound = self._concealment.repair(due.rows, due.sound, due.missing)
            elif len(others):
                due.sound[others, :count] = self._concealment.repair(
                    due.rows[others], due.sound[others, :count], due.missing[others]
                )

    def _ask(self, codec: Concealing, due: _Due, lost: Index) -> None:
        """Let a codec recover its lost frames from what follows, or make them up."""
        for place in lost.tolist():
            row, count = due.rows[place : place + 1], int(due.counts[place])
            left = LONGEST_MADE_UP_MS - float(self._made_up[row[0]])
            if left <= 0.0:
                continue
            self._made_up[row] += 1000.0 * count / self._rate
            following = self.jitter.following(row)
            if due.pulled.kinds[place] == PullKind.LOST and following.lengths[0]:
                frames = codec.recover(row, following.payloads, following.lengths, count)
            else:
                frames = codec.conceal(row, count)
            due.sound[place, :count] = frames[0] * min(1.0, left / FADE_MS)


def _joined(decoded: list[tuple[Index, Frames]], counts: Index) -> Frames:
    """Return all frames as one matrix, with silence in the rows that have none."""
    if len(decoded) == 1 and len(decoded[0][0]) == len(counts):
        return decoded[0][1]
    sound = np.zeros((len(counts), int(counts.max(initial=0))), dtype=np.int16)
    for which, frames in decoded:
        sound[which, : frames.shape[1]] = frames
    return sound
