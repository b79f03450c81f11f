"""One sample rate of the tick: its rows, its listeners, its sources and its mixer.

A row is at home in the band of its format, 8 or 16 kHz. When a listener or a room of the other band
needs it, its frame is resampled, once a tick however many need it: these are voices of the other
rate. What a source plays to a row that is at home in the other band is resampled as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from media.codecs.resample import Crossing
from media.legs import FREE, Legs, Rows
from media.rtp.transmit import Transmitter
from media.tick.decoding import Decoding
from media.tick.encoding import Encoding
from media.tick.mixer import Ducking, MixedRooms
from media.tick.private_keys import PrivateKeys

Samples = npt.NDArray[np.int16]
Flags = npt.NDArray[np.bool_]


class TickSource(Protocol):
    """Something that legs are played: tones, files, speech."""

    @property
    def playing(self) -> Flags:
        """Which rows it has something for: a column."""

    def take_frames(self, rows: Rows) -> tuple[Samples, Sequence[object]]:
        """Return the next frame of rows that are playing, and what came to its end within it."""


class TickListener(Protocol):
    """Something that hears legs: keys, silence, a recorder."""

    @property
    def listening(self) -> Flags:
        """Which rows it wants to hear: a column."""

    def feed_samples(self, rows: Rows, samples: Samples) -> Sequence[object]:
        """Hear the next frame of rows that it listens to; return what there is to tell."""


class Band:
    """Everything that has this sample rate."""

    def __init__(self, legs: Legs, transmitter: Transmitter, rate: int, other: int) -> None:
        """Work at `rate` Hz beside a band of `other` Hz."""
        capacity = legs.capacity
        self.rate, self.frame = rate, rate // 50
        self.is_wide = rate > other
        self._legs = legs
        self.decoding = Decoding(capacity, rate)
        self.encoding = Encoding(legs, transmitter, rate)
        self.rooms = MixedRooms(capacity)
        "Rows that hear a mix; a row that hears only one other is not in it."
        self.key_listeners: list[TickListener] = []
        "They hear before private keys are kept back."
        self.listeners: list[TickListener] = []
        self.sources: list[TickSource] = []
        self.sources_beneath: list[TickSource] = []
        "Music beneath all else, which goes down while anything else is heard."
        self.ducking = Ducking(capacity)
        self.private_keys = PrivateKeys(capacity, self.frame)
        self.rows: Rows = np.zeros(0, np.intp)
        "The claimed rows that are at home here, in this tick."
        self.said = np.zeros((capacity, self.frame), np.int16)
        self._heard = np.zeros((capacity, self.frame), np.int32)
        self._from_other = Crossing(capacity, other, rate)
        self._to_other = Crossing(capacity, rate, other)
        self._music_to_other = Crossing(capacity, rate, other)

    # ---- what is said ----

    def decode(self, now: float) -> None:
        """Take a frame of each row that is at home here."""
        self.said[self.rows] = self.decoding.frames(self.rows, now)

    def take_other_band(self, other: Band, tick: int) -> None:
        """Take the voices of the other rate that are needed here."""
        wanted = self.rooms.present.copy()
        for listener in (*self.key_listeners, *self.listeners):
            wanted |= listener.listening
        crossing = other.rows[wanted[other.rows]]
        if len(crossing):
            self.said[crossing] = self._from_other.cross(crossing, other.said[crossing], tick)

    def feed_listeners(self, listeners: Sequence[TickListener]) -> list[object]:
        """Let listeners hear what was said; return what they tell."""
        told: list[object] = []
        for listener in listeners:
            rows = np.flatnonzero(listener.listening & self._legs.sampled)
            if len(rows):
                told += listener.feed_samples(rows, self.said[rows])
        return told

    # ---- what is heard ----

    def mix(self) -> None:
        """Give each row what the others of its room said."""
        heard_by, heard = self._legs.heard_by, self._heard
        heard[self.rows] = 0
        joined = self.rows[heard_by[self.rows] != FREE]
        heard[heard_by[joined]] = self.said[joined]
        self.rooms.fill(self.said, heard)

    def is_needed(self) -> bool:
        """Whether there is anything to do here even if no row is at home."""
        sources = (*self.sources, *self.sources_beneath)
        listeners = (*self.key_listeners, *self.listeners)
        return any(source.playing.any() for source in sources) or any(
            listener.listening.any() for listener in listeners
        )

    def play_sources(self, other: Band, tick: int) -> list[object]:
        """Add what the sources have for claimed rows; return what came to its end.

        Sources for a row that nothing may be sent to now, as it is on hold, stand still.
        """
        told: list[object] = []
        crossing = self._playing_to_other()
        self._heard[crossing] = 0
        for source in self.sources:
            rows = np.flatnonzero(source.playing & self._legs.sampled & self._legs.sends)
            if len(rows):
                samples, ended = source.take_frames(rows)
                self._heard[rows] += samples
                told += ended
        if len(crossing):
            frames = self._clipped(crossing)
            other._heard[crossing] += self._to_other.cross(crossing, frames, tick)
        return told

    def play_beneath(self, other: Band, tick: int) -> list[object]:
        """Put what is beneath under all else; return what came to its end."""
        told: list[object] = []
        for source in self.sources_beneath:
            rows = np.flatnonzero(source.playing & self._legs.sampled)
            if len(rows):
                music, ended = source.take_frames(rows)
                self._put_beneath(rows, music, other, tick)
                told += ended
        return told

    def _put_beneath(self, rows: Rows, music: Samples, other: Band, tick: int) -> None:
        """Put music under what rows of both bands hear."""
        at_home = self._legs.wide[rows] == self.is_wide
        if at_home.all():
            self._duck(rows, music)
            return
        crossing = rows[~at_home]
        self._duck(rows[at_home], music[at_home])
        other._duck(crossing, self._music_to_other.cross(crossing, music[~at_home], tick))

    def send_frames(self, spoken_to: Flags, now: float) -> None:
        """Send a frame to each row at home that the column `spoken_to` marks."""
        rows = self.rows[spoken_to[self.rows]]
        self.encoding.send_frames(rows, self._clipped(rows), now)

    def _playing_to_other(self) -> Rows:
        """Return the rows of the other band that a source here plays to."""
        playing = np.zeros(self._legs.capacity, np.bool_)
        for source in self.sources:
            playing |= source.playing
        playing &= self._legs.sampled & (self._legs.wide != self.is_wide)
        return np.flatnonzero(playing)

    def _duck(self, rows: Rows, music: Samples) -> None:
        self._heard[rows] = self.ducking.under(rows, music, self._clipped(rows))

    def _clipped(self, rows: Rows) -> Samples:
        frames: Samples = np.clip(self._heard[rows], -32768, 32767).astype(np.int16)
        return frames
