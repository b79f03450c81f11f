"""The tick: every 20 ms, the legs whose samples somebody needs, from jitter buffer to packet.

The drain relays what nobody needs to look into. A leg that is played to, listened to or converted
between formats that no table joins is claimed here, and the other leg of its room with it: their
packets then wait in the jitter buffer, are decoded, heard by listeners, mixed with what sources
say, encoded, and sent at the tick's own pace. Each stage is one expression over the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from media.codecs import Codec, Codecs, find
from media.control import Codec as Negotiated
from media.jitter import Batch as Waiting
from media.jitter import JitterBuffer, Kind
from media.legs import FREE, PAYLOAD_TYPES, Legs, Rows
from media.rtp import HEADER, MARKER, Batch, Packets
from media.timeline import next_packets
from media.transmit import Transmitter

Octets = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.int16]
Lengths = npt.NDArray[np.integer]

RATE = 8000
"Samples a second in here."
FRAME = RATE // 50
"Samples of a tick."

NO_FORMAT = -1


class Source(Protocol):
    """Something that legs are played: tones, files, speech."""

    @property
    def playing(self) -> npt.NDArray[np.bool_]:
        """Which rows it has something for: a column."""

    def feed(self, rows: Rows) -> tuple[Samples, Sequence[object]]:
        """Return the next frame of rows that are playing, and what came to its end within it."""


class Listener(Protocol):
    """Something that hears legs: keys, silence, a recorder."""

    @property
    def listening(self) -> npt.NDArray[np.bool_]:
        """Which rows it wants to hear: a column."""

    def feed(self, rows: Rows, samples: Samples) -> Sequence[object]:
        """Hear the next frame of rows that it listens to; return what there is to tell."""


class Tick:
    """The rows that are claimed, and the stages that they pass."""

    def __init__(
        self, legs: Legs, transmitter: Transmitter, tell: Callable[[object], None]
    ) -> None:
        """Give what sources and listeners have to tell to `tell`."""
        self._legs, self._transmitter, self._tell = legs, transmitter, tell
        self._jitter = JitterBuffer(legs.capacity)
        self.sources: list[Source] = []
        self.listeners: list[Listener] = []
        self.claimed = False
        "Whether there are rows that the tick serves."
        self._codecs = Codecs()
        self._formats: list[Codec] = []
        "The codecs that rows have, at the rate of the tick; the columns below are places in it."
        self._format_in = np.full((legs.capacity, PAYLOAD_TYPES), NO_FORMAT, np.int8)
        self._format_out = np.full(legs.capacity, NO_FORMAT, np.int8)
        self._speaking = np.zeros(legs.capacity, np.bool_)
        "Whether the row's last packet was the tick's, so that its timestamps just go on."
        self._said = np.zeros((legs.capacity, FRAME), np.int16)
        self._batch = Batch(256)

    # ---- claiming rows ----

    def claim(self, row: int, codecs: Sequence[Negotiated]) -> None:
        """Take a row over, with the formats that were negotiated; those we lack stay unheard.

        The first format of ours is what the row is spoken to in. A row that is claimed already
        begins anew.
        """
        if self._legs.sampled[row]:
            self._close_formats(row)
        self._jitter.open(row, int(self._legs.clock[row]))
        for codec in codecs:
            number = self._number(codec)
            if number == NO_FORMAT:
                continue
            self._formats[number].open(row, codec.fmtp)
            self._format_in[row, codec.receive_pt] = number
            if self._format_out[row] == NO_FORMAT:
                self._format_out[row] = number
                self._legs.send_pt[row] = codec.send_pt
        self._speaking[row] = False
        self._legs.sampled[row] = True
        self.claimed = True

    def release(self, row: int) -> None:
        """Give a row back to the relay."""
        self._close_formats(row)
        self._legs.sampled[row] = False
        self._legs.splice[row] = True
        self.claimed = bool(self._legs.sampled.any())

    def _number(self, codec: Negotiated) -> int:
        """Return the place of a format in the list; `NO_FORMAT` if we cannot decode it."""
        kind = find(codec.name, codec.clock)
        if kind is None or RATE not in kind.rates or kind.why_absent():
            return NO_FORMAT
        made = self._codecs.get(kind, RATE)
        if made not in self._formats:
            self._formats.append(made)
        return self._formats.index(made)

    def _close_formats(self, row: int) -> None:
        for number in {*self._format_in[row].tolist()} - {NO_FORMAT}:
            self._formats[number].close(row)
        self._format_in[row] = self._format_out[row] = NO_FORMAT

    # ---- packets come in, from the drain ----

    def put(self, batch: Batch, packets: Packets, now: float) -> None:
        """Keep the packets of claimed rows until their frame is due."""
        end = max(HEADER, int(packets.lengths.max()))
        self._jitter.insert(
            Waiting(
                packets.rows,
                packets.sequence,
                packets.timestamp,
                np.full(len(packets.rows), now),
                packets.payload_type,
                batch.matrix[packets.places, HEADER:end],
                packets.lengths - HEADER,
            )
        )

    # ---- the tick ----

    def run(self, now: float) -> None:
        """Take one frame of every claimed row through all stages."""
        if not self.claimed:
            return
        rows = np.flatnonzero(self._legs.sampled)
        said = self._decode(rows, now)
        self._listen(said)
        heard = self._mix(rows, said)
        self._play(heard)
        spoken_to = rows[self._legs.sends[rows] & (self._format_out[rows] != NO_FORMAT)]
        for begin in range(0, len(spoken_to), self._batch.size):
            self._send(spoken_to[begin : begin + self._batch.size], heard, now)

    def _decode(self, rows: Rows, now: float) -> Samples:
        """Pull what is due and return what each row said, shape (capacity, FRAME)."""
        said = self._said
        said[rows] = 0
        pulled = self._jitter.pull(rows, now)
        formats = self._format_in[rows, pulled.payload_types]
        formats[pulled.kinds != Kind.FRAME] = NO_FORMAT
        for number, used in enumerate(self._formats):
            chosen = np.flatnonzero(formats == number)
            if len(chosen) == 0:
                continue
            payloads, lengths = pulled.payloads[chosen], pulled.lengths[chosen]
            whole = used.samples(payloads, lengths) == FRAME
            fitting = chosen[whole]
            if len(fitting):
                said[rows[fitting]] = used.decode(
                    rows[fitting], payloads[whole], lengths[whole], FRAME
                )
        return said

    def _listen(self, said: Samples) -> None:
        for listener in self.listeners:
            rows = np.flatnonzero(listener.listening & self._legs.sampled)
            if len(rows):
                for event in listener.feed(rows, said[rows]):
                    self._tell(event)

    def _mix(self, rows: Rows, said: Samples) -> npt.NDArray[np.int32]:
        """Return what each row hears from its room, shape (capacity, FRAME)."""
        heard = np.zeros(said.shape, np.int32)
        joined = rows[self._legs.hearer[rows] != FREE]
        heard[self._legs.hearer[joined]] = said[joined]
        return heard

    def _play(self, heard: npt.NDArray[np.int32]) -> None:
        """Add what the sources have for claimed rows."""
        for source in self.sources:
            rows = np.flatnonzero(source.playing & self._legs.sampled)
            if len(rows):
                samples, ended = source.feed(rows)
                heard[rows] += samples
                for event in ended:
                    self._tell(event)

    def _send(self, rows: Rows, heard: npt.NDArray[np.int32], now: float) -> None:
        """Encode one frame of each row and send it."""
        legs, matrix = self._legs, self._batch.matrix
        places = np.arange(len(rows))
        lengths = np.full(len(rows), HEADER, np.int64)
        frames = np.clip(heard[rows], -32768, 32767).astype(np.int16)
        formats = self._format_out[rows]
        for number, used in enumerate(self._formats):
            chosen = np.flatnonzero(formats == number)
            if len(chosen):
                octets, sizes = used.encode(rows[chosen], frames[chosen])
                matrix[chosen, HEADER : HEADER + octets.shape[1]] = octets
                lengths[chosen] += sizes
        begins = ~self._speaking[rows]
        self._speaking[rows] = True
        step = legs.clock[rows] // 50
        sequence, timestamp = next_packets(legs, rows, step, begins, now)
        marker = np.where(begins, MARKER, 0)
        self._batch.write_headers(
            places, marker | legs.send_pt[rows] << 16 | sequence, timestamp, legs.ssrc_out[rows]
        )
        legs.packets_out[rows] += 1
        legs.octets_out[rows] += lengths - HEADER
        self._transmitter.send(self._batch, places, rows, lengths)
