"""What callers of a queue are told: few sentences, in every language."""

from __future__ import annotations

import pytest

from softswitch.calls.queues.phrases import PHRASES, phrases_of, place, wait

ENGLISH = phrases_of("en")


@pytest.mark.parametrize(
    ("position", "told"),
    [
        (1, "You are next in line."),
        (2, "You are number 2 in line."),
        (20, "You are number 20 in line."),
        (21, "At least 20 callers are in line before you."),
        (200, "At least 20 callers are in line before you."),
    ],
)
def test_places_are_told_up_to_a_limit(position: int, told: str) -> None:
    assert place(ENGLISH, position, 20) == told


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        (0, "in about a minute"),
        (1.4, "in about a minute"),
        (1.5, "in about 2 minutes"),
        (10.4, "in about 10 minutes"),
        (12.4, "in about 10 minutes"),
        (12.5, "in about 15 minutes"),
        (36, "in about 40 minutes"),
        (60, "in about 60 minutes"),
        (60.1, "in more than an hour"),
        (900, "in more than an hour"),
    ],
)
def test_waiting_times_are_rounded_the_more_the_longer_they_are(minutes: float, told: str) -> None:
    assert wait(ENGLISH, minutes * 60).endswith(f"{told}.")


@pytest.mark.parametrize("language", PHRASES)
def test_a_long_queue_needs_few_sentences(language: str) -> None:
    phrases = PHRASES[language]
    places = {place(phrases, position, 20) for position in range(1, 10_000)}
    waits = {wait(phrases, seconds) for seconds in range(100_000)}
    assert len(places) == 21
    assert len(waits) == 18
    assert not any("{" in told for told in places | waits)
