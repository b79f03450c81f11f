"""Every language by espeak-ng: the library and its voices from the wheel of espeakng-loader.

One synthesiser a process, because espeak-ng keeps its state in globals. It is called in its
synchronous mode: the callback has delivered all samples when `espeak_Synth` returns.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np

from media.speech import english
from media.speech.engine import NoSuchVoice, Sound, SpeechError, Voice

SYNCHRONOUS = 2
"AUDIO_OUTPUT_SYNCHRONOUS of speak_lib.h."

DO_NOT_EXIT = 0x8000
"espeakINITIALIZE_DONT_EXIT: an error is returned instead of ending the process."

UTF8_WITH_PAUSE = 0x1001
"espeakCHARS_UTF8 | espeakENDPAUSE."

RATE_PARAMETER = 1
WORDS_A_MINUTE = 155
"A little slower than espeak's own 175: it is listened to on the telephone."


class _VoiceRecord(ctypes.Structure):
    """`espeak_VOICE` of speak_lib.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.POINTER(ctypes.c_ubyte)),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class EspeakEngine:
    """espeak-ng, with one voice for each language."""

    name = "espeak"

    def __init__(self) -> None:
        """Raises ImportError or OSError when the library is not there."""
        import espeakng_loader  # noqa: PLC0415

        self._library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceRecord))
        data = espeakng_loader.get_data_path().encode()
        self.rate = int(self._library.espeak_Initialize(SYNCHRONOUS, 500, data, DO_NOT_EXIT))
        if self.rate <= 0:
            raise SpeechError("espeak-ng does not find its voices")
        self._heard: list[Sound] = []
        # The library keeps a pointer to the callback: it must live as long as the engine.
        self._callback = _Callback(self._hear)
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_SetParameter(RATE_PARAMETER, WORDS_A_MINUTE, 0)
        self._voices = self._list()

    def voices(self) -> list[Voice]:
        """Return a voice for each language, without those that need MBROLA."""
        return self._voices

    def synthesise(self, text: str, voice: str | None, language: str) -> Iterator[Sound]:
        """Yield the sound of a sentence."""
        name, plus, variant = (voice or "").partition("+")
        chosen = self._named(name) if name else self._speaking(language)
        # Chosen by its file and not by its language, which two voices may have. A variant, such as
        # `f3`, gives it the sound of somebody else.
        if self._library.espeak_SetVoiceByName(f"{chosen.name}{plus}{variant}".encode()) != 0:
            raise SpeechError(f"espeak-ng cannot load the voice {chosen.name!r}")
        if chosen.language.startswith("en"):
            text = english.normalise(text, chosen.language)
        data = text.encode() + b"\0"
        self._heard.clear()
        result = self._library.espeak_Synth(
            data, ctypes.c_size_t(len(data)), 0, 0, 0, UTF8_WITH_PAUSE, None, None
        )
        if result != 0:
            raise SpeechError(f"espeak-ng refuses the text (error {result})")
        yield from self._heard

    def _hear(self, samples: Any, count: int, _events: Any) -> int:
        if count > 0:
            copied = np.ctypeslib.as_array(samples, (count,)).astype(np.float32) / 32768.0
            self._heard.append(copied)
        return 0

    def _list(self) -> list[Voice]:
        records, voices, number = self._library.espeak_ListVoices(None), [], 0
        while records[number]:
            record = records[number].contents
            number += 1
            # A priority octet, then the language; further ones follow after its NUL.
            language = ctypes.string_at(ctypes.addressof(record.languages.contents) + 1).decode()
            identifier = record.identifier.decode()
            if not identifier.startswith("mb/"):
                voices.append(Voice(self.name, identifier, language, record.name.decode()))
        return voices

    def _named(self, name: str) -> Voice:
        wanted = name.lower()
        for voice in self._voices:
            if wanted in (voice.name.lower(), voice.language, voice.description.lower()):
                return voice
        raise NoSuchVoice(f"espeak-ng has no voice {name!r}")

    def _speaking(self, language: str) -> Voice:
        """Return the voice of a language, or of its nearest kin: `pt-ao` is spoken as `pt`."""
        main = language.split("-", maxsplit=1)[0]
        exact = [voice for voice in self._voices if voice.language == language]
        plain = [voice for voice in self._voices if voice.language == main]
        kin = [voice for voice in self._voices if voice.language.startswith(f"{main}-")]
        fitting = [*exact, *plain, *kin]
        if fitting:
            return fitting[0]
        raise SpeechError(f"espeak-ng does not speak the language {language!r}")
