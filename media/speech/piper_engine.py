"""piper-tts as an engine: neural voices of one's own choice, as files in a folder.

The folder is named by the environment variable `SOFTSWITCH_PIPER_VOICES`; it holds a `NAME.onnx`
and a `NAME.onnx.json` for each voice. Nothing is ever downloaded.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from media.speech import english
from media.speech.engine import NoSuchVoice, Sound, SpeechError, Voice

FOLDER = "SOFTSWITCH_PIPER_VOICES"


class PiperEngine:
    """The voices of a folder; each is loaded when it is first used."""

    name = "piper"
    rate = 22_050

    def __init__(self) -> None:
        """Raises ImportError when piper-tts is not there, OSError when there are no voices."""
        import piper  # noqa: PLC0415

        self._package: Any = piper
        folder = os.environ.get(FOLDER)
        if not folder:
            raise SpeechError(f"{FOLDER} names no folder of voices")
        self._models = {path.stem: path for path in sorted(Path(folder).glob("*.onnx"))}
        if not self._models:
            raise SpeechError(f"there is no voice (*.onnx) in {folder}")
        self._voices = [
            Voice(self.name, name, self._language(path)) for name, path in self._models.items()
        ]
        self._loaded: dict[str, Any] = {}

    def voices(self) -> list[Voice]:
        """Return the voices of the folder."""
        return self._voices

    def synthesise(self, text: str, voice: str | None, language: str) -> Iterator[Sound]:
        """Yield the sound of a sentence."""
        chosen = self._chosen(voice, language)
        if chosen.name not in self._loaded:
            path = self._models[chosen.name]
            self._loaded[chosen.name] = self._package.PiperVoice.load(str(path))
        if chosen.language.startswith("en"):
            text = english.normalise(text, chosen.language)
        for chunk in self._loaded[chosen.name].synthesize(text):
            sound = np.asarray(chunk.audio_float_array, dtype=np.float32)
            yield soxr.resample(sound, chunk.sample_rate, self.rate)

    @staticmethod
    def _language(model: Path) -> str:
        described = json.loads(model.with_suffix(".onnx.json").read_text())
        code = described.get("language", {}).get("code") or described["espeak"]["voice"]
        return str(code).lower().replace("_", "-")

    def _chosen(self, voice: str | None, language: str) -> Voice:
        if voice is not None:
            found = next((known for known in self._voices if known.name == voice), None)
            if found is None:
                raise NoSuchVoice(f"piper has no voice {voice!r}; it has {', '.join(self._models)}")
            return found
        main = language.split("-", maxsplit=1)[0]
        kin = [known for known in self._voices if known.language.split("-")[0] == main]
        if not kin:
            raise SpeechError(f"piper has no voice for the language {language!r}")
        return next((known for known in kin if known.language == language), kin[0])
