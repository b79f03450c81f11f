"""English by hibari-tts: a neural voice that ships inside its wheel; no network at any time."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from typing import Any

import numpy as np

from media.speech import english
from media.speech.engine import NoSuchVoice, Sound, SpeechError, Voice


class HibariEngine:
    """The voices of hibari-tts that are on this machine; each is loaded when it is first used."""

    name = "hibari"

    def __init__(self) -> None:
        """Raises ImportError when the package is not there."""
        import hibari  # noqa: PLC0415
        import hibari.voices  # noqa: PLC0415

        self._package: Any = hibari
        self._loaded: dict[str, Any] = {}
        self.rate = int(hibari.SAMPLE_RATE)

    def voices(self) -> list[Voice]:
        """Return the voices whose models are here; others would have to be downloaded."""
        return [
            Voice(
                self.name, name, facts["language"].lower(), f"{facts['accent']} {facts['gender']}"
            )
            for name, facts in self._package.voices.VOICES.items()
            if self._is_here(name, facts)
        ]

    def synthesise(self, text: str, voice: str | None, language: str) -> Iterator[Sound]:
        """Yield the sound of a sentence; with a fixed seed, so that it always sounds alike."""
        here = {known.name: known for known in self.voices()}
        name = voice or next(
            (known.name for known in here.values() if known.language == language),
            self._package.voices.DEFAULT,
        )
        if name not in here:
            raise NoSuchVoice(f"hibari has no voice {name!r}; it has {', '.join(here)}")
        if name not in self._loaded:
            self._loaded[name] = self._package.Hibari(voice=name)
        _check_letters(text, name)
        words = english.normalise(text, here[name].language)
        for chunk in self._loaded[name].stream(words, seed=0):
            yield np.asarray(chunk, dtype=np.float32)

    def _is_here(self, name: str, facts: dict[str, Any]) -> bool:
        cached = os.path.join(self._package.voices.cache_dir(), facts["file"])
        return bool(facts.get("bundled")) or os.path.exists(cached)


def _check_letters(text: str, voice: str) -> None:
    """Raise `SpeechError` for a text of letters none of which an English voice has a sound for."""
    letters = [character for character in text if character.isalpha()]
    if letters and not any(unicodedata.name(letter, "").startswith("LATIN") for letter in letters):
        raise SpeechError(
            f"the voice {voice!r} speaks English and has no sounds for {text[:40]!r}: "
            "name the language of the text"
        )
