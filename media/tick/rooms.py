"""Which legs hear each other, and how: by the relay while nobody needs samples, else by the tick.

Here the routes of all payload types are set whenever a leg is configured, joins, leaves or is
claimed, so that the drain finds the fate of a packet in one look. Here it is decided, too, which
rows the tick serves at 16 kHz: those that speak a wide-band format, except in a call of two of
which only one does.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import lru_cache
from itertools import count

import numpy as np

from media.legs import FREE, Legs, NoRelay
from media.rtp import relay
from media.rtp.leg_sockets import SocketTable
from media.rtp.timeline import set_clock
from media.tick.band import Band
from media.tick.tick import RowHeard, Tick

MIXED, CONVERTED = "mixed", "converted"
"Why the tick has a row: it hears a mix; it speaks a format that the other row does not take."


class Rooms:
    """The rooms of a worker. Two members that hear only each other are relayed where possible."""

    def __init__(self, legs: Legs, sockets: SocketTable, tick: Tick) -> None:
        self._legs, self._sockets, self._tick = legs, sockets, tick
        self._claims: dict[int, set[Hashable]] = {}
        "Why the samples of a row are needed; empty sets are not kept."
        self._members: dict[Hashable, list[int]] = {}
        self._room_of: dict[int, Hashable] = {}
        self._calls = count()
        self.muted = np.zeros(legs.capacity, np.bool_)
        "Which rows nobody hears: a column."
        self._whispers: dict[int, tuple[int, ...]] = {}
        "By row: the only rows that hear it, whatever room they are in …"
        self._aloud: set[int] = set()
        "… but for these, which their own rooms hear as well."

    # ---- rooms ----

    def join(self, row: int, other: int) -> None:
        """Let two rows hear each other, or one itself; they leave the rooms that they were in."""
        self.part(row)
        self.part(other)
        if row == other:
            self._legs.heard_by[row] = row
            self._legs.splice[row] = True
            self.reroute(row)
            return
        room = ("call", next(self._calls))
        self._members[room] = [row, other]
        self._room_of[row] = self._room_of[other] = room
        self._arrange(room)

    def enter(self, row: int, room: Hashable) -> None:
        """Put a row into a room of any size; it leaves the one that it was in."""
        if self._room_of.get(row) == room:
            return
        self.part(row)
        self._members.setdefault(room, []).append(row)
        self._room_of[row] = room
        self._arrange(room)

    def part(self, row: int) -> None:
        """Take the row out of its room: it hears no row, and no row hears it."""
        room = self._room_of.pop(row, None)
        if room is None:
            if self._legs.heard_by[row] == row:
                self._legs.heard_by[row] = FREE
            self.reroute(row)
            return
        members = self._members[room]
        members.remove(row)
        self._separate(row)
        if isinstance(room, tuple) and members:
            # what was a call of two ends with it
            del self._room_of[members[0]]
            self._separate(members.pop())
        if members:
            self._arrange(room)
        else:
            del self._members[room]

    def beside(self, row: int) -> list[int]:
        """Return the other rows of the row's room."""
        members = self._members.get(self._room_of.get(row), [])
        return [each for each in members if each != row]

    def mute(self, row: int, muted: bool) -> None:
        """Keep the room from hearing the row, or let it be heard again."""
        self.muted[row] = muted
        self._arrange_again(row)

    def whisper(self, row: int, listeners: Iterable[int], *, aloud: bool = False) -> None:
        """Let only some rows hear the row, wherever they are; none end the whisper.

        With `aloud` its own room hears it as well.
        """
        before = self._whispers.pop(row, ())
        self._aloud.discard(row)
        if after := tuple(listeners):
            self._whispers[row] = after
            if aloud:
                self._aloud.add(row)
        for each in dict.fromkeys((row, *before, *after)):
            self._arrange_again(each)

    def forget(self, row: int) -> None:
        """Take a row that is about to be freed out of everything."""
        self._claims.pop(row, None)
        self.muted[row] = False
        if row in self._whispers:
            self.whisper(row, ())
        for source, listeners in list(self._whispers.items()):
            if row in listeners:
                others = [listener for listener in listeners if listener != row]
                self.whisper(source, others, aloud=source in self._aloud)
        self.part(row)

    def _arrange_again(self, row: int) -> None:
        room = self._room_of.get(row)
        if room is None:
            self._mix(row, None)
        else:
            self._arrange(room)

    def _arrange(self, room: Hashable) -> None:
        """Let the members of a room hear each other, by the relay if there is nothing to mix."""
        members = self._members[room]
        if len(members) == 2 and not any(self._is_special(row) for row in members):
            row, other = members
            for each in members:
                self._unmix(each)
            legs = self._legs
            if legs.heard_by[row] != other or legs.heard_by[other] != row:
                legs.heard_by[row], legs.heard_by[other] = other, row
                legs.splice[row] = legs.splice[other] = True
            self.reroute(row)
            return
        for row in members:
            self._legs.heard_by[row] = FREE
        for row in members:
            self._mix(row, room)

    def _mix(self, row: int, room: Hashable | None) -> None:
        """Put a row into the mixers, if it has anything to do there.

        A room is mixed at every rate that one of its members is served at.
        """
        members = () if room is None else self._members[room]
        rates = {self._speaks_wide(member) for member in members}
        for band in self._tick.bands:
            rooms = band.rooms
            rooms.remove(row)
            if band.is_wide in rates:
                rooms.place(row, room)
            rooms.mute(row, bool(self.muted[row]))
            for source, listeners in self._whispers.items():
                if row == source or row in listeners:
                    rooms.whisper(source, listeners, aloud=source in self._aloud)
        if room is not None or self._is_special(row):
            self.claim(row, MIXED)
        else:
            self.release(row, MIXED)

    def _unmix(self, row: int) -> None:
        for band in self._tick.bands:
            band.rooms.remove(row)
        self._withdraw(row, MIXED)

    def _separate(self, row: int) -> None:
        """Let a row that has left its room hear no other row."""
        self._legs.heard_by[row] = FREE
        self._withdraw(row, CONVERTED)
        self._mix(row, None)

    def _is_special(self, row: int) -> bool:
        """Whether a row is muted, whispers, or is whispered to, so that it cannot be relayed."""
        heard = any(row in listeners for listeners in self._whispers.values())
        return bool(self.muted[row]) or row in self._whispers or heard

    # ---- samples ----

    def claim(self, row: int, reason: Hashable) -> None:
        """Take a row, and the one that it hears, off the relay: somebody needs its samples."""
        self._claims.setdefault(row, set()).add(reason)
        self.reroute(row)

    def release(self, row: int, reason: Hashable) -> None:
        """Withdraw one reason; without any the legs are relayed again."""
        self._withdraw(row, reason)
        self.reroute(row)

    def _withdraw(self, row: int, reason: Hashable) -> None:
        reasons = self._claims.get(row, set())
        reasons.discard(reason)
        if not reasons:
            self._claims.pop(row, None)

    def convert(self, row: int, payload_type: int) -> None:
        """Take a row off the relay that really speaks a format that the other does not take."""
        spoken = [
            codec
            for codec in self._sockets.of_row[row].codecs
            if codec.receive_pt == payload_type and self._tick.can_decode(codec)
        ]
        if spoken:
            self.claim(row, CONVERTED)

    def renegotiated(self, row: int) -> None:
        """Take new formats or a new direction of a leg into account."""
        for each in (row, *self.beside(row)):
            self._withdraw(each, CONVERTED)
        if self._legs.sampled[row]:
            self._claim(row, self._deserves_wide(row))
        if self._legs.heard_by[row] == FREE and row in self._room_of:
            self._arrange(self._room_of[row])
        else:
            self.reroute(row)

    def played(self, row: int, now: float) -> RowHeard:
        """Return what the tick has heard of a leg while it was claimed."""
        return self._tick.played(row, now)

    def reroute(self, row: int) -> None:
        """Set the routes of a row and of the one that it hears; both are claimed or neither."""
        other = int(self._legs.heard_by[row])
        room = {row, other} - {FREE}
        needed = any(each in self._claims for each in room) or (
            other != FREE and not self._can_be_relayed(row, other)
        )
        wide = self._deserves_wide(row)
        for each in room:
            sampled = self._legs.sampled[each]
            if needed and not (sampled and self._legs.wide[each] == wide):
                self._claim(each, wide)
            elif not needed and sampled:
                self._release(each)
            self._reroute(each)

    def home(self, row: int) -> Band:
        """Return the band in which the tick serves a row, or will when it claims it."""
        if self._legs.sampled[row]:
            return self._tick.home(row)
        return self._tick.bands[int(self._deserves_wide(row))]

    def _claim(self, row: int, wide: bool) -> None:
        self._tick.claim_row(row, self._sockets.of_row[row].codecs, wide=wide)

    def _release(self, row: int) -> None:
        """Give a row back to the relay, with the clock of what is relayed."""
        self._tick.release_row(row)
        audio = relay.preferred(self._sockets.of_row[row].codecs)
        if audio is not None:
            set_clock(self._legs, row, audio.clock)

    def _speaks_wide(self, row: int) -> bool:
        return self._tick.is_wide(self._sockets.of_row[row].codecs)

    def _deserves_wide(self, row: int) -> bool:
        """Whether a row, and the one other that it hears, is to be served at 16 kHz."""
        pair = {row, int(self._legs.heard_by[row])} - {FREE}
        return all(self._speaks_wide(each) for each in pair)

    def _can_be_relayed(self, row: int, other: int) -> bool:
        """Whether each of two rows takes what the other is expected to speak."""
        ones, others = (self._sockets.of_row[each].codecs for each in (row, other))
        legs = self._legs
        return (not (legs.receives[row] and legs.sends[other]) or _fits(ones, others)) and (
            not (legs.receives[other] and legs.sends[row]) or _fits(others, ones)
        )

    def _reroute(self, row: int) -> None:
        legs, codecs = self._legs, self._sockets.of_row[row].codecs
        heard_by = int(legs.heard_by[row])
        if not legs.receives[row]:
            legs.route[row] = _dead_end(codecs, NoRelay.DEAF)
        elif legs.sampled[row]:
            legs.route[row] = _dead_end(codecs, NoRelay.SAMPLES)
        elif heard_by == FREE or not legs.sends[heard_by]:
            legs.route[row] = _dead_end(codecs, NoRelay.NOWHERE)
        else:
            legs.route[row] = _routes(codecs, self._sockets.of_row[heard_by].codecs)


_routes = lru_cache(maxsize=1024)(relay.routes)
_fits = lru_cache(maxsize=1024)(relay.fits)
_dead_end = lru_cache(maxsize=1024)(relay.dead_end)
