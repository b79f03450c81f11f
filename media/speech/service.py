"""Speech for the media worker: text in, sound out sentence by sentence; the tick never waits.

Each engine has a process and a thread that talks to it. What several callers want said at once is
done in turns, one sentence each, so that a long text does not keep a short one waiting. Sentences
are kept for a while (`kept_sounds`) by engine, voice, language, rate and words.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

from media.speech import text as texts
from media.speech.engine import SpeechError, Voice
from media.speech.kept_sounds import KeptSounds
from media.speech.speaker import Deliver, Samples, Speaker, Told, Utterance

DEFAULT_ENGINE = {"en": "hibari"}
"By the main part of a language; every other language is spoken by `OTHER_LANGUAGES`."

OTHER_LANGUAGES = "espeak"

INSTEAD = {"hibari": "espeak"}
"Which engine tries when one cannot be used here, or has not got the voice that was asked for."

ENGINES = ("hibari", "espeak", "piper", "pyttsx3")

ALIASES = {
    "": "en-us",
    "en-uk": "en-gb",
    "zh": "cmn",
    "zh-cn": "cmn",
    "zh-tw": "cmn",
    "zh-hk": "yue",
    "no": "nb",
    "iw": "he",
}
"Tags that engines know by another name."


class Speech:
    """All engines; calls return at once. Answers come in threads, what is kept at once."""

    def __init__(self, cache_octets: int = 32 << 20) -> None:
        self._cache: KeptSounds[Samples] = KeptSounds(cache_octets)
        self._speakers: dict[str, Speaker] = {}
        self._lock = threading.Lock()
        self._closed = False

    def speak(
        self,
        text: str,
        deliver: Deliver,
        *,
        language: str = "",
        voice: str | None = None,
        rate: int = 8000,
    ) -> Utterance:
        """Begin to speak; raises `SpeechError` for a text, engine or language that cannot be.

        `language` is as in RFC 5646 and in any letter case. `voice` is the name of a voice of the
        language's engine, or `engine:voice`, or `engine:` for its best voice of the language. That
        a voice is not there is found out later, and delivered.
        """
        sentences = deque(texts.sentences(texts.check(text)))
        tongue = language.strip().lower().replace("_", "-")
        tongue = ALIASES.get(tongue, tongue)
        named, separator, own = (voice or "").partition(":")
        if separator and named not in ENGINES:
            raise SpeechError(
                f"there is no speech engine {named!r}; there are {', '.join(ENGINES)}"
            )
        engine = named if separator else DEFAULT_ENGINE.get(tongue.split("-")[0], OTHER_LANGUAGES)
        chosen = (own if separator else voice) or None
        utterance = Utterance(sentences, chosen, tongue, rate, deliver, engine, bool(separator))
        self._speaker(engine).begin(utterance)
        return utterance

    def voices(
        self, deliver: Callable[[list[Voice]], None], engines: Iterable[str] = ENGINES
    ) -> None:
        """Collect the voices that can be used here; `deliver` is called in a thread."""
        wanted = list(engines)
        found: dict[str, list[Voice]] = {}

        def heard(engine: str, voices: list[Voice]) -> None:
            found[engine] = voices
            if len(found) == len(wanted):
                deliver([voice for engine in wanted for voice in found[engine]])

        def asking(engine: str) -> Told:
            return lambda voices, _error: heard(engine, voices)

        for engine in wanted:
            self._speaker(engine).post(asking(engine))

    def warm(self, engine: str = "hibari") -> None:
        """Start an engine's process before it is needed; loading takes up to a second."""
        self._speaker(engine).post(lambda _voices, _error: None)

    def close(self) -> None:
        """End all processes and threads."""
        with self._lock:
            self._closed = True
            speakers = list(self._speakers.values())
        for speaker in speakers:
            speaker.close()

    def _speaker(self, engine: str) -> Speaker:
        with self._lock:
            if self._closed:
                raise SpeechError("speech is over: the worker ends")
            speaker = self._speakers.get(engine)
            if speaker is None:
                speaker = self._speakers[engine] = Speaker(engine, self._cache, self._instead)
                speaker.start()
            return speaker

    def _instead(self, utterance: Utterance) -> bool:
        """Let another engine speak when the language's own cannot; return whether one will."""
        other = INSTEAD.get(utterance.engine)
        if other is None:
            return False
        utterance.engine = other
        self._speaker(other).post(utterance)
        return True
