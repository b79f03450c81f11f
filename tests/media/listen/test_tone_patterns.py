"""Fax tones, special information and beeps, from single tones and from sound."""

from __future__ import annotations

import numpy as np
import pytest

from media.listen.heard import PatternHeard, ToneEnded, ToneStarted
from media.listen.tone_listener import ToneListener
from media.listen.tone_patterns import PatternListener, TonePatterns
from media.play.tones import render
from media.signals.tone_table import named_tone
from tests.media.signals import Sound, a_law, hear, rows_of, silence, sine, to_int16


def patterns(sound: Sound) -> list[PatternHeard]:
    """What a leg tells of a sound that came through A-law."""
    sounds = rows_of([np.concatenate((silence(205.0), sound))], 500.0)
    (events,) = hear(lambda rows: PatternListener(rows, ToneListener(rows)), sounds, a_law)
    return [event for event in events if isinstance(event, PatternHeard)]


def names(sound: Sound) -> list[str]:
    return [pattern.pattern for pattern in patterns(sound)]


@pytest.mark.parametrize("hertz", [1100.0, 1065.0, 1135.0])
@pytest.mark.parametrize("length", [440.0, 500.0, 560.0])
def test_a_calling_fax(hertz: float, length: float) -> None:
    (pattern,) = patterns(sine(hertz, length, -20.0))
    assert pattern.pattern == "cng"
    assert pattern.ended_ms == pytest.approx(205 + length, abs=10)


def test_our_own_tones() -> None:
    cng = render(named_tone("cng")).samples.astype(float)
    assert names(cng) == ["cng"]
    assert names(render(named_tone("ced")).samples.astype(float)) == ["ced"]
    assert names(render(named_tone("sit")).samples.astype(float)) == ["sit"]


def test_an_answering_fax_is_told_while_it_sounds() -> None:
    told = patterns(sine(2100.0, 3000.0, -15.0))
    assert told == [PatternHeard(0, "ced", pytest.approx(1205.0, abs=10.0))]


def test_an_answering_modem_turns_its_phase() -> None:
    parts = [sine(2100.0, 450.0, -15.0, np.pi * (turn % 2)) for turn in range(7)]
    assert names(np.concatenate(parts)) == ["ced"]


def test_short_2100_hz_is_no_fax() -> None:
    assert names(sine(2100.0, 400.0)) == []


@pytest.mark.parametrize(
    "hertz", [(950.0, 1400.0, 1800.0), (913.8, 1370.6, 1776.7), (985.2, 1428.5, 1776.7)]
)
@pytest.mark.parametrize("lengths", [(330.0, 330.0, 330.0), (274.0, 274.0, 380.0)])
@pytest.mark.parametrize("pause", [0.0, 30.0])
def test_special_information(
    hertz: tuple[float, ...], lengths: tuple[float, ...], pause: float
) -> None:
    parts = [
        part
        for one, length in zip(hertz, lengths, strict=True)
        for part in (sine(one, length), silence(pause))
    ]
    assert names(np.concatenate(parts)) == ["sit"]


@pytest.mark.parametrize(("hertz", "length"), [(440.0, 500.0), (1000.0, 200.0), (1400.0, 900.0)])
def test_beeps(hertz: float, length: float) -> None:
    (pattern,) = patterns(sine(hertz, length))
    assert pattern.pattern == "beep"
    assert pattern.ended_ms == pytest.approx(205 + length, abs=10)


def test_falling_tones_are_not_special() -> None:
    parts = [sine(hertz, 330.0) for hertz in (1800.0, 1400.0, 950.0)]
    assert names(np.concatenate(parts)) == ["beep"]


def test_what_is_due_comes_when_it_is_due() -> None:
    leg = TonePatterns(3)
    assert leg.hear(ToneStarted(3, 1000.0, 100.0)) == []
    assert leg.hear(ToneEnded(3, 1000.0, 100.0, 200.0)) == []
    assert leg.deadline == 450.0
    assert leg.advance(449.0) == []
    assert leg.advance(450.0) == [PatternHeard(3, "beep", 300.0)]
    assert leg.advance(1000.0) == []


def test_rows_are_claimed_with_their_tones() -> None:
    tones = ToneListener(3)
    listener = PatternListener(3, tones)
    listener.claim(1)
    assert listener.listening.tolist() == [False, True, False]
    samples = to_int16(rows_of([sine(1100.0, 500.0)], 200.0))
    rows = np.array([1])
    told: list[object] = []
    for begin in range(0, samples.shape[1], 160):
        told += listener.feed_samples(rows, samples[:, begin : begin + 160])
    assert [type(event).__name__ for event in told] == ["ToneStarted", "ToneEnded", "PatternHeard"]
    listener.free(1)
    assert not tones.listening.any()
