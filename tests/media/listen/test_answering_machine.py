"""Humans and machines, by what their greetings are like."""

from __future__ import annotations

import numpy as np

from media.listen.answering_machine import AnsweringMachineListener, MachineLimits
from media.listen.heard import AnswererHeard
from tests.media.signals import Sound, hear, rows_of, silence


def speech(*lengths: float, level: float = 1500.0, floor: float = 20.0) -> Sound:
    """Words and pauses in turn, in ms, with line noise: silence, word, pause, word ..."""
    chance = np.random.default_rng(1)
    parts = []
    for place, length in enumerate(lengths):
        noise = chance.normal(size=round(length * 8))
        parts.append(noise * (level if place % 2 else floor))
    return np.concatenate(parts)


def judged(*sounds: Sound) -> list[tuple[str, str]]:
    events = hear(AnsweringMachineListener, rows_of(sounds))
    assert all(len(answers) <= 1 for answers in events)
    return [(a.by, a.reason) for answers in events for a in answers]


def test_a_word_and_a_wait_is_a_human() -> None:
    hello = speech(400, 450, 2000)
    name = speech(300, 350, 100, 400, 80, 300, 2000)
    assert judged(hello, name) == [("human", "a short greeting")] * 2


def test_a_long_greeting_is_a_machine() -> None:
    greeting = speech(600, 900, 150, 1200, 200, 1500, 2000)
    assert judged(greeting) == [("machine", "a long greeting")]


def test_many_words_are_a_machine() -> None:
    words = speech(300, *[120, 100] * 8, 2000)
    assert judged(words) == [("machine", "many words")]


def test_nothing_is_a_machine() -> None:
    assert judged(speech(6000)) == [("machine", "nothing was said")]


def test_clicks_are_no_words() -> None:
    clicks = speech(200, *[60, 300] * 12, 3000)
    assert judged(clicks) == [("machine", "nothing was said")]


def test_neither() -> None:
    slow = speech(2400, 200, 700, 200, 700, 150, 700, 150, 2000)
    assert judged(slow) == [("unknown", "neither short nor long")]


def test_times_and_rows() -> None:
    (answers,) = hear(AnsweringMachineListener, rows_of([speech(400, 400, 2000)]))
    assert answers == [AnswererHeard(0, "human", "a short greeting", 1600.0)]


def test_limits_can_be_set_and_rows_be_freed() -> None:
    listener = AnsweringMachineListener(2, MachineLimits(initial_silence=60.0))
    listener.claim(0)
    listener.claim(1)
    listener.free(1)
    told = []
    for _ in range(5):
        rows = np.flatnonzero(listener.listening)
        told += listener.feed_samples(rows, np.zeros((len(rows), 160), np.int16))
    assert [(answer.row, answer.at_ms) for answer in told] == [(0, 60.0)]
    assert silence(20.0).shape == (160,)
