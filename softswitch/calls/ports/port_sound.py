"""What a port plays, hears and records: futures for what was begun, callbacks for what is heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count

from media.control.frames import ControlError
from media.control.session import Event, Request
from media.control.sound import (
    ERROR,
    EVERYTHING,
    STOPPED,
    EnterRoom,
    HearKeys,
    KeyHeard,
    Listen,
    Mute,
    MuteKeys,
    PlayBeep,
    PlayFile,
    PlaySpeech,
    PlayTone,
    RecordingEnded,
    SendKeys,
    SetSoundAside,
    SoundEnded,
    SoundRecognised,
    StartRecording,
    StopSound,
    TakeKey,
    Whisper,
)
from softswitch.calls.ports.listening import SHORTEST, SILENCE, Listening, SoundAwaited
from softswitch.calls.ports.prompts import NoSuchPrompt, Prompts
from softswitch.calls.ports.under_way import Played, Playing, Recorded, RecordingInProgress
from softswitch.trace.lines import Fact, LineKind
from softswitch.trace.timeline import Timeline
from softswitch.trace.traces import UNTRACED

COUNTRY = "us"
"The country whose tones are played unless another is named."

_tokens = count(EVERYTHING + 1)


class PortSound:
    """The sound of a port: everything is obeyed in order, nothing is awaited."""

    def __init__(self, leg: int, prompts: Prompts | None = None) -> None:
        self._leg = leg
        self._prompts = prompts or Prompts()
        self.timeline: Timeline = UNTRACED.begin("")
        "Where it writes what is played, spoken and recorded: that of the call that it serves."
        self.party: Callable[[], str] = str
        "The number of the far end, for the timeline."
        self.country = COUNTRY
        "Whose tones are played where none is named."
        self._playing: dict[int, Playing] = {}
        self._recordings: dict[int, RecordingInProgress] = {}
        self._pressed: Callable[[str], None] | None = None
        self._muted = self._keys_muted = False
        self._ears: dict[PortSound, None] = {}
        "The ports that overhear this one, in the order in which they came."
        self._listening = Listening(self._listen)

    @property
    def leg(self) -> int:
        """The number of the leg at its worker."""
        return self._leg

    def _tell(self, request: Request) -> None:
        raise NotImplementedError

    def _tell_worker(self, request: Request) -> None:
        """Tell what may come when the port is closed."""
        raise NotImplementedError

    @property
    def _is_open(self) -> bool:
        raise NotImplementedError

    # -- playing -----------------------------------------------------------------------------------

    def play_file(
        self,
        path: str,
        *,
        repeat: bool = False,
        longest: float | None = None,
        beneath: bool = False,
    ) -> Playing:
        """Play a file of this machine, or `prompt:NAME`, behind what is queued, without a gap.

        `longest` is in seconds; a repeated file without it lasts until it is stopped, or until
        another sound is played that is not beneath. What is
        played `beneath` waits only for others beneath, is heard under speech and voices, softer
        as long as there are any, and outlives `stop_sound`: music.
        """
        endless = beneath or (repeat and longest is None)
        try:
            sound = self._prompts.find(path)
        except NoSuchPrompt as error:
            return _failed(str(error))
        if sound.text:
            return self._begin(
                lambda token: PlaySpeech(
                    leg=self._leg,
                    token=token,
                    text=sound.text,
                    language=sound.language,
                    voice=sound.voice,
                    repeat=repeat,
                    longest=longest,
                    beneath=beneath,
                ),
                endless=endless,
            )
        return self._begin(
            lambda token: PlayFile(
                leg=self._leg,
                token=token,
                path=sound.path,
                repeat=repeat,
                longest=longest,
                beneath=beneath,
            ),
            endless=endless,
        )

    def speak(self, text: str, *, language: str | None = None, voice: str | None = None) -> Playing:
        """Speak a text; `language` is as in RFC 5646, `voice` a name of `MediaWorkers.voices`."""
        return self._begin(
            lambda token: PlaySpeech(
                leg=self._leg, token=token, text=text, language=language or "", voice=voice
            )
        )

    def say(
        self, sentence: str, *, language: str | None = None, voice: str | None = None
    ) -> Playing:
        """Say a sentence of the switch, in the words or by the sound that the settings have for it.

        `language` and `voice` are for the sentence as it is.
        """
        instead = self._prompts.in_other_words(sentence)
        if instead.path:
            return self.play_file(instead.path)
        return self.speak(
            instead.text, language=instead.language or language, voice=instead.voice or voice
        )

    def beep(
        self, frequency: float = 1000, milliseconds: float = 300, level: float = -10.0
    ) -> Playing:
        """Play a tone of one frequency (Hz) and level (dBm0)."""
        return self._begin(
            lambda token: PlayBeep(
                leg=self._leg,
                token=token,
                frequency=frequency,
                milliseconds=milliseconds,
                level=level,
            )
        )

    def play_tone(
        self, name: str, *, country: str | None = None, longest: float | None = None
    ) -> Playing:
        """Play `dial`, `ringback`, `busy` or `congestion` of a country (ISO code), or `sit` etc."""
        return self._begin(
            lambda token: PlayTone(
                leg=self._leg,
                token=token,
                name=name,
                country=country or self.country,
                longest=longest,
            ),
            endless=longest is None,
        )

    def send_keys(
        self, keys: str, *, tone_ms: float = 100, gap_ms: float = 100, way: str = "auto"
    ) -> Playing:
        """Press `0`-`9`, `*`, `#`, `A`-`D` at once; a comma is a pause of a second.

        What is played is interrupted, and goes on afterwards.

        By RFC 4733 where it was negotiated, else as sound; `way` `event` or `inband` decides.
        """
        return self._begin(
            lambda token: SendKeys(
                leg=self._leg, token=token, keys=keys, tone_ms=tone_ms, gap_ms=gap_ms, way=way
            )
        )

    def stop_sound(self) -> None:
        """End the present sound and all queued ones at once."""
        self._tell(StopSound(leg=self._leg))

    def set_sound_aside(self, aside: bool) -> None:
        """Let the present sound and all queued ones wait where they are, or go on with them.

        What is played meanwhile is heard; `stop_sound` ends what waits, too.
        """
        self._tell(SetSoundAside(leg=self._leg, aside=aside))

    async def heard_out(self) -> None:
        """Wait until the far end has heard all that ends by itself."""
        while waiting := [p.done for p in self._playing.values() if not p.endless]:
            await asyncio.wait(waiting)

    def _begin(self, request: Callable[[int], Request], *, endless: bool = False) -> Playing:
        token = next(_tokens)
        stop = StopSound(leg=self._leg, token=token)
        playing = Playing(lambda: self._tell(stop), endless=endless)
        if not self._is_open:
            playing.done.set_result(Played(0, STOPPED))
            return playing
        try:
            asked = request(token)
            self._tell(asked)
        except ControlError as error:
            playing.done.set_result(Played(0, ERROR, str(error)))
        else:
            self._playing[token] = playing
            name, facts = described(asked)
            self._tells(name, **facts)
            playing.done.add_done_callback(partial(self._played, name, facts))
        return playing

    def _played(self, name: str, facts: dict[str, str], done: asyncio.Future[Played]) -> None:
        played = done.result()
        facts = {**facts, "why": played.why, "error": played.error}
        self._tells(f"{name} ended", milliseconds=played.milliseconds, **facts)

    def _recorded(self, done: asyncio.Future[Recorded]) -> None:
        was = done.result()
        seconds = round(was.seconds, 2)
        self._tells("record ended", file=was.path, seconds=seconds, why=was.why, error=was.error)

    def _tells(self, what: str, **facts: Fact) -> None:
        self.timeline.note(LineKind.SOUND, what, party=self.party(), direction="out", **facts)

    # -- keys --------------------------------------------------------------------------------------

    def hear_keys(self, pressed: Callable[[str], None] | None) -> None:
        """Call `pressed` once with every key that the far end presses; None ends it."""
        if (pressed is None) != (self._pressed is None):
            self._tell(HearKeys(leg=self._leg, wanted=pressed is not None))
        self._pressed = pressed

    def mute_keys(self, muted: bool) -> None:
        """Keep the keys that the far end presses from the others and from recordings, or end it.

        Why it is so is known to the party (`Party.key_mutes`), as for `mute`.
        """
        if muted != self._keys_muted:
            self._keys_muted = muted
            self._tell(MuteKeys(leg=self._leg, muted=muted))

    def key_by_info(self, key: str) -> None:
        """Take a key that came by SIP INFO; if it is heard in the media too, it is one press."""
        self._tell(TakeKey(leg=self._leg, key=key))

    # -- other sounds ------------------------------------------------------------------------------

    def hear(self, *kinds: str, seconds: float = 2.0) -> SoundAwaited:
        """Listen until the first sound of some kinds is heard, beside any other listeners.

        `silence` is heard after so many `seconds`; `network` as `dial`, `ringback`, `busy` or
        `congestion`; `tones` as `cng`, `ced`, `sit` or `beep`; and `answer`, who has answered, as
        `human`, `machine` or `unknown`, within five seconds from now.
        """
        awaited = self._listening.listen(kinds, seconds)
        if not self._is_open:
            awaited.stop()
        return awaited

    def _listen(self, kind: str, wanted: bool) -> None:
        shortest = SHORTEST if kind == SILENCE else None
        self._tell(Listen(leg=self._leg, what=kind, wanted=wanted, seconds=shortest))

    # -- recording ---------------------------------------------------------------------------------

    def record(
        self,
        path: str,
        *,
        kind: str = "wav",
        other: PortSound | None = None,
        longest: float | None = None,
        silence: float | None = None,
    ) -> RecordingInProgress:
        """Record what the far end says into a new file, `wav`, `flac` or `mp3`.

        With `other` there are two channels, this far end left and the other's right. It ends when
        it is stopped, after `longest` seconds, after so many seconds of `silence`, or when all its
        ports are closed.
        """
        number = next(_tokens)
        recording = RecordingInProgress(path, self._tell_worker, number)
        if self._is_open:
            self._recordings[number] = recording
            self._tells("record", file=path)
            recording.done.add_done_callback(self._recorded)
            self._tell(
                StartRecording(
                    leg=self._leg,
                    number=number,
                    path=path,
                    kind=kind,
                    other=None if other is None else other._leg,
                    longest=longest,
                    silence=silence,
                )
            )
        else:
            recording.done.set_result(Recorded(path, 0.0, "failed", "the call is over"))
        return recording

    # -- rooms -------------------------------------------------------------------------------------

    def join_room(self, room: str) -> None:
        """Hear everybody in a room of this worker, and be heard by them."""
        self._tell(EnterRoom(leg=self._leg, room=room))

    def mute(self, muted: bool) -> None:
        """Let nobody hear this far end, or let them again."""
        if muted != self._muted:
            self._muted = muted
            self._tell(Mute(leg=self._leg, muted=muted))

    def whisper_to(self, listeners: Iterable[PortSound]) -> None:
        """Let only these hear this far end; none end the whisper."""
        self._tell(Whisper(leg=self._leg, listeners=tuple(listener._leg for listener in listeners)))

    def let_overhear(self, ear: PortSound) -> None:
        """Let another port hear this far end, as its room does; both live on one worker."""
        self._ears.setdefault(ear)
        self._tell_ears()

    def let_overhear_no_more(self, ear: PortSound) -> None:
        """Let it hear the far end no more; harmless where it does not."""
        if ear in self._ears:
            del self._ears[ear]
            self._tell_ears()

    def _tell_ears(self) -> None:
        legs = tuple(ear._leg for ear in self._ears if ear._is_open)
        self._tell(Whisper(leg=self._leg, listeners=legs, aloud=True))

    # -- what the worker tells ---------------------------------------------------------------------

    def _heard(self, event: Event) -> None:
        """Take an event about sound."""
        match event:
            case SoundEnded():
                playing = self._playing.pop(event.token, None)
                if playing is not None and not playing.done.done():
                    played = Played(round(event.milliseconds), event.why, event.error)
                    playing.done.set_result(played)
            case KeyHeard() if self._pressed is not None:
                self._pressed(event.key)
            case SoundRecognised():
                self._listening.heard(event.what, event.name)
            case RecordingEnded():
                recording = self._recordings.pop(event.number, None)
                if recording is not None and not recording.done.done():
                    recording.done.set_result(
                        Recorded(event.path, event.seconds, event.why, event.error)
                    )

    def _stop_playing(self) -> None:
        """End what the worker can no longer tell of."""
        self._listening.end()
        for playing in self._playing.values():
            if not playing.done.done():
                playing.done.set_result(Played(0, STOPPED))
        self._playing.clear()

    def _lose_recordings(self, why: str) -> None:
        """End recordings whose files nobody can tell of any more."""
        for recording in self._recordings.values():
            recording.lose(why)
        self._recordings.clear()


def described(request: Request) -> tuple[str, dict[str, str]]:
    """What a timeline says of a sound."""
    match request:
        case PlayFile():
            return "play", {"file": request.path}
        case PlaySpeech():
            voice = request.voice or request.language
            return "speak", {"text": request.text, "voice": voice}
        case PlayTone():
            return "tone", {"tone": request.name, "country": request.country}
        case SendKeys():
            return "keys", {"keys": request.keys}
        case PlayBeep():
            return "beep", {"frequency": f"{request.frequency:g}"}
    return type(request).__name__, {}


def _failed(why: str) -> Playing:
    """What was never begun, and why."""
    playing = Playing(lambda: None)
    playing.done.set_result(Played(0, ERROR, why))
    return playing
