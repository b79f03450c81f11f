"""Which of the installed voices says a text: the one that is named, its like, or the default one.

A script speaks whatever voice it names: applications name those of the machine that they were
written for.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence

from softswitch.calls.ports.media_workers import InstalledVoice, WorkerGone
from softswitch.commands.base.switch_context import ChosenVoice
from softswitch.commands.running.windows_voices import Sex, voice_wanted

SPOKEN_AS = {"en-uk": "en-gb", "zh": "cmn", "zh-cn": "cmn", "zh-tw": "cmn", "zh-hk": "yue",
             "no": "nb", "iw": "he"}  # fmt: skip
"Languages that are written in another way than the engines write them."
VARIANTS = {Sex.FEMALE: "+f3", Sex.MALE: "+m3"}
"How espeak-ng speaks with a voice of either sex."
WITH_VARIANTS = "espeak"
BY_DEFAULT = ("hibari", "espeak")
"The engines that speak what names no voice."
NOT_INSTALLED = ": the program espeak-ng, which speaks all languages but English, is not installed"
"Why a language has no voice, where this engine has none."
DEFAULT_LANGUAGE = "en-us"


class Voices:
    """The voices of this machine; they are asked for when a command first names one."""

    def __init__(self, ask: Callable[[], Awaitable[Sequence[InstalledVoice]]]) -> None:
        """`ask` raises WorkerGone."""
        self._ask = ask
        self._installed: Sequence[InstalledVoice] = ()

    async def choose(self, language: str | None, voice: str | None) -> ChosenVoice:
        """The voice for what a command names; as it is named where nobody can tell."""
        if not language and not voice:
            return ChosenVoice()
        if not self._installed:
            try:
                self._installed = await self._ask()
            except WorkerGone:
                return ChosenVoice(language, voice)
        return choose_voice(self._installed, language or "", voice or "")


def choose_voice(installed: Sequence[InstalledVoice], language: str, voice: str) -> ChosenVoice:
    """The voice for a language and a name, each of them empty where it is not given."""
    tag = _tag(installed, language)
    unknown: tuple[tuple[str, str], ...] = ()
    if tag and not _speaking(installed, tag):
        unknown = (("Language", f"no voice speaks {language[:40]!r}{_why(installed)}"),)
        tag = ""
    if not voice:
        return ChosenVoice(tag or None, _of_another_engine(installed, tag), unknown)
    named = _named(installed, voice, tag)
    if named is not None and (not tag or _is_kin(named.language, tag)):
        return ChosenVoice(tag or named.language or None, named.name + _variant(voice), unknown)
    wanted = voice_wanted(voice) if named is None else None
    if wanted is None:
        sentence = f"there is no voice {voice[:40]!r}"
        if named is not None:
            sentence = f"the voice {voice[:40]!r} does not speak {language[:40]!r}"
        return ChosenVoice(tag or None, None, (*unknown, ("Voice", sentence)))
    tag = tag or _tag(installed, wanted.language)
    speaking = _speaking(installed, tag or DEFAULT_LANGUAGE)
    if not speaking:
        sentence = f"no voice speaks the language of {voice[:40]!r}{_why(installed)}"
        return ChosenVoice(None, None, (*unknown, ("Voice", sentence)))
    return ChosenVoice(tag or None, _of_sex(speaking, wanted.sex), unknown)


def _of_another_engine(installed: Sequence[InstalledVoice], tag: str) -> str | None:
    """The voice of a language where those who speak what names no voice have none; else None."""
    speaking = _speaking(installed, tag) if tag else []
    if any(each.engine in BY_DEFAULT for each in speaking):
        return None
    return next((each.name for each in speaking), None)


def _why(installed: Sequence[InstalledVoice]) -> str:
    """Behind what has no voice: the cause, where it is one that can be helped."""
    return "" if any(each.engine == WITH_VARIANTS for each in installed) else NOT_INSTALLED


def _tag(installed: Sequence[InstalledVoice], language: str) -> str:
    """The tag of a language, which may be given by its English name."""
    tag = language.strip().lower().replace("_", "-")
    named = (v.language for v in installed if v.description.partition(" (")[0].lower() == tag)
    tag = next(named, tag) if tag and "-" not in tag else tag
    return SPOKEN_AS.get(tag, tag)


def _speaking(installed: Sequence[InstalledVoice], tag: str) -> list[InstalledVoice]:
    """The voices of a language, the nearest first; as the engines choose among them."""
    main = tag.partition("-")[0]
    exact = [voice for voice in installed if voice.language == tag]
    plain = [voice for voice in installed if voice.language == main != tag]
    kin = [voice for voice in installed if voice.language.startswith(f"{main}-")]
    return [*exact, *plain, *(voice for voice in kin if voice.language != tag)]


def _is_kin(language: str, tag: str) -> bool:
    """Whether a voice of a language speaks another; one without a language speaks many."""
    return not language or language.partition("-")[0] == tag.partition("-")[0]


def _named(installed: Sequence[InstalledVoice], voice: str, tag: str) -> InstalledVoice | None:
    """The voice of that name: its full one, its engine's own one, or `engine:` for the best."""
    wanted = re.sub(r"\+[a-z0-9]+$", "", voice.strip().lower())
    engine, separator, own = wanted.partition(":")
    if separator and not own:
        of_engine = [each for each in installed if each.engine == engine]
        return next(iter([*_speaking(of_engine, tag or DEFAULT_LANGUAGE), *of_engine]), None)
    for each in installed:
        short = each.name.partition(":")[2].lower()
        names = {short, short.rpartition("/")[2], each.language, each.description.lower()} - {""}
        if (own in names and each.engine == engine) if separator else (wanted in names):
            return each
    return None


def _variant(voice: str) -> str:
    """The variant of a voice of espeak-ng that a name asks for."""
    match = re.search(r"\+[A-Za-z0-9]{1,20}$", voice.strip())
    return match[0] if match else ""


def _of_sex(speaking: Sequence[InstalledVoice], sex: Sex | None) -> str | None:
    """The first voice of that sex, or one that can be made to sound so."""
    if sex is None:
        return None
    for each in speaking:
        if re.search(rf"\b{sex}\b", each.description.lower()):
            return each.name
    able = next((each.name for each in speaking if each.engine == WITH_VARIANTS), None)
    return able and able + VARIANTS[sex]
