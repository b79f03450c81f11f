"""espeak-ng as a program beside us: what it leaves behind, and what is said where it is not."""

from __future__ import annotations

import os
import queue
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from media.speech.engine import SpeechError, Voice
from media.speech.espeak_engine import WAITING, EspeakEngine
from media.speech.service import Speech
from tests.system.media.test_speech_engines import said, seconds
from tests.system.program import until

TEXT = "Guten Tag, was kann ich für Sie tun?"


@pytest.fixture
def engine() -> Iterator[EspeakEngine]:
    engine = EspeakEngine()
    yield engine
    for process in engine._waiting.values():
        process.kill()
        process.communicate()


@pytest.fixture
def speech() -> Iterator[Speech]:
    speech = Speech()
    yield speech
    speech.close()


def samples(engine: EspeakEngine, voice: str, text: str = TEXT) -> int:
    return sum(len(sound) for sound in engine.synthesise(text, voice, ""))


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in listed]


def loads_espeak(pid: int) -> bool:
    return "libespeak" in Path(f"/proc/{pid}/maps").read_text()


def test_only_the_program_itself_loads_the_library(speech: Speech) -> None:
    said(speech, TEXT, language="de")
    process = speech._speaker("espeak")._process
    assert process is not None
    (waiting,) = children_of(process.pid)
    assert loads_espeak(waiting)
    assert Path(f"/proc/{waiting}/exe").resolve().name == "espeak-ng"
    assert not loads_espeak(process.pid)
    assert not loads_espeak(os.getpid())


async def test_what_waits_ends_with_the_process_that_it_waits_for(speech: Speech) -> None:
    said(speech, TEXT, language="de")
    process = speech._speaker("espeak")._process
    assert process is not None
    (waiting,) = children_of(process.pid)
    process.kill()
    await until(lambda: not Path(f"/proc/{waiting}/maps").exists() or not loads_espeak(waiting))


def test_the_same_text_sounds_alike_from_what_waited_and_what_is_new(engine: EspeakEngine) -> None:
    first, again = samples(engine, "de"), samples(engine, "de")
    assert first == again > engine.rate // 2


def test_what_waits_and_is_ended_by_somebody_is_started_anew(engine: EspeakEngine) -> None:
    samples(engine, "de")
    (waiting,) = engine._waiting.values()
    os.kill(waiting.pid, signal.SIGKILL)
    assert samples(engine, "de") > engine.rate // 2


def test_processes_wait_for_the_voices_of_late_alone(engine: EspeakEngine) -> None:
    names = [voice.name for voice in engine.voices()[: WAITING + 3]]
    for name in names:
        samples(engine, name, "1")
    assert list(engine._waiting) == names[3:]


def test_brackets_are_no_phonemes(engine: EspeakEngine) -> None:
    assert samples(engine, "de", "Eins [[h@loUh@loUh@loU]]") > samples(engine, "de", "Eins")


@pytest.mark.parametrize("text", ["-v en", "--version", "%s", "</speak>", "$(id)", "\\", "'\""])
def test_a_text_is_never_an_option(engine: EspeakEngine, text: str) -> None:
    assert samples(engine, "de", f"Eins {text} zwei") > samples(engine, "de", "Eins")
    samples(engine, "de", text)


def test_where_the_program_is_not_there_a_sentence_says_so(
    speech: Speech, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = "the program espeak-ng, which speaks all languages but English, is not installed"
    with pytest.raises(SpeechError, match=f"espeak cannot be used here: {missing}"):
        said(speech, TEXT, language="de")
    told: queue.Queue[list[Voice]] = queue.Queue()
    speech.voices(told.put, ["espeak"])
    assert told.get(timeout=20) == []


def test_english_is_spoken_without_it(
    speech: Speech, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert seconds(said(speech, "Hello.")) > 0.3
