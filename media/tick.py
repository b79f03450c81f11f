"""The tick: every 20 ms, the legs whose samples somebody needs, from jitter buffer to packet.

The drain relays what nobody needs to look into. A leg that is played to, listened to or converted
between formats that no table joins is claimed here, and the other leg of its room with it: their
packets then wait in the jitter buffer, are decoded, heard by listeners, mixed with what sources
say, encoded, and sent at the tick's own pace. Each stage is one expression over the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from media.codecs import Codec, Codecs, find
from media.control import Codec as Negotiated
from media.hearing import Hearing
from media.jitter import Batch as Waiting
from media.legs import FREE, Legs, Rows
from media.mixer import Ducking, Rooms
from media.rtp import HEADER, Batch, Packets
from media.speaking import FRAME_MS, Speaking
from media.telephone_event_source import TelephoneEventSource
from media.transmit import Transmitter

Samples = npt.NDArray[np.int16]

RATE = 8000
"Samples a second in here."
FRAME = RATE // 50
"Samples of a tick."

Told = TypeVar("Told")


class Played(NamedTuple):
    """What the jitter buffer of a row has done with its packets."""

    late: int
    "Packets that came too late."
    delay_ms: float
    "How long they wait; 0 for a row that is relayed."


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

    def __init__(self, legs: Legs, transmitter: Transmitter) -> None:
        self._legs = legs
        self._hearing = Hearing(legs.capacity, RATE)
        self._speaking = Speaking(legs, transmitter, RATE)
        self.sources: list[Source] = []
        self.beneath: Source | None = None
        "What is heard beneath all else, and goes down while there is anything else."
        self._ducking = Ducking(legs.capacity)
        self.listeners: list[Listener] = []
        self.key_source = TelephoneEventSource(legs.capacity)
        "Keys that are sent as events, in place of the audio of their rows."
        self.rooms = Rooms(legs.capacity)
        "Those who hear a mix; who hears only one other is not in it."
        self._told: list[object] = []
        "What sources and listeners have told in this tick."
        self._takers: dict[type, list[Callable[[Any], object]]] = {}
        self.claimed = False
        "Whether there are rows that the tick serves."
        self._codecs = Codecs()
        self._used: dict[int, list[Codec]] = {}
        "By row: the codecs that it was opened in."
        self._said = np.zeros((legs.capacity, FRAME), np.int16)
        self._heard = np.zeros((legs.capacity, FRAME), np.int32)

    def on(self, kind: type[Told], take: Callable[[Told], object]) -> None:
        """Give everything of a kind that sources and listeners tell to `take`, after the tick."""
        self._takers.setdefault(kind, []).append(take)

    # ---- claiming rows ----

    def claim(self, row: int, negotiated: Sequence[Negotiated]) -> None:
        """Take a row over, with the formats that were negotiated; those we lack stay unheard.

        The first format of ours is what the row is spoken to in. A row that is claimed already
        begins anew.
        """
        self._close_codecs(row)
        formats: dict[int, Codec] = {}
        for each in negotiated:
            codec = self._codec(each)
            if codec is None:
                continue
            if not formats:
                self._legs.send_pt[row] = each.send_pt
                self._speaking.open(row, codec, self._ptime(row, each))
            if codec not in formats.values():
                codec.open(row, each.fmtp)
            formats[each.receive_pt] = codec
        self._used[row] = list(dict.fromkeys(formats.values()))
        comfort = [each.receive_pt for each in negotiated if each.name.upper() == "CN"]
        self._hearing.open(row, int(self._legs.clock[row]), formats, comfort)
        self._ducking.reset(row)
        self._legs.sampled[row] = self.claimed = True

    def release(self, row: int) -> None:
        """Give a row back to the relay."""
        self._close_codecs(row)
        self._hearing.close(row)
        self._legs.sampled[row] = False
        self._legs.splice[row] = True
        self.claimed = bool(self._legs.sampled.any())

    def played(self, row: int, now: float) -> Played:
        """Return what the row's jitter buffer has done since the row was claimed last."""
        jitter = self._hearing.jitter
        if not self._legs.sampled[row]:
            return Played(int(jitter.late[row]), 0.0)
        delay = jitter.delay_ms(np.array([row]), now)[0]
        return Played(int(jitter.late[row]), max(0.0, float(delay)))

    def can_decode(self, negotiated: Negotiated) -> bool:
        """Whether a format can be decoded and encoded here, at the rate of the tick."""
        kind = find(negotiated.name, negotiated.clock)
        return kind is not None and RATE in kind.rates and not kind.why_absent()

    def _codec(self, negotiated: Negotiated) -> Codec | None:
        kind = find(negotiated.name, negotiated.clock)
        if kind is None or not self.can_decode(negotiated):
            return None
        return self._codecs.get(kind, RATE)

    def _ptime(self, row: int, negotiated: Negotiated) -> int:
        """Return how long packets are to be: as the far end wants them, if the codec can do it."""
        kind = find(negotiated.name, negotiated.clock)
        wanted = int(self._legs.ptime[row])
        return wanted if kind is not None and wanted in kind.ptimes else FRAME_MS

    def _close_codecs(self, row: int) -> None:
        for codec in self._used.pop(row, ()):
            codec.close(row)
        self._speaking.close(row)

    # ---- packets come in, from the drain ----

    def put(self, batch: Batch, packets: Packets, now: float) -> None:
        """Keep the packets of claimed rows until their frame is due."""
        end = max(HEADER, int(packets.lengths.max()))
        self._hearing.put(
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
        self._said[rows] = self._hearing.frames(rows, now)
        self._listen()
        self._mix(rows)
        self._play()
        spoken_to = rows[self._legs.sends[rows]]
        if self.key_source.busy:
            spoken_to = spoken_to[~self.key_source.sending[spoken_to]]
            packets, left = self.key_source.feed()
            self._speaking.press(packets, now)
            self._told += left
        frames = np.clip(self._heard[spoken_to], -32768, 32767).astype(np.int16)
        self._speaking.say(spoken_to, frames, now)
        self._tell()

    def _tell(self) -> None:
        """Give what was told in this tick to those who wait for it."""
        told, self._told = self._told, []
        for event in told:
            for take in self._takers.get(type(event), ()):
                take(event)

    def _listen(self) -> None:
        for listener in self.listeners:
            rows = np.flatnonzero(listener.listening & self._legs.sampled)
            if len(rows):
                self._told += listener.feed(rows, self._said[rows])

    def _mix(self, rows: Rows) -> None:
        """Let each row hear what the others of its room said."""
        self._heard[rows] = 0
        joined = rows[self._legs.hearer[rows] != FREE]
        self._heard[self._legs.hearer[joined]] = self._said[joined]
        self.rooms.fill(self._said, self._heard)

    def _play(self) -> None:
        """Add what the sources have for claimed rows."""
        for source in self.sources:
            rows = np.flatnonzero(source.playing & self._legs.sampled)
            if len(rows):
                samples, ended = source.feed(rows)
                self._heard[rows] += samples
                self._told += ended
        if self.beneath is not None:
            rows = np.flatnonzero(self.beneath.playing & self._legs.sampled)
            if len(rows):
                samples, ended = self.beneath.feed(rows)
                above = np.clip(self._heard[rows], -32768, 32767).astype(np.int16)
                self._heard[rows] = self._ducking.under(rows, samples, above)
                self._told += ended
