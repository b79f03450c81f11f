"""Every language by espeak-ng, a program of the system that is run beside us.

espeak-ng is under the GPL, so none of it is loaded into a process of ours: a sentence goes to its
standard input, and the sound comes from its standard output. One process speaks one sentence. To
start takes it longer than to speak, so for each voice that was used lately a process waits, with
the voice loaded, for the next sentence.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import OrderedDict
from collections.abc import Iterator

import numpy as np

from media.speech import english
from media.speech.engine import NoSuchVoice, Sound, SpeechError, Voice

PROGRAM = "espeak-ng"
WHAT_IT_DOES = "which speaks all languages but English"
WORDS_A_MINUTE = "155"
"A little slower than espeak's own 175: it is listened to on the telephone."
WAITING = 8
"Voices for which a process waits; each takes 3 MB."
HEADER = 44
"Octets of the header of a WAV file, before its samples."
_VOICE = re.compile(r" *\d+ +(?P<language>\S+) +\S+ +(?P<about>\S+) +(?P<name>\S+)")
"A line of `espeak-ng --voices`; further languages may follow."


class EspeakEngine:
    """espeak-ng, with one voice for each language."""

    name = "espeak"
    rate = 22_050

    def __init__(self) -> None:
        """Raises SpeechError when the program is not there, or has no voices."""
        found = shutil.which(PROGRAM)
        if found is None:
            raise SpeechError(f"the program {PROGRAM}, {WHAT_IT_DOES}, is not installed")
        self._program = found
        self._voices = [
            Voice(self.name, line["name"], line["language"], line["about"].replace("_", " "))
            for line in map(_VOICE.match, self._listed().splitlines())
            if line is not None and not line["name"].startswith("mb/")
        ]
        if not self._voices:
            raise SpeechError(f"the program {PROGRAM} has no voices")
        self._waiting: OrderedDict[str, subprocess.Popen[bytes]] = OrderedDict()

    def voices(self) -> list[Voice]:
        """Return a voice for each language, without those that need MBROLA."""
        return self._voices

    def synthesise(self, text: str, voice: str | None, language: str) -> Iterator[Sound]:
        """Yield the sound of a sentence."""
        name, plus, variant = (voice or "").partition("+")
        chosen = self._named(name) if name else self._speaking(language)
        if chosen.language.startswith("en"):
            text = english.normalise(text, chosen.language)
        # Chosen by its file and not by its language, which two voices may have. A variant, such as
        # `f3`, gives it the sound of somebody else.
        yield self._spoken(f"{chosen.name}{plus}{variant}", text.replace("[[", "[ ["))

    def _spoken(self, voice: str, text: str) -> Sound:
        """The sound of a text, in which brackets that mean phonemes are left out."""
        waiting = self._waiting.pop(voice, None)
        written = None if waiting is None else self._say(waiting, voice, text)
        if written is None:  # none has waited, or what has waited was ended by somebody
            written = self._say(self._start(voice), voice, text)
        if written is None:
            raise SpeechError(f"espeak-ng cannot speak with the voice {voice!r}")
        return np.frombuffer(written, dtype="<i2").astype(np.float32) / 32768.0

    def _say(self, process: subprocess.Popen[bytes], voice: str, text: str) -> bytes | None:
        """The samples that a process makes of a text; None when it fails.

        Meanwhile another process starts to wait for the next text of this voice.
        """
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(text.encode())
                process.stdin.close()
            except BrokenPipeError:
                return None
            self._keep(voice)
            written = process.stdout.read()
        # A voice that cannot be loaded is a text without sound, and the exit code 1.
        if process.returncode != 0 or len(written) < HEADER:
            return None
        return written[HEADER : len(written) - len(written) % 2]

    def _keep(self, voice: str) -> None:
        self._waiting[voice] = self._start(voice)
        if len(self._waiting) > WAITING:
            _, oldest = self._waiting.popitem(last=False)
            oldest.kill()
            oldest.communicate()

    def _start(self, voice: str) -> subprocess.Popen[bytes]:
        """A process that waits for the text; it ends when ours does, for then its input ends."""
        options = ("-v", voice, "-s", WORDS_A_MINUTE, "-b", "1", "--stdin", "--stdout")
        pipe = subprocess.PIPE
        return subprocess.Popen([self._program, *options], stdin=pipe, stdout=pipe)

    def _listed(self) -> str:
        asked = [self._program, "--voices"]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout

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
