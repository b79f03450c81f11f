"""pyttsx3 as an engine: its espeak driver, on the system's library of espeak-ng.

Why it is handled as it is (pyttsx3 2.99): one engine a process, because espeak keeps its state in
globals and a second engine ends in a crash; one `save_to_file` at a time, because of several only
the last is written; and after `runAndWait` the event `finished-utterance` is waited for, because it
returns before the file is there. That event comes out of espeak's thread, which then still changes
the engine's state, so the thread is waited for, too; a sentence that was lost nevertheless is tried
again. pyttsx3 prints; the process sends that to the standard error.
"""

from __future__ import annotations

import ctypes
import os
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import soundfile

from media.speech import english
from media.speech.engine import NoSuchVoice, Sound, SpeechError, Voice

LIBRARY = "libespeak-ng.so.1"
"What the driver loads as well; it is under the GPL, and so is a process that has loaded it."

FINISHED_S = 8.0
"How long a sentence may take."

ATTEMPTS = 3


class Pyttsx3Engine:
    """The voices that pyttsx3 knows."""

    name = "pyttsx3"
    rate = 22_050

    def __init__(self) -> None:
        """Raises ImportError when pyttsx3 is not there, OSError when espeak-ng is not."""
        self._library = ctypes.CDLL(LIBRARY)
        import pyttsx3  # noqa: PLC0415

        self._engine: Any = pyttsx3.init("espeak")
        self._finished = threading.Event()
        self._engine.connect("finished-utterance", self._on_finished)
        self._engine.setProperty("rate", 155)
        self._voices = [
            Voice(self.name, voice.id, (voice.languages or ["und"])[0].strip("\0"), voice.name)
            for voice in self._engine.getProperty("voices")
            if not voice.id.startswith("mb/")
        ]

    def voices(self) -> list[Voice]:
        """Return the voices, without those that need MBROLA."""
        return self._voices

    def synthesise(self, text: str, voice: str | None, language: str) -> Iterator[Sound]:
        """Yield the sound of a sentence."""
        chosen = self._chosen(voice, language)
        self._engine.setProperty("voice", chosen.name)
        if chosen.language.startswith("en"):
            text = english.normalise(text, chosen.language)
        for _ in range(ATTEMPTS):
            sound = self._written(text)
            if sound.any():
                yield sound
                return
        raise SpeechError("pyttsx3 wrote no sound")

    def _written(self, text: str) -> Sound:
        """Let pyttsx3 write a file and read it; empty when there is none."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "sentence.wav")
            self._finished.clear()
            self._engine.save_to_file(text, path)
            self._engine.runAndWait()
            self._finished.wait(FINISHED_S)
            self._library.espeak_Synchronize()
            if not os.path.exists(path):
                return np.zeros(0, np.float32)
            return np.asarray(soundfile.read(path, dtype="float32")[0], dtype=np.float32)

    def _on_finished(self, **_: object) -> None:
        self._finished.set()

    def _chosen(self, voice: str | None, language: str) -> Voice:
        # An unknown name would be ignored by pyttsx3 without a word.
        main = language.split("-", maxsplit=1)[0]
        for known in self._voices:
            if voice and voice.lower() in (known.name, known.description.lower()):
                return known
        if voice:
            raise NoSuchVoice(f"pyttsx3 has no voice {voice!r}")
        for wanted in (language, main):
            for known in self._voices:
                if known.language == wanted:
                    return known
        raise SpeechError(f"pyttsx3 does not speak the language {language!r}")
