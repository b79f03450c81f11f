"""Tones of the network: every country's cadences, and that speech has none."""

from __future__ import annotations

import numpy as np
import pytest

from media.listen.heard import ProgressHeard
from media.listen.progress import ProgressListener, recognise
from media.play.tones import render
from media.signals.tone_table import COUNTRIES, Tone
from tests.media.signals import Sound, a_law, hear, rows_of, silence, sine


def seconds_of(tone: Tone, seconds: float) -> Sound:
    """A tone for so long, begun somewhere within a tick."""
    wave = render(tone).samples.astype(float)
    repeated = np.tile(wave, int(seconds * 8000 / len(wave)) + 1)[: int(seconds * 8000)]
    return np.concatenate((silence(333.0), repeated))


def told(sounds: list[Sound], countries: list[str] | None = None) -> list[list[str]]:
    def make(count: int) -> ProgressListener:
        listener = ProgressListener(count)
        if countries:
            claim = listener.claim
            listener.claim = lambda row: claim(row, countries[row])  # type: ignore[method-assign]
        return listener

    noise = np.random.default_rng(1).normal(size=rows_of(sounds).shape) * 20
    return [
        [event.tone for event in events] for events in hear(make, rows_of(sounds) + noise, a_law)
    ]


@pytest.mark.parametrize("kind", ["ringback", "busy", "congestion"])
def test_tones_of_a_country_that_is_known(kind: str) -> None:
    names = list(COUNTRIES)
    sounds = [seconds_of(getattr(COUNTRIES[name], kind), 14.0) for name in names]
    wanted = {
        name: [
            "busy"
            if kind == "congestion" and COUNTRIES[name].busy == COUNTRIES[name].congestion
            else kind
        ]
        for name in names
    }
    # Australia's congestion differs from its busy tone by its level only.
    wanted["au"] = ["busy" if kind == "congestion" else kind]
    assert dict(zip(names, told(sounds, names), strict=True)) == wanted


def test_tones_of_a_country_that_is_not_known() -> None:
    regular = ["us", "de", "fr", "at", "ch", "nl", "ru", "jp", "in", "za", "cn"]
    busy = [seconds_of(COUNTRIES[name].busy, 6.0) for name in regular]
    assert told(busy) == [["busy"]] * len(regular)
    quick = ["us", "de", "fr", "eu", "at", "nl", "ru", "mx"]
    congestion = [seconds_of(COUNTRIES[name].congestion, 6.0) for name in quick]
    assert told(congestion) == [["congestion"]] * len(quick)
    ringback = [seconds_of(country.ringback, 14.0) for country in COUNTRIES.values()]
    assert told(ringback) == [["ringback"]] * len(COUNTRIES)


def test_dial_tones() -> None:
    steady = [name for name in COUNTRIES if name != "it"]
    sounds = [seconds_of(COUNTRIES[name].dial, 4.0) for name in steady]
    assert told(sounds) == [["dial"]] * len(steady)


def test_busy_behind_ringback() -> None:
    country = COUNTRIES["us"]
    sound = np.concatenate((seconds_of(country.ringback, 12.0), seconds_of(country.busy, 6.0)))
    assert told([sound]) == [["ringback", "busy"]]


def test_when_it_began() -> None:
    (events,) = hear(ProgressListener, rows_of([seconds_of(COUNTRIES["us"].busy, 6.0)]))
    assert events == [ProgressHeard(0, "busy", pytest.approx(333.0, abs=20.0))]


def test_speech_and_other_sounds_have_no_cadence() -> None:
    chance = np.random.default_rng(2)
    syllables = np.repeat(chance.random((4, 60)) < 0.5, 1600, axis=1)
    hum = sum(sine(120.0 * k, 12000.0, -12.0 - 3 * k, chance.random()) for k in range(1, 12))
    on_off = np.tile(np.concatenate((sine(1000.0, 500.0), silence(500.0))), 6)
    sounds = [*(hum * syllables), on_off, chance.normal(size=48000) * 3000]
    assert told(sounds) == [[]] * 6


def test_lengths() -> None:
    assert recognise([500, 500, 500, 500]) == "busy"
    assert recognise([500, 500]) is None
    assert recognise([500, 500, 500, 900]) is None
    assert recognise([250, 250, 250, 250]) is None
    assert recognise([250, 250, 250, 250, 250, 250]) == "congestion"
    assert recognise([250, 250, 250, 250], "se") == "busy"
    assert recognise([250, 750, 250, 750], "se") == "congestion"
    assert recognise([400, 200, 400, 2000], "uk") == "ringback"
    assert recognise([400, 2000, 400, 200], "uk") == "ringback"
    assert recognise([], "uk") is None


def test_a_country_that_is_not_in_the_table() -> None:
    with pytest.raises(KeyError):
        ProgressListener(1).claim(0, "xx")


def test_freed_rows() -> None:
    listener = ProgressListener(2)
    listener.claim(1)
    assert listener.listening.tolist() == [False, True]
    listener.free(1)
    assert not listener.listening.any()
