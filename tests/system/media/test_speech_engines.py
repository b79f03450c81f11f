"""Real engines in real processes: a second for each to start, then milliseconds a sentence."""

from __future__ import annotations

import queue
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from media.speech import exchange, process, speaker
from media.speech.engine import SpeechError, Voice
from media.speech.service import Speech
from media.speech.speaker import Spoken

Heard = "queue.Queue[Spoken | SpeechError | None]"


@pytest.fixture(scope="module")
def speech() -> Iterator[Speech]:
    speech = Speech()
    yield speech
    speech.close()


def said(speech: Speech, text: str, **how: object) -> list[Spoken]:
    """Speak and wait; raises what went wrong."""
    heard: queue.Queue[Spoken | SpeechError | None] = queue.Queue()
    speech.speak(text, heard.put, **how)  # type: ignore[arg-type]
    sentences = []
    while (one := heard.get(timeout=20)) is not None:
        if isinstance(one, SpeechError):
            raise one
        sentences.append(one)
    return sentences


def seconds(sentences: list[Spoken], rate: int = 8000) -> float:
    return sum(len(one.samples) for one in sentences) / rate


def test_english_is_spoken_sentence_by_sentence(speech: Speech) -> None:
    sentences = said(speech, "Welcome to the hotline. Please hold the line.")
    assert [one.key[0] for one in sentences] == ["hibari", "hibari"]
    assert [one.key[4] for one in sentences] == ["Welcome to the hotline.", "Please hold the line."]
    assert 2 < seconds(sentences) < 6
    assert max(int(np.abs(one.samples).max()) for one in sentences) > 3000


def test_what_was_said_before_comes_from_the_cache(speech: Speech) -> None:
    first, again = (said(speech, "The cache remembers this.")[0] for _ in range(2))
    assert again.key == first.key
    assert again.samples is first.samples


@pytest.mark.parametrize("language", ["de", "HU", "pt_BR", "fr-fr", "en-gb"])
def test_other_languages_and_wide_rows(speech: Speech, language: str) -> None:
    sentences = said(speech, "Hallo 123.", language=language, rate=16_000, voice="espeak:")
    assert sentences[0].key[0] == "espeak"
    assert 0.5 < seconds(sentences, 16_000) < 4


def test_a_language_other_than_english_goes_to_espeak(speech: Speech) -> None:
    assert said(speech, "Guten Tag.", language="de")[0].key[0] == "espeak"


@pytest.mark.parametrize("voice", ["heart", "hibari:heart", "hibari:", "espeak:gmw/en-GB-scotland"])
def test_voices_by_name(speech: Speech, voice: str) -> None:
    assert seconds(said(speech, "Hello.", voice=voice)) > 0.3


def test_a_voice_of_another_engine_is_found(speech: Speech) -> None:
    assert said(speech, "Hello.", voice="Hungarian")[0].key[0] == "espeak"


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ({"voice": "Microsoft Anna"}, "has no voice 'Microsoft Anna'"),
        ({"voice": "hibari:nobody"}, "hibari has no voice 'nobody'; it has heart"),
        ({"voice": "festival:slt"}, "there is no speech engine 'festival'"),
        ({"language": "xx"}, "does not speak the language 'xx'"),
    ],
)
def test_what_is_not_there_is_named(speech: Speech, how: dict[str, str], cause: str) -> None:
    with pytest.raises(SpeechError, match=cause):
        said(speech, "Hello.", **how)


def test_a_text_that_the_voice_has_no_sounds_for_is_no_silence(speech: Speech) -> None:
    with pytest.raises(SpeechError, match="'heart' speaks English and has no sounds for '你好'"):
        said(speech, "你好")
    assert seconds(said(speech, "你好", language="zh")) > 0.3
    assert seconds(said(speech, "Press α or 1.")) > 0.5


def test_a_bad_text_is_refused_at_once(speech: Speech) -> None:
    with pytest.raises(SpeechError, match="U\\+0007"):
        speech.speak("ding \a dong", lambda _: None)


def test_voices_are_listed(speech: Speech) -> None:
    told: queue.Queue[list[Voice]] = queue.Queue()
    speech.voices(told.put, ["hibari", "espeak"])
    voices = told.get(timeout=20)
    assert voices[0].full_name == "hibari:heart"
    assert {"de", "hu", "fr-fr"} <= {voice.language for voice in voices}


def test_a_long_text_does_not_keep_a_short_one_waiting(speech: Speech) -> None:
    order: queue.Queue[str] = queue.Queue()
    long = " ".join(f"This is sentence {number} of many." for number in range(30))
    speech.speak(long, lambda one: order.put("long" if one else "end"))
    speech.speak("A short one in between.", lambda one: order.put("short" if one else "over"))
    heard = [order.get(timeout=20) for _ in range(6)]
    assert "short" in heard


def test_what_is_kept_waits_for_nobody(speech: Speech) -> None:
    said(speech, "This is there already. And so is this.")
    long = " ".join(f"Nobody has said sentence {number} before." for number in range(30))
    others = speech.speak(long, lambda _: None)
    heard: list[Spoken | SpeechError | None] = []
    speech.speak("This is there already. And so is this.", heard.append)
    assert [one and one.key[4] for one in heard if not isinstance(one, SpeechError)] == [
        "This is there already.",
        "And so is this.",
        None,
    ]
    others.cancel()


def test_a_text_begins_with_what_is_kept_and_goes_on_in_order(speech: Speech) -> None:
    said(speech, "Kept at first. Kept at last.")
    sentences = said(speech, "Kept at first. New in the middle. Kept at last.")
    assert [one.key[4] for one in sentences] == [
        "Kept at first.",
        "New in the middle.",
        "Kept at last.",
    ]


def test_a_cancelled_utterance_says_no_more(speech: Speech) -> None:
    heard: queue.Queue[Spoken | SpeechError | None] = queue.Queue()
    utterance = speech.speak("One now. Two then. Three later. Four at the end.", heard.put)
    heard.get(timeout=20)
    utterance.cancel()
    said(speech, "Something else.")
    assert heard.qsize() <= 2


def test_strange_texts_are_spoken_or_refused_but_break_nothing(speech: Speech) -> None:
    for text in (
        "<speak><break/></speak>",
        "[[h@loU]]",
        "💩 ok",
        "ａ１",
        "x" * 300,
        "% %%",
        "日本語",
        "%s %n",
    ):
        for voice in ("hibari:", "espeak:"):
            try:
                said(speech, text, voice=voice)
            except SpeechError as error:
                assert str(error)
    assert seconds(said(speech, "Still here.")) > 0.3


def test_an_engine_that_dies_is_started_again(speech: Speech) -> None:
    said(speech, "Before the crash.", voice="espeak:")
    running = speech._speaker("espeak")._process
    assert running is not None
    running.kill()
    running.wait()
    with pytest.raises(SpeechError, match="the speech engine espeak died"):
        said(speech, "During the crash.", voice="espeak:")
    assert seconds(said(speech, "After the crash.", voice="espeak:")) > 0.3


def test_another_engine_speaks_where_the_first_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A process that ends at once, as one whose package is missing does.
    start = speaker._start
    monkeypatch.setattr(
        speaker, "_start", lambda engine: start("none such" if engine == "hibari" else engine)
    )
    speech = Speech()
    try:
        assert said(speech, "Hello.")[0].key[0] == "espeak"
        with pytest.raises(SpeechError, match="cannot be used here"):
            said(speech, "Hello.", voice="hibari:heart")
    finally:
        speech.close()
    with pytest.raises(SpeechError, match="speech is over"):
        speech.speak("Hello.", print)


def test_a_stuck_engine_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker, "ANSWER_S", 0.2)
    stuck = (
        "import sys, time; from media.speech import exchange;"
        "exchange.send(sys.stdout.buffer, exchange.EngineHello()); time.sleep(60)"
    )
    real = speaker.subprocess.Popen
    monkeypatch.setattr(
        speaker.subprocess,
        "Popen",
        lambda _command, **how: real([sys.executable, "-c", stuck], **how),
    )
    speech = Speech()
    try:
        with pytest.raises(SpeechError, match="did not answer within"):
            said(speech, "Hello.", voice="espeak:")
    finally:
        speech.close()


def test_pyttsx3_where_it_is_installed(speech: Speech) -> None:
    pytest.importorskip("pyttsx3")
    sentences = said(
        speech,
        "Hello from number 3. This is longer, so that it takes a while to write.",
        voice="pyttsx3:",
    )
    assert len(sentences) == 2
    assert all(seconds([one]) > 0.5 for one in sentences)
    with pytest.raises(SpeechError, match="pyttsx3 has no voice 'nobody'"):
        said(speech, "Hello.", voice="pyttsx3:nobody")


def test_piper_says_what_it_misses(speech: Speech, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOFTSWITCH_PIPER_VOICES", raising=False)
    with pytest.raises(SpeechError, match="piper cannot be used here"):
        said(speech, "Hello.", voice="piper:")


def test_an_engine_that_raises_is_answered_for() -> None:
    class Broken:
        name, rate = "broken", 8000

        def voices(self) -> list[Voice]:
            return []

        def synthesise(self, text: str, voice: str | None, language: str) -> Iterator[np.ndarray]:
            raise ZeroDivisionError(text)

    said = process.answer(Broken(), exchange.Say("x", None, "en", 8000))
    assert said.error == "the speech engine broken failed"
