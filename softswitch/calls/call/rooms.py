"""Conferences: the places in a room, its members, and what is played there.

A room lives on one media worker, which is chosen when the first member comes; when that worker
dies, the next newcomer begins a new room. A call to a conference has a `Seat` on the side that the
switch plays: with it goes the membership of the party on the other side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

import structlog

from softswitch.calls.leg.audio import AudioStream
from softswitch.calls.leg.keys import Keys
from softswitch.calls.ports.media_port import MediaPort, Played, Playing, WorkerClient
from softswitch.guard.pins import Pins
from softswitch.settings.exchange.prompts import source_of
from softswitch.settings.extensions.conference import ConferenceExtension

log = structlog.get_logger("softswitch.calls")

BEEP_MS = 150
COMES, LEAVES = 880, 440
"Hz of the beeps that all hear."
MUTED, HEARD = 330, 660
"Hz of the beeps that answer the mute key; only the member that has pressed it hears them."
KEYS_SECONDS = 3.0
"The longest pause between two keys that belong together."


class Member(Protocol):
    """A party of a call, as far as its conference knows it."""

    number: str
    name: str
    is_private: bool
    audio: AudioStream
    mutes: set[Hashable]

    def hear_keys(self) -> Keys:
        """The keys of the party, listened to from now on."""

    def mute(self, reason: Hashable) -> None:
        """Let nobody hear the party, until this reason and all others are gone."""

    def unmute(self, reason: Hashable) -> None:
        """Take a reason back."""

    def mute_keys(self, reason: Hashable) -> None:
        """Keep its keys from the others, until this reason and all others are gone."""

    def unmute_keys(self, reason: Hashable) -> None:
        """Take a reason back."""


class MuteReason(Enum):
    """Why a conference mutes a member."""

    MUTE_KEY = "it has pressed the mute key"
    KEYS_ARE_PRIVATE = "keys that members press are for the switch"


class RoomFull(Exception):
    """There are as many members as there may be."""


class RoomLocked(RoomFull):
    """It takes nobody until it is unlocked, or all have left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceTerms:
    """The settings of a conference."""

    pin: str | None = None
    pin_prompt: str | None = None
    max_members: int | None = None
    music: str | None = None
    announce: bool = False
    mute_key: str | None = None
    mute_keys: bool = True

    @classmethod
    def of(cls, settings: ConferenceExtension, hold_music: str | None) -> ConferenceTerms:
        """Those of an extension, with the `hold_music` of the switch where it has no music."""
        return cls(
            pin=settings.pin,
            pin_prompt=_absolute(settings.pin_prompt),
            max_members=settings.max_members,
            music=_absolute(settings.music or hold_music),
            announce=settings.announce,
            mute_key=settings.mute_key,
            mute_keys=settings.mute_keys,
        )


def _absolute(path: Path | str | None) -> str | None:
    return None if path is None else source_of(path)


class Room:
    """One conference while there is anybody for it."""

    __slots__ = ("_listeners", "is_locked", "number", "pins", "seats", "terms", "worker")

    def __init__(
        self,
        number: str,
        terms: ConferenceTerms,
        worker: WorkerClient,
        pins: Pins,
        listeners: Sequence[Callable[[str], None]] = (),
    ) -> None:
        """`listeners` are told of the number after each change of who is there, and how."""
        self._listeners = listeners
        self.number = number
        self.terms = terms
        self.pins = pins
        "Who may try the PIN."
        self.worker = worker
        "The worker that must have the port of every member."
        self.seats: list[Seat] = []
        "Those of members, and of newcomers that are still asked for the PIN."
        self.is_locked = False
        "Whether no newcomer is let in."

    @property
    def is_full(self) -> bool:
        """Whether nobody else can become a member."""
        most = self.terms.max_members
        return most is not None and sum(seat.is_taken for seat in self.seats) >= most

    def changed(self) -> None:
        """Let a member that is alone hear music."""
        inside = [seat for seat in self.seats if seat.is_inside]
        for seat in self.seats:
            seat.hear_music(seat.is_inside and len(inside) == 1)
        self.tell()

    def tell(self) -> None:
        """Tell those who watch the room that it has changed."""
        for listener in self._listeners:
            listener(self.number)

    def announce(self, frequency: int) -> None:
        """Let all members hear that somebody has come or left."""
        if self.terms.announce:
            for seat in self.seats:
                seat.beep(frequency)


class Seat:
    """One call's place in a room."""

    __slots__ = (
        "_drop",
        "_member",
        "_music",
        "_port",
        "_pressed",
        "_pressed_at",
        "_stop_listening",
        "admission",
        "is_inside",
        "is_muted",
        "is_taken",
        "room",
    )

    def __init__(self, room: Room, drop: Callable[[Seat], None]) -> None:
        self.room = room
        self.is_taken = False
        "Whether it counts as a member's; not while the PIN is asked."
        self.is_inside = False
        "Whether its member is in the room now; not while it is on hold."
        self.is_muted = False
        "Whether its member has muted itself."
        self.admission: asyncio.Task[None] | None = None
        "Asks for the PIN."
        self._drop = drop
        self._member: Member | None = None
        self._port: MediaPort | None = None
        self._music: Playing | None = None
        self._stop_listening: Callable[[], None] | None = None
        self._pressed, self._pressed_at = "", 0.0

    @property
    def member(self) -> Member | None:
        """The party that is a member by it; None while the PIN is asked, and when it has gone."""
        return self._member

    def take(self) -> bool:
        """Make it a member's; False when the room is full."""
        if not self.is_taken and self.room.is_full:
            return False
        self.is_taken = True
        return True

    # -- the member --------------------------------------------------------------------------------

    def enter(self, member: Member) -> None:
        """Let a party, whose port is on the worker of the room, be a member."""
        assert member.audio.port is not None
        self._member, self._port, terms = member, member.audio.port, self.room.terms
        if terms.mute_keys:
            member.mute_keys(MuteReason.KEYS_ARE_PRIVATE)
        if terms.mute_key is not None:
            self._stop_listening = member.hear_keys().listen(self._press)
        log.info("conference entered", room=self.room.number, member=member.number)
        self.follow(member)
        self.room.announce(COMES)

    def follow(self, member: Member) -> None:
        """Take the member out of the room while it holds or is held, and in again afterwards.

        So nobody hears the hold music of its phone.
        """
        port, wanted = self._port, not member.audio.is_held
        if port is None or wanted == self.is_inside:
            return
        self.is_inside = wanted
        if wanted:
            port.join_room(self.room.number)
        else:
            port.leave()
        self.room.changed()

    def stand_up(self) -> None:
        """Let go of the member, on its way elsewhere or gone; the place stays."""
        if self.admission is not None:
            self.admission.cancel()
            self.admission = None
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
        port, member = self._port, self._member
        self._port = self._member = None
        if port is None or member is None:
            return
        self.hear_music(False)
        self.is_inside = self.is_muted = False
        port.leave()
        member.unmute(MuteReason.MUTE_KEY)
        member.unmute_keys(MuteReason.KEYS_ARE_PRIVATE)
        self.room.changed()
        self.room.announce(LEAVES)

    def give_up(self) -> None:
        """Leave the room for good; safe to call again."""
        self.stand_up()
        self.is_taken = False
        self._drop(self)

    # -- what is heard -----------------------------------------------------------------------------

    def hear_music(self, wanted: bool) -> None:
        """Begin or end the music of a member that is alone."""
        music = self.room.terms.music
        if wanted and self._music is None and self._port is not None and music is not None:
            self._music = self._port.play_file(music, repeat=True, beneath=True)
            self._music.done.add_done_callback(self._music_ended)
        elif not wanted and self._music is not None:
            self._music.stop()
            self._music = None

    def _music_ended(self, done: asyncio.Future[Played]) -> None:
        if not done.cancelled() and done.result().error:
            log.warning("music not played", room=self.room.number, error=done.result().error)

    def beep(self, frequency: int) -> None:
        """Beep, if the member hears the room."""
        if self._port is not None and self.is_inside:
            self._port.beep(frequency, BEEP_MS)

    # -- keys --------------------------------------------------------------------------------------

    def _press(self, key: str) -> None:
        """Hear a key of the member; the mute key may be several in a row."""
        mute_key = self.room.terms.mute_key or ""
        now = asyncio.get_running_loop().time()
        before = self._pressed if now - self._pressed_at <= KEYS_SECONDS else ""
        self._pressed, self._pressed_at = (before + key)[-len(mute_key) :], now
        if self._pressed == mute_key and self._member is not None:
            self._pressed = ""
            self.is_muted = not self.is_muted
            change = self._member.mute if self.is_muted else self._member.unmute
            change(MuteReason.MUTE_KEY)
            self.beep(MUTED if self.is_muted else HEARD)
            self.room.tell()


class ConferenceRooms:
    """The rooms that have members, by number."""

    __slots__ = ("_choose", "_pins", "_rooms", "listeners")

    def __init__(self, choose: Callable[[], WorkerClient], pins: Pins) -> None:
        """`choose` is the media worker for a new room; raises WorkerGone."""
        self._choose = choose
        self._pins = pins
        self._rooms: dict[str, Room] = {}
        self.listeners: list[Callable[[str], None]] = []
        "Told of the number of a room after each change of who is there, and how; must not block."

    def numbers(self) -> Sequence[str]:
        """Those of the rooms where anybody is."""
        return tuple(self._rooms)

    def room(self, number: str) -> Room | None:
        """The room with this number; None where nobody is."""
        return self._rooms.get(number)

    def seats(self, number: str) -> Sequence[Seat]:
        """The places in a room; none where nobody is."""
        room = self._rooms.get(number)
        return () if room is None else room.seats

    def __len__(self) -> int:
        return len(self._rooms)

    def visit(self, number: str, terms: ConferenceTerms, port: MediaPort | None) -> Seat:
        """A place in a room, taken at once where no PIN is asked.

        A room that begins is on the worker of the newcomer's `port`. Raises RoomFull, RoomLocked,
        WorkerGone.
        """
        room = self._rooms.get(number)
        if room is None or room.worker.gone.done():
            worker = self._choose() if port is None else port.worker
            room = self._rooms[number] = Room(number, terms, worker, self._pins, self.listeners)
        if room.is_locked:
            raise RoomLocked
        if room.is_full:
            raise RoomFull
        seat = Seat(room, self._drop)
        room.seats.append(seat)
        if terms.pin is None:
            seat.take()
        return seat

    def _drop(self, seat: Seat) -> None:
        room = seat.room
        if seat in room.seats:
            room.seats.remove(seat)
        if not room.seats and self._rooms.get(room.number) is room:
            del self._rooms[room.number]
