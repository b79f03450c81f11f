"""Playback to legs: requests become items of a player, their ends become messages.

A leg is claimed for the tick as long as its playlist lasts. Each band of the tick has a player; a
playlist stays with the one that it began with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from media.control.session import Reply
from media.control.sound import (
    ERROR,
    EVERYTHING,
    FINISHED,
    STOPPED,
    TIME,
    FindVoices,
    InstalledVoice,
    PlayBeep,
    PlayFile,
    PlaySpeech,
    PlayTone,
    SendKeys,
    SetSoundAside,
    SoundEnded,
    StopSound,
    VoicesFound,
    WarmSpeech,
)
from media.legs import FREE, Legs
from media.orders.request_table import RequestTable
from media.play.file_reader import AudioFiles
from media.play.keys_item import PAUSE, PAUSE_MS, KeysItem, runs
from media.play.player import Player
from media.play.sources import Finished
from media.play.telephone_event_source import KeysSent
from media.play.tones import Wave, render
from media.signals.dtmf_keys import EVENTS
from media.signals.tone_table import Burst, Tone, beep, dtmf_burst, named_tone, tone
from media.speech.engine import Voice
from media.speech.service import Speech
from media.tick.rooms import Rooms
from media.tick.tick import Tick

CLAIM = "played to"
"Why the tick has a leg."

LONGEST_S = 60.0
"Of a beep, and of a row of keys."

LONG_S = 2.0
"A beep that is longer is not rendered as a whole."

FREQUENCIES = (20.0, 3900.0)
"Hz that every leg can hear."

PlayRequest = PlayFile | PlaySpeech | PlayBeep | PlayTone | SendKeys


class CannotPlay(ValueError):
    """A request that makes no sense; the sentence goes back in `SoundEnded`."""


@dataclass(frozen=True, slots=True)
class _ItemPlaying:
    """An item that has not ended yet."""

    leg: int
    longest_ms: float | None


class Playback:
    """The playlists of all legs of a worker."""

    def __init__(self, legs: Legs, tick: Tick, rooms: Rooms, tell: Callable[[Reply], None]) -> None:
        """Send events and answers by `tell`."""
        self._legs, self._rooms, self._tell = legs, rooms, tell
        self._tick, self._events = tick, tick.key_source
        self._files, self._speech = AudioFiles(), Speech()
        self._players: list[Player] = []
        "Of each band."
        for band in tick.bands:
            player = Player(legs.capacity, self._files, self._speech, band.rate)
            band.sources.append(player)
            band.sources_beneath.append(player.beneath)
            self._players.append(player)
        tick.subscribe(Finished, self._finished)
        tick.subscribe(KeysSent, self._keys_left)
        self._asked: dict[int, _ItemPlaying] = {}
        "By token."
        self._keys: dict[int, KeysItem] = {}
        "By row: the keys that are being sent as events."
        self._found: list[VoicesFound] = []
        "Answers that a thread has left here."

    # ---- requests ----

    def add_requests(self, table: RequestTable) -> None:
        """Enter the requests that this part answers."""
        table.add(PlayFile, self.play)
        table.add(PlaySpeech, self.play)
        table.add(PlayBeep, self.play)
        table.add(PlayTone, self.play)
        table.add(SendKeys, self.play)
        table.add(StopSound, self.stop)
        table.add(SetSoundAside, self.set_aside)
        table.add(FindVoices, self.find_voices)
        table.add(WarmSpeech, lambda request: self._speech.warm())

    def play(self, request: PlayRequest) -> None:
        """Queue a sound; if it cannot be played, its `SoundEnded` says so at once."""
        longest = getattr(request, "longest", None)
        longest_ms = None if longest is None else longest * 1000.0
        self._asked[request.token] = _ItemPlaying(request.leg, longest_ms)
        try:
            row = self._legs.row(request.leg)
            self._queue(row, request)
        except (KeyError, ValueError) as error:
            self._end(request.token, 0.0, ERROR, str(error.args[0]))
            return
        self._rooms.claim(row, CLAIM)
        if not isinstance(request, SendKeys) and not getattr(request, "beneath", False):
            for player in self._players:
                for finished in player.end_endless(row, request.token):
                    self._end(finished.token, finished.milliseconds, STOPPED)

    def stop(self, request: StopSound) -> None:
        """End one sound, or all, of a leg."""
        self._stop(self._legs.row(request.leg), request.token)

    def set_aside(self, request: SetSoundAside) -> None:
        """Let what a leg plays wait where it is, or go on with it."""
        row = self._legs.row(request.leg)
        for player in self._players:
            for finished in player.set_aside(row, aside=request.aside):
                self._end(finished.token, finished.milliseconds, STOPPED)
        self._rooms.claim(row, CLAIM)
        self._release(row)

    def find_voices(self, request: FindVoices) -> None:
        """Ask the engines; the answer leaves when all have told."""

        def told(voices: list[Voice]) -> None:
            # in a thread: the tick takes it from here
            found = tuple(
                InstalledVoice(
                    name=voice.full_name,
                    engine=voice.engine,
                    language=voice.language,
                    description=voice.description,
                )
                for voice in voices
            )
            self._found.append(VoicesFound(ticket=request.ticket, voices=found))

        self._speech.voices(told)

    # ---- rows, and time ----

    def changed(self, row: int) -> None:
        """Go on: what is played does not depend on formats and rooms."""

    def forget(self, row: int) -> None:
        """End what a leg plays that is about to be closed."""
        self._stop(row, EVERYTHING)
        for player in self._players:
            for item in player.beneath.items(row):
                self._stop(row, item.token)

    def settle(self, now: float) -> None:
        """Take over what threads have done; to be called once a tick, before it."""
        for player in self._players:
            player.settle()
        while self._found:
            self._tell(self._found.pop())

    def close(self) -> None:
        """End all threads and processes."""
        self._files.close()
        self._speech.close()

    # ---- playing ----

    def play_tone(
        self,
        row: int,
        token: int,
        sound: Tone,
        longest: float | None = None,
        *,
        first: bool = False,
    ) -> None:
        """Queue a tone, or interrupt what is played; an endless one lasts until it is stopped."""
        player = self._player(row)
        wave = _rendered(sound, player.rate)
        intro, loop = wave.samples[: wave.loop], wave.samples[wave.loop :]
        if not len(loop):
            player.sound(row, token, sound, intro, longest_s=longest, first=first)
        else:
            player.sound(row, token, sound, loop, repeat=True, longest_s=longest, intro=intro)

    def _player(self, row: int, *, beneath: bool = False) -> Player:
        """Return the player that has a playlist of the row, else the one of the row's band."""
        for player in self._players:
            if (player.beneath if beneath else player).playing[row]:
                return player
        return self._players[self._tick.bands.index(self._rooms.home(row))]

    def _queue(self, row: int, request: PlayRequest) -> None:
        match request:
            case PlayFile():
                _check_longest(request.longest)
                self._player(row, beneath=request.beneath).play(
                    row,
                    request.token,
                    request.path,
                    repeat=request.repeat,
                    longest_s=request.longest,
                    beneath=request.beneath,
                )
            case PlaySpeech():
                _check_longest(request.longest)
                self._player(row, beneath=request.beneath).speak(
                    row,
                    request.token,
                    request.text,
                    language=request.language,
                    voice=request.voice,
                    repeat=request.repeat,
                    longest_s=request.longest,
                    beneath=request.beneath,
                )
            case PlayBeep():
                self._beep(row, request)
            case PlayTone():
                _check_longest(request.longest)
                self.play_tone(row, request.token, _tone(request), request.longest)
            case SendKeys():
                self._send_keys(row, request)

    def _beep(self, row: int, request: PlayBeep) -> None:
        _check_beep(request)
        if request.milliseconds <= LONG_S * 1000:
            sound = beep(request.frequency, request.milliseconds, request.level)
            self.play_tone(row, request.token, sound)
        else:
            endless = tone(f"{request.frequency}", level=request.level)
            self.play_tone(row, request.token, endless, request.milliseconds / 1000)

    def _send_keys(self, row: int, request: SendKeys) -> None:
        keys = request.keys.upper()
        if not keys or not set(keys) <= {*EVENTS, PAUSE}:
            raise CannotPlay(f"not keys: {request.keys!r}; there are 0-9, *, #, A-D and a comma")
        if request.tone_ms < 20 or request.gap_ms < 20:
            raise CannotPlay("a key and a gap last at least 20 ms")
        if len(keys) * (request.tone_ms + request.gap_ms) > LONGEST_S * 1000:
            raise CannotPlay(f"keys for more than {LONGEST_S:g} s")
        able = bool(self._legs.event_pt[row] != FREE)
        match request.way:
            case "event" if not able:
                raise CannotPlay("the far end takes no telephone events")
            case "event" | "auto" if able:
                self._send_events(row, request, keys)
            case "inband" | "auto":
                sound = _keys_tone(keys, request.tone_ms, request.gap_ms)
                self.play_tone(row, request.token, sound, first=True)
            case _:
                raise CannotPlay(f"keys are not sent by {request.way!r}: auto, event or inband")

    def _send_events(self, row: int, request: SendKeys, keys: str) -> None:
        def send(run: str) -> None:
            self._keys[row] = item
            clock = int(self._legs.event_clock[row])
            self._events.start(
                row, run, tone_ms=request.tone_ms, pause_ms=request.gap_ms, clock=clock
            )

        def drop() -> None:
            if self._keys.get(row) is item:
                del self._keys[row]
                self._events.free(row)

        player = self._player(row)
        item = KeysItem(request.token, keys, player.frame, send, drop)
        player.queue(row, item, first=True)

    # ---- ends ----

    def _stop(self, row: int, token: int) -> None:
        for player in self._players:
            for finished in player.stop(row, None if token == EVERYTHING else token):
                self._end(finished.token, finished.milliseconds, STOPPED)
        self._release(row)

    def _finished(self, finished: Finished) -> None:
        asked = self._asked.get(finished.token)
        why = FINISHED
        if finished.error is not None:
            why = ERROR
        elif asked and asked.longest_ms and finished.milliseconds >= asked.longest_ms - 1:
            why = TIME
        self._end(finished.token, finished.milliseconds, why, finished.error or "")
        self._release(finished.row)

    def _keys_left(self, sent: KeysSent) -> None:
        item = self._keys.get(sent.row)
        if item is not None:
            item.run_left()

    def _end(self, token: int, milliseconds: float, why: str, error: str = "") -> None:
        asked = self._asked.pop(token, None)
        if asked is not None:
            self._tell(
                SoundEnded(
                    leg=asked.leg, token=token, milliseconds=milliseconds, why=why, error=error
                )
            )

    def _release(self, row: int) -> None:
        if not any(player.is_playing(row) for player in self._players):
            self._rooms.release(row, CLAIM)


@lru_cache(maxsize=64)
def _rendered(sound: Tone, rate: int) -> Wave:
    return render(sound, rate)


def _check_longest(longest: float | None) -> None:
    if longest is not None and not 0 < longest < np.inf:
        raise CannotPlay(f"nothing can be played for {longest:g} s")


def _check_beep(request: PlayBeep) -> None:
    low, high = FREQUENCIES
    if not low <= request.frequency <= high:
        raise CannotPlay(f"a beep of {request.frequency:g} Hz; {low:g} to {high:g} can be heard")
    if not 0 < request.milliseconds <= LONGEST_S * 1000:
        raise CannotPlay(f"a beep of {request.milliseconds:g} ms; it may last {LONGEST_S:g} s")
    if not -60.0 <= request.level <= 3.0:
        raise CannotPlay(f"a beep of {request.level:g} dBm0; -60 to 3 are possible")


def _tone(request: PlayTone) -> Tone:
    for name in (f"{request.name} {request.country}", request.name):
        try:
            return named_tone(name)
        except KeyError:
            continue
    raise CannotPlay(f"there is no tone {request.name!r} in the country {request.country!r}")


def _keys_tone(keys: str, tone_ms: float, gap_ms: float) -> Tone:
    """Return keys as sound, each with its gap behind it."""
    bursts: list[Burst] = []
    for run in runs(keys):
        if run[0] == PAUSE:
            bursts.append(Burst((), float(len(run) * PAUSE_MS)))
        else:
            for key in run:
                bursts += (dtmf_burst(key, tone_ms), Burst((), gap_ms))
    return Tone(tuple(bursts), None)
