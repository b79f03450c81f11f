"""Encoding: frames and keys for each claimed leg become packets of its length, which are sent.

The last part of the tick. Rows whose packets are to be 20 ms long, nearly all, pass straight
through; the others go by way of a queue of samples. Keys as events take the place of the audio.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from media.codecs.codec import Codec
from media.legs import Legs, Rows
from media.play.telephone_event_source import EventPacket
from media.rtp.rtp import HEADER, MARKER, DatagramBatch
from media.rtp.timeline import WHOLE, next_packets
from media.rtp.transmit import Transmitter
from media.tick.repacketise import SampleQueue

Frames = npt.NDArray[np.int16]

FRAME_MS = 20

BATCH = 512
"Packets that are sent with one expression."

NO_CODEC = -1
"Of a row that takes no format of ours."


class Encoding:
    """The outgoing audio of all claimed rows, at one sample rate."""

    def __init__(self, legs: Legs, transmitter: Transmitter, rate: int) -> None:
        self._legs, self._transmitter, self._rate = legs, transmitter, rate
        self._codecs: list[Codec] = []
        self._codec_of = np.full(legs.capacity, NO_CODEC, np.int8)
        "The place in `_codecs` of the codec that the row is sent."
        self._ptime = np.full(legs.capacity, FRAME_MS)
        "Milliseconds of the row's packets."
        self._runs = np.zeros(legs.capacity, np.bool_)
        "Whether the row's last packet was ours, so that its timestamps just go on."
        self._queue = SampleQueue(legs.capacity)
        self._now = 0.0
        "When anything was sent last."
        self._batch = DatagramBatch(BATCH)

    def open_row(self, row: int, codec: Codec | None, ptime: int) -> None:
        """Begin to send a row this codec, if there is one, in packets of `ptime` ms."""
        if codec is None:
            self.close_row(row)
            return
        if codec not in self._codecs:
            self._codecs.append(codec)
        self._codec_of[row] = self._codecs.index(codec)
        self._ptime[row] = ptime
        self._queue.reset(row)
        self._runs[row] = False

    def close_row(self, row: int) -> None:
        """Send nothing to a row any more."""
        self._codec_of[row] = NO_CODEC
        self._queue.reset(row)

    def flush(self, row: int) -> None:
        """Send what waits for a whole packet, with silence behind it."""
        rows = np.array([row])
        if self._legs.sends[row] and self._queue.level(rows)[0]:
            samples = int(self._ptime[row]) * self._rate // 1000
            self._send_batches(rows, self._queue.take_samples(rows, samples), self._now)

    def send_frames(self, rows: Rows, frames: Frames, now: float) -> None:
        """Send 20 ms to each row that there is a codec for; shape (n, samples)."""
        self._now = now
        able = np.flatnonzero(self._codec_of[rows] != NO_CODEC)
        if len(able) != len(rows):
            rows, frames = rows[able], frames[able]
        straight = self._ptime[rows] == FRAME_MS
        if not straight.all():
            others = np.flatnonzero(~straight)
            self._queue.put_samples(rows[others], frames[others])
            self._send_queued(rows[others], now)
            kept = np.flatnonzero(straight)
            rows, frames = rows[kept], frames[kept]
        self._send_batches(rows, frames, now)

    def _send_queued(self, rows: Rows, now: float) -> None:
        """Send what the queues have enough of."""
        for ptime in np.unique(self._ptime[rows]).tolist():
            alike = rows[self._ptime[rows] == ptime]
            samples = ptime * self._rate // 1000
            while len(alike := alike[self._queue.level(alike) >= samples]):
                self._send_batches(alike, self._queue.take_samples(alike, samples), now)

    def _send_batches(self, rows: Rows, frames: Frames, now: float) -> None:
        for begin in range(0, len(rows), self._batch.size):
            end = begin + self._batch.size
            self._send(rows[begin:end], frames[begin:end], now)

    def _send(self, rows: Rows, frames: Frames, now: float) -> None:
        """Encode and send one packet to each row; at most as many as the batch holds."""
        legs, matrix = self._legs, self._batch.matrix
        lengths = np.full(len(rows), HEADER, np.int64)
        codecs = self._codec_of[rows]
        for number, codec in enumerate(self._codecs):
            chosen = np.flatnonzero(codecs == number)
            if len(chosen) == len(rows):
                octets, sizes = codec.encode(rows, frames)
                matrix[: len(rows), HEADER : HEADER + octets.shape[1]] = octets
                lengths += sizes
            elif len(chosen):
                octets, sizes = codec.encode(rows[chosen], frames[chosen])
                matrix[chosen, HEADER : HEADER + octets.shape[1]] = octets
                lengths[chosen] += sizes
        begins = ~self._runs[rows]
        self._runs[rows] = True
        step = legs.clock[rows] * frames.shape[1] // self._rate
        sequence, timestamp = next_packets(legs, rows, step, begins, now)
        first = np.where(begins, MARKER, 0) | legs.send_pt[rows] << 16 | sequence
        places = np.arange(len(rows))
        self._batch.write_headers(places, first, timestamp, legs.ssrc_out[rows])
        legs.packets_out[rows] += 1
        legs.octets_out[rows] += lengths - HEADER
        self._transmitter.send(self._batch, places, rows, lengths)

    def send_events(self, packets: list[EventPacket], now: float) -> None:
        """Send the events of this tick; of rows that are not to be sent to they are left out.

        The rows' timestamps run on as if their audio had been sent.
        """
        before = -1
        for packet in packets:
            row = packet.row
            if self._legs.sends[row] and self._legs.sampled[row]:
                self._send_event(packet, row != before, now)
                before = row

    def _send_event(self, packet: EventPacket, first_of_tick: bool, now: float) -> None:
        legs, rows = self._legs, np.array([packet.row])
        step = legs.clock[rows] * FRAME_MS // 1000 * first_of_tick
        begins = ~self._runs[rows]
        self._runs[rows] = True
        sequence, timestamp = next_packets(legs, rows, step, begins, now)
        age = packet.age * int(legs.clock[packet.row]) // int(legs.event_clock[packet.row])
        first = (MARKER if packet.marker else 0) | legs.event_pt[rows] << 16 | sequence
        place = np.zeros(1, np.intp)
        end = HEADER + len(packet.payload)
        self._batch.matrix[0, HEADER:end] = np.frombuffer(packet.payload, np.uint8)
        self._batch.write_headers(place, first, timestamp - age & WHOLE, legs.ssrc_out[rows])
        legs.packets_out[rows] += 1
        legs.octets_out[rows] += len(packet.payload)
        self._transmitter.send(self._batch, place, rows, np.array([end]))
