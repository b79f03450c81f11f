"""The messages about sound: what legs are played, what is heard on them, what is recorded.

What is played has a token, a number that the signalling process chose, and is answered once by
`SoundEnded`, whatever becomes of it; a recording has a number and is answered by
`RecordingEnded`. The items of a leg are played one after the other in the order of asking; but an
endless one ends when another comes, and keys interrupt what is played.
"""

from __future__ import annotations

import msgspec

from media.control.message import TICKETLESS, ControlMessage

EVERYTHING = 0
"The token of `StopSound` for all that a leg plays or is going to play, except music beneath."

FINISHED, STOPPED, TIME, ERROR = "finished", "stopped", "time", "error"
"Why a sound ended."

# ---- from the signalling process ----------------------------------------------------------------


class PlayFile(ControlMessage, frozen=True, kw_only=True):
    """Play an audio file."""

    leg: int
    token: int
    path: str
    repeat: bool = False
    "Begin again at its end, until it is stopped or `longest` is reached."
    longest: float | None = None
    "Seconds."
    beneath: bool = False
    "Whether it has a playlist of its own, is heard beneath all else, and goes down meanwhile."


class PlaySpeech(ControlMessage, frozen=True, kw_only=True):
    """Speak a text; it begins as soon as its first sentence is there."""

    leg: int
    token: int
    text: str
    language: str = ""
    "As in RFC 5646; empty for American English."
    voice: str | None = None
    "The full name of a voice (`VoicesFound`), or its name within the language's engine."
    repeat: bool = False
    "As in `PlayFile`, and so are these."
    longest: float | None = None
    "Seconds."
    beneath: bool = False


class PlayBeep(ControlMessage, frozen=True, kw_only=True):
    """Play one tone of one frequency."""

    leg: int
    token: int
    frequency: float
    "Hz, below 4000."
    milliseconds: float
    level: float
    "dBm0."


class PlayTone(ControlMessage, frozen=True, kw_only=True):
    """Play a tone of the table (`tone_table`): one of a country's four, or a special one."""

    leg: int
    token: int
    name: str
    country: str
    longest: float | None = None
    "Seconds; None for as long as it is not stopped."


class SendKeys(ControlMessage, frozen=True, kw_only=True):
    """Press keys: `0`-`9`, `*`, `#`, `A`-`D`, and `,` for a pause of a second."""

    leg: int
    token: int
    keys: str
    tone_ms: float
    gap_ms: float
    way: str = "auto"
    "`event` (RFC 4733), `inband`, or `auto`: as events where these were negotiated."


class StopSound(ControlMessage, frozen=True, kw_only=True):
    """End one sound of a leg, or all, at once; each is answered by its `SoundEnded`."""

    leg: int
    token: int = EVERYTHING


class SetSoundAside(ControlMessage, frozen=True, kw_only=True):
    """Let what a leg plays, and what is queued, wait where it is; or go on with it.

    What is asked for meanwhile is played, and music beneath goes on. `StopSound` ends what waits.
    """

    leg: int
    aside: bool


class HearKeys(ControlMessage, frozen=True, kw_only=True):
    """Tell of keys by `KeyHeard`, or do not any more."""

    leg: int
    wanted: bool


class MuteKeys(ControlMessage, frozen=True, kw_only=True):
    """Keep the keys of a leg from the others, as sound and as events, or let them hear again.

    What they hear of it is 60 ms later meanwhile.
    """

    leg: int
    muted: bool


class TakeKey(ControlMessage, frozen=True, kw_only=True):
    """A key came by SIP INFO; it counts once even if the media carries it, too."""

    leg: int
    key: str


class StartRecording(ControlMessage, frozen=True, kw_only=True):
    """Record what a leg says, from the next 20 ms on."""

    leg: int
    number: int
    "Chosen by the signalling process, not used before."
    path: str
    "A file that is not there yet."
    kind: str
    "`wav`, `flac` or `mp3`."
    other: int | None = None
    "The leg that becomes the right channel; `leg` is the left one then."
    longest: float | None = None
    "Seconds."
    silence: float | None = None
    "Seconds of silence that end it."


class PauseRecording(ControlMessage, frozen=True, kw_only=True):
    """Pause or resume a recording; nothing is written meanwhile."""

    number: int
    paused: bool


class ChangeSide(ControlMessage, frozen=True, kw_only=True):
    """Give a side of a recording another leg; a recording that has ended is fine."""

    number: int
    side: int
    "0 for what `leg` of `StartRecording` was, 1 for `other`."
    leg: int | None
    "None for silence. A recording that is left without any leg ends."


class StopRecording(ControlMessage, frozen=True, kw_only=True):
    """End a recording; a number that is not known is fine."""

    number: int


class EnterRoom(ControlMessage, frozen=True, kw_only=True):
    """Put a leg into a room, in which everybody hears the sum of the others."""

    leg: int
    room: str


class Mute(ControlMessage, frozen=True, kw_only=True):
    """Keep the room from hearing a leg, or let it be heard again."""

    leg: int
    muted: bool


class Whisper(ControlMessage, frozen=True, kw_only=True):
    """Let only some legs hear a leg; none end the whisper."""

    leg: int
    listeners: tuple[int, ...] = ()
    aloud: bool = False
    "Whether the leg's room hears it as well."


class Listen(ControlMessage, frozen=True, kw_only=True):
    """Listen for something on a leg, told of by `SoundRecognised`, or do not any more."""

    leg: int
    what: str
    "`silence`, `network` (its tones), `tones` (fax, special information, a beep), `answer`."
    wanted: bool
    seconds: float | None = None
    "Of silence; None for the usual."


class FindVoices(ControlMessage, frozen=True, kw_only=True):
    """Answered by `VoicesFound`."""

    ticket: int


class WarmSpeech(ControlMessage, frozen=True, kw_only=True):
    """Load the English voice before it is needed."""


SoundRequest = (
    PlayFile
    | PlaySpeech
    | PlayBeep
    | PlayTone
    | SendKeys
    | StopSound
    | SetSoundAside
    | HearKeys
    | MuteKeys
    | TakeKey
    | StartRecording
    | PauseRecording
    | ChangeSide
    | StopRecording
    | EnterRoom
    | Mute
    | Whisper
    | Listen
    | FindVoices
    | WarmSpeech
)

# ---- from the worker ----------------------------------------------------------------------------


class SoundEnded(ControlMessage, frozen=True, kw_only=True):
    """A sound has ended, or could not begin."""

    leg: int
    token: int
    milliseconds: float
    "How much of it was sent."
    why: str
    "`FINISHED`, `STOPPED`, `TIME` (its longest) or `ERROR`."
    error: str = ""


class KeyHeard(ControlMessage, frozen=True, kw_only=True):
    """A key was pressed; once a press, whatever ways told of it."""

    leg: int
    key: str


class RecordingEnded(ControlMessage, frozen=True, kw_only=True):
    """A recording has ended and its file is closed, or it could not begin."""

    leg: int
    number: int
    path: str
    seconds: float
    why: str
    "A value of `recorder.Why`."
    error: str = ""


class SoundRecognised(ControlMessage, frozen=True, kw_only=True):
    """Something was heard that was listened for."""

    leg: int
    what: str
    "As in `Listen`."
    name: str
    """`silence`, `sound`; `dial`, `ringback`, `busy`, `congestion`; `cng`, `ced`, `sit`, `beep`;
    `human`, `machine`, `unknown`."""


class InstalledVoice(msgspec.Struct, frozen=True, kw_only=True):
    """A voice that can be asked for."""

    name: str
    "Unique among all engines: `hibari:…`."
    engine: str
    language: str
    "As in RFC 5646, in lower case; empty for a voice of many languages."
    description: str = ""


class VoicesFound(ControlMessage, frozen=True, kw_only=True):
    """The voices of this machine, the best of each engine first."""

    ticket: int = TICKETLESS
    voices: tuple[InstalledVoice, ...]


SoundEvent = SoundEnded | KeyHeard | RecordingEnded | SoundRecognised
SoundReply = SoundEvent | VoicesFound
