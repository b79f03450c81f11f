"""The tick: every 20 ms, the legs whose samples somebody needs, from jitter buffer to packet.

The drain relays the packets whose samples nobody needs. A leg that is played to, listened to or
converted between formats that no table joins is claimed here, and the other leg of its room with
it: their packets then wait in the jitter buffer, are decoded, heard by listeners, mixed with what
sources play, encoded, and sent at the tick's own pace. Each stage is one expression over the rows
of a band: most rows are at home at 8 kHz, those that speak wide-band formats at 16 kHz (`band`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from media.codecs.codec import NARROW, WIDE, Codec, CodecKind, Codecs, find
from media.control.session import LegCodec
from media.legs import Legs, Rows
from media.play.telephone_event_source import TelephoneEventSource
from media.rtp.rtp import HEADER, DatagramBatch, Packets
from media.rtp.timeline import set_clock
from media.rtp.transmit import Transmitter
from media.tick.band import Band
from media.tick.decoding import Tally
from media.tick.encoding import FRAME_MS
from media.tick.packets import ArrivedPackets

Told = TypeVar("Told")


class RowHeard(NamedTuple):
    """The tally of a row, and its delay."""

    tally: Tally
    delay_ms: float
    "How long its packets wait; 0 for a row that is relayed."


class Tick:
    """The rows that are claimed, and the stages that they pass through."""

    def __init__(self, legs: Legs, transmitter: Transmitter) -> None:
        self._legs = legs
        self.narrow = Band(legs, transmitter, NARROW, WIDE)
        self.wide = Band(legs, transmitter, WIDE, NARROW)
        self.bands = (self.narrow, self.wide)
        self.key_source = TelephoneEventSource(legs.capacity)
        "Keys that are sent as events, in place of the audio of their rows."
        self.private = np.zeros(legs.capacity, np.bool_)
        "Rows whose keys no other row hears: a column, changed by `keep_keys`."
        self.held: list[Callable[[Rows], npt.NDArray[np.bool_]]] = []
        "Functions that tell of rows whether a key is down."
        self.claimed = False
        "Whether there are rows that the tick serves."
        self._subscribers: dict[type, list[Callable[[Any], object]]] = {}
        self._codecs = Codecs(legs.capacity)
        self._used: dict[int, list[Codec]] = {}
        "By row: the codecs that it was opened in."
        self._number = 0

    def subscribe(self, kind: type[Told], take: Callable[[Told], object]) -> None:
        """Call `take` after each tick with every event of a type that was told."""
        self._subscribers.setdefault(kind, []).append(take)

    # ---- claiming rows ----

    def claim_row(self, row: int, negotiated: Sequence[LegCodec], *, wide: bool = False) -> None:
        """Take a row over, with the formats that were negotiated; those that we lack are not heard.

        The first format of ours is what the row is spoken to in; `wide` says which band it is at
        home in. A row that is claimed already begins anew.
        """
        self._leave(row)
        self._legs.wide[row] = wide
        band = self.home(row)
        formats: dict[int, Codec] = {}
        for each in negotiated:
            kind = self._kind(each)
            if kind is None:
                continue
            codec = self._codecs.get(kind, band.rate)
            if not formats:
                self._legs.send_pt[row] = each.send_pt
                set_clock(self._legs, row, each.clock)
                band.encoding.open_row(row, codec, self._ptime(row, kind))
            if codec not in formats.values():
                codec.open_row(row, each.fmtp)
            formats[each.receive_pt] = codec
        self._used[row] = list(dict.fromkeys(formats.values()))
        comfort = [each.receive_pt for each in negotiated if each.name.upper() == "CN"]
        clocks = {each.receive_pt: each.clock for each in negotiated if each.receive_pt in formats}
        band.decoding.open_row(row, int(self._legs.clock[row]), formats, comfort, clocks)
        band.ducking.reset(row)
        self._legs.sampled[row] = self.claimed = True

    def release_row(self, row: int) -> None:
        """Give a row back to the relay."""
        self.home(row).encoding.flush(row)
        self._leave(row)
        self._legs.sampled[row] = False
        self._legs.splice[row] = True
        self.claimed = bool(self._legs.sampled.any())

    def keep_keys(self, row: int, private: bool) -> None:
        """Keep the keys of a row from the others, or do not any more."""
        self.private[row] = private
        for band in self.bands:
            band.private_keys.reset(row)

    def home(self, row: int) -> Band:
        """Return the band that a row is at home in, or was when it was claimed last."""
        return self.bands[int(self._legs.wide[row])]

    def played(self, row: int, now: float) -> RowHeard:
        """Return the tally of a row since its leg was opened, whenever it was claimed."""
        decoding = self.home(row).decoding
        tally = Tally(*(self._legs.tallied[row] + decoding.tally(row)).tolist())
        if not self._legs.sampled[row]:
            return RowHeard(tally, 0.0)
        delay = decoding.jitter.delay_ms(np.array([row]), now)[0]
        return RowHeard(tally, max(0.0, float(delay)))

    def can_decode(self, negotiated: LegCodec) -> bool:
        """Whether a format can be decoded and encoded here."""
        return self._kind(negotiated) is not None

    def is_wide(self, negotiated: Sequence[LegCodec]) -> bool:
        """Whether the first format of ours deserves 16 kHz."""
        kinds = filter(None, map(self._kind, negotiated))
        return next((kind.best_rate == WIDE for kind in kinds), False)

    def _kind(self, negotiated: LegCodec) -> CodecKind | None:
        kind = find(negotiated.name, negotiated.clock)
        return None if kind is None or kind.why_absent() else kind

    def _ptime(self, row: int, kind: CodecKind) -> int:
        """Return how long packets are to be: as the far end wants them, if the codec can do it."""
        wanted = int(self._legs.ptime[row])
        return wanted if wanted in kind.ptimes else FRAME_MS

    def _leave(self, row: int) -> None:
        """Let the row's band forget it."""
        for codec in self._used.pop(row, ()):
            codec.close_row(row)
        band = self.home(row)
        self._legs.tallied[row] += band.decoding.tally(row)
        band.encoding.close_row(row)
        band.decoding.close_row(row)

    # ---- packets come in, from the drain ----

    def put_packets(self, batch: DatagramBatch, packets: Packets, now: float) -> None:
        """Keep the packets of claimed rows until their frame is due."""
        wide = self._legs.wide[packets.rows]
        if wide.any():
            if not wide.all():
                self._put_packets(self.narrow, batch, packets.select(np.flatnonzero(~wide)), now)
                packets = packets.select(np.flatnonzero(wide))
            self._put_packets(self.wide, batch, packets, now)
        else:
            self._put_packets(self.narrow, batch, packets, now)

    def _put_packets(self, band: Band, batch: DatagramBatch, packets: Packets, now: float) -> None:
        end = max(HEADER, int(packets.lengths.max()))
        band.decoding.put_packets(
            ArrivedPackets(
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
        self._number += 1
        told: list[object] = []
        bands = self._bands()
        for band in bands:
            band.decode(now)
        if len(bands) > 1:
            self.narrow.take_other_band(self.wide, self._number)
            self.wide.take_other_band(self.narrow, self._number)
        for band in bands:
            told += band.feed_listeners(band.key_listeners)
        self._keep_private(bands)
        for band in bands:
            told += band.feed_listeners(band.listeners)
        for band in bands:
            band.mix()
        for band in bands:
            told += band.play_sources(self._other(band), self._number)
        for band in bands:
            told += band.play_beneath(self._other(band), self._number)
        told += self._send_frames(bands, now)
        self._tell(told)

    def _other(self, band: Band) -> Band:
        return self.wide if band is self.narrow else self.narrow

    def _bands(self) -> Sequence[Band]:
        """Give the bands their rows; return those that have anything to do."""
        rows = np.flatnonzero(self._legs.sampled)
        wide = self._legs.wide[rows]
        if not wide.any() and not self.wide.is_needed():
            self.narrow.rows = rows
            return (self.narrow,)
        self.narrow.rows, self.wide.rows = rows[~wide], rows[wide]
        return self.bands

    def _keep_private(self, bands: Sequence[Band]) -> None:
        """Take the keys out of what private rows say."""
        rows = np.flatnonzero(self.private & self._legs.sampled)
        if not len(rows):
            return
        down = np.zeros(len(rows), np.bool_)
        for held in self.held:
            down |= held(rows)
        for band in bands:
            band.said[rows] = band.private_keys.pass_on(rows, band.said[rows], down)

    def _send_frames(self, bands: Sequence[Band], now: float) -> Sequence[object]:
        """Send to each row what it hears, or its keys; return what is told of keys."""
        spoken_to = self._legs.sends
        left: Sequence[object] = ()
        if self.key_source.busy:
            spoken_to = spoken_to & ~self.key_source.sending
            packets, left = self.key_source.take_packets()
            for band in bands:
                at_home = [each for each in packets if self.home(each.row) is band]
                band.encoding.send_events(at_home, now)
        for band in bands:
            band.send_frames(spoken_to, now)
        return left

    def _tell(self, told: Sequence[object]) -> None:
        """Give the events of this tick to their subscribers."""
        for event in told:
            for take in self._subscribers.get(type(event), ()):
                take(event)
