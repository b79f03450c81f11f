"""Which voice says a text: every voice of Windows, names of ours, and what is not there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from softswitch.calls.ports.media_workers import InstalledVoice, WorkerGone
from softswitch.commands.base.switch_context import ChosenVoice
from softswitch.commands.running.voices import VARIANTS, Voices, choose_voice
from softswitch.commands.running.windows_voices import WINDOWS_VOICES, Sex, voice_wanted


def installed(name: str, language: str, description: str = "") -> InstalledVoice:
    return InstalledVoice(
        name=name, engine=name.partition(":")[0], language=language, description=description
    )


HERE = [
    installed("hibari:heart", "en-us", "American female"),
    installed("espeak:gmw/en", "en-gb", "English (Great Britain)"),
    installed("espeak:gmw/en-US", "en-us", "English (America)"),
    installed("espeak:gmw/de", "de", "German"),
    installed("espeak:roa/pt", "pt", "Portuguese (Portugal)"),
    installed("espeak:roa/pt-BR", "pt-br", "Portuguese (Brazil)"),
    installed("espeak:sit/cmn", "cmn", "Chinese (Mandarin)"),
]


@pytest.mark.parametrize(
    ("language", "voice", "chosen"),
    [
        ("", "heart", ("en-us", "hibari:heart")),
        ("", "HIBARI:heart", ("en-us", "hibari:heart")),
        ("", "espeak:", ("en-us", "espeak:gmw/en-US")),
        ("de", "espeak:", ("de", "espeak:gmw/de")),
        ("", "espeak:gmw/de", ("de", "espeak:gmw/de")),
        ("", "gmw/de+f2", ("de", "espeak:gmw/de+f2")),
        ("", "de", ("de", "espeak:gmw/de")),
        ("de-AT", "", ("de-at", None)),
        ("en_US", "", ("en-us", None)),
        ("en-UK", "", ("en-gb", None)),
        ("zh-CN", "", ("cmn", None)),
        ("German", "", ("de", None)),
        ("", "Microsoft Anna", ("en-us", "hibari:heart")),
        ("", "Anna", ("en-us", "hibari:heart")),
        ("", "Microsoft David Desktop", ("en-us", "espeak:gmw/en-US+m3")),
        ("", "Microsoft Hedda Desktop - German", ("de-de", "espeak:gmw/de+f3")),
        ("", "Microsoft Server Speech Text to Speech Voice (pt-BR, Heloisa)",
         ("pt-br", "espeak:roa/pt-BR+f3")),
        ("", "Microsoft Nobody (de-DE)", ("de-de", None)),
        ("de-de", "Microsoft Anna", ("de-de", "espeak:gmw/de+f3")),
        ("de", "male", ("de", "espeak:gmw/de+m3")),
        ("", "woman", (None, "hibari:heart")),
    ],
)  # fmt: skip
def test_what_speaks(language: str, voice: str, chosen: tuple[str | None, str | None]) -> None:
    assert choose_voice(HERE, language, voice) == ChosenVoice(*chosen)


@pytest.mark.parametrize(
    ("language", "voice", "chosen", "unknown"),
    [
        ("", "nobody", (None, None), {"Voice": "there is no voice 'nobody'"}),
        ("", "no:such", (None, None), {"Voice": "there is no voice 'no:such'"}),
        ("de", "nobody", ("de", None), {"Voice": "there is no voice 'nobody'"}),
        ("xx-yy", "", (None, None), {"Language": "no voice speaks 'xx-yy'"}),
        ("xx", "de", ("de", "espeak:gmw/de"), {"Language": "no voice speaks 'xx'"}),
        ("de", "heart", ("de", None), {"Voice": "the voice 'heart' does not speak 'de'"}),
        ("", "Microsoft Pattara", (None, None),
         {"Voice": "no voice speaks the language of 'Microsoft Pattara'"}),
        ("xx", "nobody", (None, None),
         {"Language": "no voice speaks 'xx'", "Voice": "there is no voice 'nobody'"}),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_and_another_voice_speaks(
    language: str,
    voice: str,
    chosen: tuple[str | None, str | None],
    unknown: dict[str, str],
) -> None:
    assert choose_voice(HERE, language, voice) == ChosenVoice(*chosen, tuple(unknown.items()))


@pytest.mark.parametrize("name", WINDOWS_VOICES)
def test_every_voice_of_windows_has_language_and_sex(name: str) -> None:
    language, sex = WINDOWS_VOICES[name]
    assert len(language) == 5
    assert sex in VARIANTS
    assert voice_wanted(f"Microsoft {name.capitalize()} Desktop") == (language, sex)


def test_a_name_in_a_sentence_is_no_voice_of_windows() -> None:
    assert voice_wanted("the voice of Anna") is None
    assert voice_wanted("Zira") == ("en-us", Sex.FEMALE)


def test_voices_are_asked_for_once_and_only_when_one_is_named() -> None:
    asked: list[bool] = []

    async def ask() -> Sequence[InstalledVoice]:
        asked.append(True)
        if len(asked) == 1:
            raise WorkerGone("no worker")
        return HERE

    async def story() -> None:
        voices = Voices(ask)
        assert await voices.choose(None, None) == ChosenVoice()
        assert not asked
        assert await voices.choose("de", "nobody") == ChosenVoice("de", "nobody")
        for _ in range(2):
            assert (await voices.choose("de", "nobody")).voice is None
        assert len(asked) == 2

    asyncio.run(story())


@pytest.mark.parametrize(
    ("language", "voice", "parameter", "sentence"),
    [
        ("de", "", "Language", "no voice speaks 'de'"),
        ("", "Microsoft (de-DE)", "Voice", "no voice speaks the language of 'Microsoft (de-DE)'"),
    ],
)
def test_where_most_languages_have_no_voice_the_cause_is_told(
    language: str, voice: str, parameter: str, sentence: str
) -> None:
    only_english = [each for each in HERE if each.engine != "espeak"]
    cause = "the program espeak-ng, which speaks all languages but English, is not installed"
    assert choose_voice(only_english, language, voice) == ChosenVoice(
        None, None, ((parameter, f"{sentence}: {cause}"),)
    )


@pytest.mark.parametrize(
    ("language", "chosen"),
    [
        ("de", ("de", "piper:thorsten")),
        ("de-AT", ("de-at", "piper:thorsten")),
        ("en-us", ("en-us", None)),
        ("", (None, None)),
    ],
)
def test_an_optional_engine_speaks_where_the_usual_ones_do_not(
    language: str, chosen: tuple[str | None, str | None]
) -> None:
    here = [each for each in HERE if each.engine != "espeak"] + [installed("piper:thorsten", "de")]
    assert choose_voice(here, language, "") == ChosenVoice(*chosen)
