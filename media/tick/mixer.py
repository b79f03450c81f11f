"""Rooms of any size in which every member hears the sum of the others.

A stage of the tick. Rooms are grouped by size, so that one expression `rooms.sum - rooms` serves
all rooms of a size whatever their number; only the sizes that a change touched are grouped again.
Audio is int16, one row a leg, one column a sample.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int16]

FULL_SCALE = 32767
SOFT_FROM = 24576
"Sums below this (-2.5 dB of full scale) pass unchanged; above, the limiter bends them."

DUCKED_GAIN = 0.18
"Music under speech: 15 dB down."

SPEECH_PEAK = 330
"A frame with a peak above this (-40 dB of full scale) is speech for the ducking."

DUCK_STEP = 0.41
"Gain change a frame when speech begins: down within 40 ms."

RAISE_STEP = 0.03
"Gain change a frame after speech has ended: up again within about half a second."

HOLD_FRAMES = 20
"Frames that the music stays down after speech, so that it does not pump between words."


def soft_limit(sums: NDArray[np.int32]) -> Rows:
    """Return sums of voices as int16, with a bend instead of a clipped edge.

    Up to `SOFT_FROM` nothing changes; beyond it the curve goes on with the same slope and
    approaches full scale without reaching it. Works on any shape; a row is the last axis.
    """
    room = float(FULL_SCALE - SOFT_FROM)
    # Two reductions are cheaper than np.abs, which would allocate another matrix.
    loud = (sums.max(axis=-1) > SOFT_FROM) | (sums.min(axis=-1) < -SOFT_FROM)
    out = sums.astype(np.int16)
    if loud.any():
        hot = sums[loud].astype(np.float32)
        size = np.abs(hot)
        over = np.maximum(size - SOFT_FROM, 0.0)
        bent = np.minimum(size, SOFT_FROM) + over * room / (over + room)
        out[loud] = np.copysign(bent, hot).astype(np.int16)
    return out


class MixedRooms:
    """The rooms of one band: where each row is, which rows are muted, which whisper to which."""

    def __init__(self, capacity: int) -> None:
        self._members: dict[Hashable, list[int]] = {}
        self._room_of: dict[int, Hashable] = {}
        self._by_size: dict[int, dict[Hashable, None]] = {}
        self._grids: dict[int, NDArray[np.intp]] = {}
        self.present = np.zeros(capacity, dtype=np.bool_)
        "Rows that are in a room or whisper, so that their samples are needed: a column."
        self._speaks = np.ones(capacity, dtype=np.int16)
        self._silenced: set[int] = set()
        self._muted: set[int] = set()
        self._whispers: dict[int, tuple[int, ...]] = {}
        self._aloud: set[int] = set()
        "Those that whisper and are heard by their rooms as well."
        self._whisper_pairs: tuple[NDArray[np.intp], NDArray[np.intp]] = _pairs(())

    def place(self, row: int, room: Hashable) -> None:
        """Put a row into a room; it leaves the one that it was in."""
        if row in self._room_of:
            self.remove(row)
        members = self._members.setdefault(room, [])
        self._resize(room, len(members), len(members) + 1)
        members.append(row)
        self._room_of[row] = room
        self.present[row] = True
        self._silence()

    def remove(self, row: int) -> None:
        """Take a row out of its room, forget its mute and its whispers; unknown rows are fine."""
        room = self._room_of.pop(row, None)
        if room is not None:
            members = self._members[room]
            self._resize(room, len(members), len(members) - 1)
            members.remove(row)
            if not members:
                del self._members[room]
        self._muted.discard(row)
        self._whispers.pop(row, None)
        self._aloud.discard(row)
        for source, listeners in list(self._whispers.items()):
            if row in listeners:
                self._whispers[source] = tuple(
                    listener for listener in listeners if listener != row
                )
        self.present[row] = False
        self._silence()

    def members(self, room: Hashable) -> tuple[int, ...]:
        """Return the rows in a room, in the order in which they came."""
        return tuple(self._members.get(room, ()))

    def mute(self, row: int, muted: bool = True) -> None:
        """Keep the room from hearing the row; the row goes on hearing the others."""
        (self._muted.add if muted else self._muted.discard)(row)
        self._silence()

    def whisper(self, row: int, listeners: Iterable[int], *, aloud: bool = False) -> None:
        """Let only `listeners` hear the row, in whatever room they are; none end the whisper.

        With `aloud` its own room hears it as well.
        """
        heard_by = tuple(listeners)
        (self._aloud.add if aloud and heard_by else self._aloud.discard)(row)
        if heard_by:
            self._whispers[row] = heard_by
        else:
            self._whispers.pop(row, None)
        self.present[row] = row in self._room_of or row in self._whispers
        self._silence()

    def mix(self, said: Rows) -> Rows:
        """Return what every row hears; `said` and the result have the shape (capacity, samples).

        Rows without a room, or alone in one, hear silence unless they are whispered to.
        """
        heard = np.zeros_like(said)
        self.fill(said, heard)
        return heard

    def fill(self, said: Rows, heard: NDArray[np.int16] | NDArray[np.int32]) -> None:
        """Write what they hear over the rows of `heard` that are in rooms, alone ones left out.

        What is whispered is added, also to rows that are in no room.
        """
        for size in self._by_size:
            if size < 2:
                continue
            grid = self._grid(size)
            voices = said[grid]
            if self._silenced:
                voices = voices * self._speaks[grid][:, :, None]
            if size == 2:
                heard[grid] = voices[:, ::-1]
            else:
                rooms = voices.astype(np.int32)
                rooms = rooms.sum(axis=1, dtype=np.int32, keepdims=True) - rooms
                heard[grid] = soft_limit(rooms)
        if self._whispers:
            self._whispered(said, heard)

    def _whispered(self, said: Rows, heard: NDArray[np.int16] | NDArray[np.int32]) -> None:
        sources, listeners = self._whisper_pairs
        touched, places = np.unique(listeners, return_inverse=True)
        sums = heard[touched].astype(np.int32)
        np.add.at(sums, places, said[sources] * ~self._is_muted(sources)[:, None])
        heard[touched] = soft_limit(sums)

    def _is_muted(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        return np.fromiter((int(row) in self._muted for row in rows), np.bool_, len(rows))

    def _silence(self) -> None:
        """Rebuild what depends on mutes and whispers."""
        silenced = self._muted | (self._whispers.keys() - self._aloud)
        self._speaks[list(self._silenced)] = 1
        self._speaks[list(silenced)] = 0
        self._silenced = silenced
        self._whisper_pairs = _pairs(self._whispered_to())

    def _whispered_to(self) -> Iterator[tuple[int, int]]:
        """Who whispers to whom; whoever hears a row in its room hears it once."""
        for source, listeners in self._whispers.items():
            room = self._room_of.get(source) if source in self._aloud else None
            for listener in listeners:
                if room is None or self._room_of.get(listener) != room:
                    yield source, listener

    def _resize(self, room: Hashable, old: int, new: int) -> None:
        for size in (old, new):
            self._grids.pop(size, None)
        if old:
            del self._by_size[old][room]
            if not self._by_size[old]:
                del self._by_size[old]
        if new:
            self._by_size.setdefault(new, {})[room] = None

    def _grid(self, size: int) -> NDArray[np.intp]:
        """Return the rows of all rooms of a size, shape (rooms, size)."""
        grid = self._grids.get(size)
        if grid is None:
            rooms = [self._members[room] for room in self._by_size[size]]
            grid = self._grids[size] = np.array(rooms, dtype=np.intp)
        return grid


def _pairs(pairs: Iterable[tuple[int, int]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Sources and listeners, a column each."""
    grid = np.array(list(pairs), dtype=np.intp).reshape(-1, 2)
    return grid[:, 0], grid[:, 1]


class Ducking:
    """Music under speech: the background of a row goes down while its foreground speaks."""

    def __init__(self, capacity: int) -> None:
        self._gain = np.ones(capacity, dtype=np.float32)
        self._hold = np.zeros(capacity, dtype=np.int16)

    def reset(self, row: int) -> None:
        """Forget a row, for its next use."""
        self._gain[row] = 1.0
        self._hold[row] = 0

    def under(self, rows: NDArray[np.intp], background: Rows, foreground: Rows) -> Rows:
        """Return both together for `rows`; all three have the shape (rows, samples).

        The gain moves in a straight line within the frame, so that no step is heard.
        """
        speech = (foreground.max(axis=1) > SPEECH_PEAK) | (foreground.min(axis=1) < -SPEECH_PEAK)
        hold = np.where(speech, HOLD_FRAMES, np.maximum(self._hold[rows] - 1, 0)).astype(np.int16)
        before = self._gain[rows]
        after = np.where(
            hold > 0,
            np.maximum(before - DUCK_STEP, DUCKED_GAIN),
            np.minimum(before + RAISE_STEP, 1.0),
        ).astype(np.float32)
        self._gain[rows], self._hold[rows] = after, hold
        ramp = np.linspace(0.0, 1.0, background.shape[1], endpoint=False, dtype=np.float32)
        gains = before[:, None] + (after - before)[:, None] * ramp
        return soft_limit((background * gains).astype(np.int32) + foreground)
